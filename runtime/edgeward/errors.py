"""Every error the runtime raises on purpose.

One tree under `EdgewardError`; each class ends in Error and carries a text for a human in
`diagnostics()`: what was found, where it came from, what would have been accepted.
"""

from collections.abc import Iterable, Sequence


class EdgewardError(Exception):
    """Base of every error the runtime raises on purpose."""

    def diagnostics(self) -> str:
        """The text a person is shown, without a traceback."""
        return str(self)


class StreamError(EdgewardError):
    """Samples were offered that a stream cannot take: wrong index, rate, shape or channel."""


class LimitError(EdgewardError):
    """A limit was reached; the message names it and says what would be accepted."""


class ModelError(EdgewardError):
    """A model cannot be loaded or does not do what its card says."""


class PackageError(ModelError):
    """A model package is refused. Carries every fault found; nothing was activated."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep each fault; a single text is one."""
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))


class StoreError(EdgewardError):
    """The disk refused: full, read-only or unreadable. Nothing is half written."""


class FullError(StoreError):
    """There is no room left, on the disk or in what may be taken of it."""


class DamagedError(StoreError):
    """What lies on the disk is not what was written there."""


class SealError(EdgewardError):
    """A record cannot be sealed or opened: it was changed, or its key is not in the keyring."""


class AlteredError(SealError):
    """What was opened is not what was sealed under its name: its key is there, and refuses it."""


class TrustError(EdgewardError):
    """A peer, a certificate or a statement is not believed. Says which, and why."""


class DeliveryError(EdgewardError):
    """A receiver did not take what it was sent; nothing of it may be deleted."""


class LinkClosedError(EdgewardError):
    """The peer has ended the connection."""


class LineTooLongError(EdgewardError):
    """The peer sent a line over the limit; it was discarded up to its newline."""


class ScheduleError(EdgewardError):
    """Tasks cannot be analysed as they are described. Carries every fault found."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep each fault."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class RuleError(EdgewardError):
    """Rules cannot be used as they are written. Carries every fault found."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep each fault."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class AlarmError(EdgewardError):
    """The alarm system refuses what it was asked: an action, a limit, an entry. Carries each fault.

    A refusal never takes an alarm away and never keeps one from being raised.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep each fault; a single text is one."""
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))


class GatewayError(EdgewardError):
    """The gateway refuses what it was asked about a device or a patient. Carries each fault."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep each fault; a single text is one."""
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))


class InDoubtError(GatewayError):
    """It may or may not be on the disk. It is written again before anything else is."""
