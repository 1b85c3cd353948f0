"""The bench around one device: unit, profile, seed and sample sizes."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward.profile import Profile
from edgeward_harness.errors import HarnessError
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import Unit

if TYPE_CHECKING:  # imported when a device is opened
    from edgeward_harness.rig.models import BenchModel
    from edgeward_harness.rig.recordings.library import Library
    from edgeward_harness.target import DeviceSession

Progress = Callable[[int, int], None]


def no_progress(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Rig:
    """What a suite may ask of the bench. Everything random in a case comes from `seed`."""

    profile: Profile
    unit: Unit
    run_seed: int
    sample_sizes: Mapping[str, int]
    progress: Progress = no_progress
    library: "Library | None" = None
    device_context: dict[str, Any] | None = field(default=None)
    """The device the latest measurements rest on, as it will stand in their records."""

    @contextmanager
    def open_device(
        self,
        *,
        simulated_clock: bool = False,
        state: Path | None = None,
        before: tuple[str, ...] = (),
        wall_ns: int | None = None,
    ) -> "Iterator[DeviceSession]":
        """Start the unit under the profile's limits; it is gone when the block ends.

        With `simulated_clock` it is the unit's simulated build, for a case that needs the fixture
        `simulated-clock`: time passes only when it is told to, and says nothing about speed. A
        process can be given a folder for its state, which stays, and words before its command; a
        simulated build the wall time at which it is started for the first time.

        Raises:
            Finding: the device did not keep the protocol while starting.
            HarnessError: the unit could not be started at all.
        """
        from edgeward_harness.target import open_device
        from edgeward_harness.target.process import STATE_FOLDER
        from edgeward_harness.target.session import STARTUP_S

        startup_s = max(STARTUP_S, 2 * self.profile.budget.startup_ms / 1e3)
        hint = "simulated" if simulated_clock else None
        unit = replace(self.unit, command=(*before, *self.unit.command)) if before else self.unit
        if state is not None:
            kept = {**unit.environment, STATE_FOLDER: str(state)}
            unit = replace(unit, environment=kept)
        opened = open_device(
            unit, self.profile, clock_hint=hint, startup_s=startup_s, wall_ns=wall_ns
        )
        with opened as device:
            device.configure(self.profile.to_dict(), self.profile.sha256)
            self.device_context = context_of(device)
            yield device

    def samples(self, case: str) -> int:
        """How many observations the plan asks of a case at this depth.

        Raises:
            HarnessError: the plan names no sample size for it.
        """
        if case not in self.sample_sizes:
            known = ", ".join(sorted(self.sample_sizes)) or "none"
            raise HarnessError(f"{case} has no sample size in its test plan (known: {known})")
        return self.sample_sizes[case]

    @property
    def recordings(self) -> "Library":
        """The recordings of patients, for a case that needs one of their fixtures.

        Raises:
            HarnessError: none are at hand, whatever the bench says.
        """
        if self.library is None:
            raise HarnessError("no recordings are at hand: name their folder with --recordings DIR")
        return self.library

    def model(self, role: Role) -> "BenchModel":
        """A model that the bench knows of, for a case that needs one of their fixtures.

        Raises:
            InputError: its file cannot be used.
            HarnessError: the bench knows none in this role.
        """
        from edgeward_harness.rig.models import open_model

        if role not in self.unit.models:
            raise HarnessError(f"the bench of {self.unit.name} names no model as {role.value}")
        return open_model(self.unit.models[role])

    def seed(self, label: str) -> int:
        """A seed of its own for each use, from the one integer that replays the run."""
        material = f"{self.run_seed}:{label}".encode()
        return int.from_bytes(hashlib.sha256(material).digest()[:6], "big")


def context_of(device: "DeviceSession") -> dict[str, Any]:
    """What a record says of the device: its own description and what the bench enforced on it."""
    described = {key: value for key, value in device.description.items() if key != "clock"}
    described["clock"] = {"simulated": bool(device.description["clock"]["simulated"])}
    return {
        "device": described,
        "realization": str(device.realization),
        "enforcement": [
            {"what": e.what, "asked": e.asked, "enforced": e.enforced, "how": e.how}
            for e in device.enforcement
        ],
        "scheduler": next(
            (e.how for e in device.enforcement if e.what == "scheduling policy"), "not observed"
        ),
    }
