"""Which device shows which patient: changed by an operator, on a thread that may wait for a disk.

Rules:
1. The clinical thread says where each stream of a device is, and holds its samples back from
   everybody; the change goes to the disk; then the clinical thread is told whose they are.
2. What is refused leaves all as it was. What may be on the disk or not is written again before
   anything else is asked for; until then the samples are nobody's, which is told.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from edgeward.device.answers import Result
from edgeward.device.daemon.asked import Asked
from edgeward.device.daemon.patients import Patients
from edgeward.device.parameters import Parameter, read_parameters, text
from edgeward.device.rpc import Code, Request, RpcError
from edgeward.errors import GatewayError, InDoubtError, StoreError, StreamError
from edgeward.gateway.association import Associations
from edgeward.limits import DEFAULT

_Change = tuple[str, str | None, dict[str, int]]
"""A device, whose it is, and from which samples on."""
_NAME = text(DEFAULT.stream_name_chars_max)
_DEVICE, _PATIENT, _BY = (Parameter(name, _NAME) for name in ("device", "patient", "by"))


class Registry:
    """Answers what is asked about devices and patients; the rest goes on to the clinical thread."""

    def __init__(self, associations: Associations, asked: Asked, patients: Patients) -> None:
        """Change these associations, and tell the clinical thread."""
        self._associations = associations
        self.asked = asked
        """What goes to the clinical thread."""
        self._patients = patients
        self._doubt: list[_Change] = []
        self._methods: dict[str, tuple[tuple[Parameter, ...], Callable[..., None]]] = {
            "patient.associate": ((_DEVICE, _PATIENT, _BY), self._associate),
            "patient.transfer": ((_DEVICE, _PATIENT, _BY), self._transfer),
            "patient.dissociate": ((_DEVICE, _BY), self._dissociate),
            "patient.swap": ((_DEVICE, Parameter("other", _NAME), _BY), self._swap),
            "patient.discharge": ((_PATIENT, _BY), self._discharge),
        }

    def ask(self, request: Request) -> Result:
        """Answer a request.

        Raises:
            RpcError: it is refused.
            LimitError: too many patients.
        """
        found = self._methods.get(request.method)
        if found is None:
            return self.asked.ask(request)
        parameters, act = found
        given = read_parameters(parameters, request.params)
        try:
            self._settle_doubt()
            act(**given)
        except (GatewayError, StreamError) as error:
            said = "; ".join(str(error).split("\n"))
            raise RpcError(Code.REFUSED, said, request_id=request.id) from error
        return {}

    def _associate(self, device: str, patient: str, by: str) -> None:
        (at,) = self._hold(device)
        self._commit(
            [(device, patient, at)],
            lambda: self._associations.associate(device, patient, at, who=by),
        )

    def _transfer(self, device: str, patient: str, by: str) -> None:
        (at,) = self._hold(device)
        self._commit(
            [(device, patient, at)],
            lambda: self._associations.transfer(device, patient, at, who=by),
        )

    def _dissociate(self, device: str, by: str) -> None:
        (at,) = self._hold(device)
        self._commit(
            [(device, None, at)], lambda: self._associations.dissociate(device, at, who=by)
        )

    def _swap(self, device: str, other: str, by: str) -> None:
        known = self._associations
        at, other_at = self._hold(device, other)
        changes = [
            (device, known.patient_of(other), at), (other, known.patient_of(device), other_at),
        ]  # fmt: skip
        self._commit(changes, lambda: known.swap(device, at, other, other_at, who=by))

    def _discharge(self, patient: str, by: str) -> None:
        self._clinically(lambda: self._patients.discharge(patient, by))

    def _hold(self, *devices: str) -> list[dict[str, int]]:
        """Hold all of them back, or none."""
        found: list[dict[str, int]] = []

        def hold() -> None:
            try:
                found.extend(self._patients.hold(one) for one in devices)
            except StreamError:
                self._release(devices)
                raise

        self._clinically(hold)
        return found

    def _commit(self, changes: list[_Change], write: Callable[[], None]) -> None:
        """Rule 2."""
        try:
            write()
        except InDoubtError:
            self._doubt = changes
            raise
        except GatewayError:
            self._clinically(lambda: self._release(one for one, _, _ in changes))
            raise
        self._settle(changes)

    def _settle_doubt(self) -> None:
        if self._doubt:
            self._associations.settle()
            changes, self._doubt = self._doubt, []
            self._settle(changes)

    def _settle(self, changes: list[_Change]) -> None:
        """All of it between two blocks."""

        def settle() -> None:
            for device, patient, at in changes:
                self._patients.settle(device, patient, at)

        self._clinically(settle)
        with suppress(StoreError):  # not urgent: it is tried again after the next change
            self._associations.tidy()

    def _release(self, devices: Iterable[str]) -> None:
        for one in devices:
            self._patients.release(one)

    def _clinically(self, act: Callable[[], Any]) -> None:
        def done() -> Result:
            act()
            return {}

        self.asked.do(done)
