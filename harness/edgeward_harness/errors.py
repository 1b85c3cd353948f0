"""Who is at fault: the device (`Finding`), nobody (`CannotJudge`), or us (`HarnessError`).

The three never mix. A finding is an assertion about the device; a harness error is never counted
for or against it; a case that cannot be judged is not evidence of anything.
"""

from collections.abc import Mapping, Sequence


class HarnessError(Exception):
    """The harness, its input or its host failed; the device is not to blame."""

    def diagnostics(self) -> str:
        """The text a person is shown, without a traceback."""
        return str(self)


class InputError(HarnessError):
    """A file or option given by the user is wrong. Carries every fault found, not the first one."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        """Keep the source read and each fault: path, value found, what would be accepted."""
        self.source = source
        self.faults = tuple(faults)
        super().__init__(self.diagnostics())

    def diagnostics(self) -> str:
        """One line per fault under the source they were found in."""
        lines = [f"{self.source}: {len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"]
        return "\n".join([*lines, *(f"  - {fault}" for fault in self.faults)])


class CannotJudge(Exception):  # noqa: N818 - not an error: a verdict that the host did not allow
    """The observation failed its criterion, but the host was disturbed enough to explain it."""


class Finding(AssertionError):  # noqa: N818 - a finding is a verdict, not a breakdown
    """The device broke a promise. Carries what a reviewer needs to see it."""

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        attachments: Mapping[str, bytes] | None = None,
    ) -> None:
        """Keep a one-line title, the observed detail and raw attachments (such as a transcript)."""
        self.title = title
        self.detail = detail
        self.attachments: dict[str, bytes] = dict(attachments or {})
        super().__init__(f"{title}\n{detail}" if detail else title)
