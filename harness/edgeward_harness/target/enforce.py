"""Holding a device process to its profile, and saying truly how far that went.

What can be applied before the program starts is handed to the launcher as words (see `launch`);
after the start every limit is read back from outside. `Enforcement.enforced` is true only for what
was read back; everything else says why not.
"""

import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edgeward.profile import Profile
from edgeward_harness.target.cgroup import Group, here, quota_for
from edgeward_harness.target.driver import Enforcement

_BYTES_PER_MB: Final = 1 << 20
_ADDRESS_SPACE_MB_MIN: Final = 1024
"""Programs reserve far more addresses than they use (an inference runtime some 500 MB before it
does anything), so a tighter limit on the address space would end an innocent device."""

_OUTSIDE: Final = "the process is not in its group"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a profile asks of the host; None where there is nothing to hold to."""

    cores: int | None = None
    cpu_share_percent: float | None = None
    memory_mb: int | None = None
    fifo_priority: int | None = None
    policy: str | None = None
    architecture: str | None = None
    beyond: tuple[tuple[str, str, str], ...] = ()
    """Properties that a host does not give to a process: name, value, and why not."""


def asked_by(profile: Profile) -> Asked:
    """What a device profile asks of the host."""
    compute = profile.compute
    fifo = compute.scheduling_policy.value == "fifo"
    return Asked(
        cores=compute.cores,
        cpu_share_percent=compute.cpu_share_percent,
        memory_mb=profile.memory.ram_mb,
        fifo_priority=compute.scheduling_priority if fifo else None,
        policy=compute.scheduling_policy.value,
        architecture=profile.device.architecture.value,
        beyond=beyond_any_host(profile),
    )


def unenforced(asked: Asked, why: str) -> tuple[Enforcement, ...]:
    """What was asked, none of it held, for this one reason."""
    rows = [
        ("cores", _cores_asked(asked)),
        ("cpu share", _share_asked(asked)),
        ("memory", _memory_asked(asked)),
        ("scheduling policy", _policy_asked(asked)),
        ("architecture", f"{asked.architecture}"),
        *((what, value) for what, value, _ in asked.beyond),
    ]
    return tuple(Enforcement(what, value, enforced=False, how=why) for what, value in rows)


def _cores_asked(asked: Asked) -> str:
    return f"{asked.cores} {'core' if asked.cores == 1 else 'cores'}"


def _share_asked(asked: Asked) -> str:
    return f"{asked.cpu_share_percent:g} % of {_cores_asked(asked)}"


def _memory_asked(asked: Asked) -> str:
    return f"{asked.memory_mb} MB"


def _policy_asked(asked: Asked) -> str:
    return f"fifo, priority {asked.fifo_priority}" if asked.fifo_priority else f"{asked.policy}"


def beyond_any_host(profile: Profile) -> tuple[tuple[str, str, str], ...]:
    """What a profile says that a process is not given: name, value, and why not."""
    gflops, power_mw = profile.compute.performance_gflops, profile.power.budget_mw
    bandwidth_kbps = profile.network.bandwidth_kbps
    return (
        ("performance", f"{gflops:g} GFLOPS", "the cores run at the speed of this host"),
        ("storage", f"{profile.storage.capacity_mb} MB", "it writes to the disk of this host"),
        ("power", f"{power_mw:g} mW", "the host neither limits nor measures what it draws"),
        ("network", f"{bandwidth_kbps:g} kbit/s", "it uses the network of this host, unshaped"),
    )


class Hold:
    """What one device process is held to: prepared before its start, read back after it."""

    def __init__(self, asked: Asked) -> None:
        """Make the control groups that are needed and set their limits."""
        self._asked = asked
        self._allowed = sorted(os.sched_getaffinity(0))
        self._chosen = self._allowed[: asked.cores] if asked.cores else self._allowed
        self._how: dict[str, str] = {}
        self._why_not: dict[str, str] = {}
        wanted = [
            *(["cpu"] if self._cpu_time < len(self._chosen) else []),
            *(["memory"] if asked.memory_mb else []),
        ]
        self.group = Group(wanted, here() if wanted else {})
        self._why_not.update(self.group.reasons)
        self._prepare_groups()

    @property
    def _cpu_time(self) -> float:
        """Processor time per time, in cores."""
        share = 100.0 if self._asked.cpu_share_percent is None else self._asked.cpu_share_percent
        return (self._asked.cores or len(self._allowed)) * share / 100.0

    @property
    def memory_limit(self) -> str:
        """The memory limit, for whoever tells of an out-of-memory kill."""
        return f"{self._asked.memory_mb} MB"

    def _prepare_groups(self) -> None:
        if self.group.has("memory") and self._asked.memory_mb:
            self._try("memory", lambda: self.group.limit_memory(self._memory_bytes))
        if self.group.has("cpu"):
            self._try("cpu", lambda: self.group.limit_cpu(*quota_for(self._cpu_time)))
            if self._asked.fifo_priority is not None:
                share = self._cpu_time / len(self._chosen)
                self._try("realtime", lambda: self.group.allow_realtime(share))

    def _try(self, what: str, limit: Callable[[], str]) -> None:
        try:
            self._how[what] = limit()
        except OSError as error:
            self._why_not[what] = str(error.strerror)

    @property
    def _memory_bytes(self) -> int:
        return (self._asked.memory_mb or 0) * _BYTES_PER_MB

    @property
    def _address_space_bytes(self) -> int:
        """The fallback where memory has no control group; 0 where it has, or nothing is asked."""
        if not self._asked.memory_mb or "memory" in self._how:
            return 0
        return max(self._memory_bytes, _ADDRESS_SPACE_MB_MIN * _BYTES_PER_MB)

    def words(self) -> list[str]:
        """The launcher's words, in the order they must be applied: real time needs its group."""
        words = [f"group={folder}" for folder in self.group.folders]
        if self._asked.cores:
            words.append("cores=" + ",".join(map(str, self._chosen)))
        if self._address_space_bytes:
            words.append(f"memory={self._address_space_bytes}")
        if self._asked.fifo_priority is not None:
            words.append(f"fifo={self._asked.fifo_priority}")
        return words

    def read_back(self, pid: int, refused: Mapping[str, str]) -> tuple[Enforcement, ...]:
        """What the running process is held to; `refused` is what the launcher could not apply.

        Raises:
            ProcessLookupError: the process has ended.
        """
        told = [
            self._cores(pid, refused),
            self._share(pid, refused),
            self._memory(pid, refused),
            self._policy(pid, refused),
            self._architecture(),
        ]
        beyond = [
            Enforcement(what, value, enforced=False, how=why)
            for what, value, why in self._asked.beyond
        ]
        return (*(row for row in told if row is not None), *beyond)

    def _cores(self, pid: int, refused: Mapping[str, str]) -> Enforcement | None:
        if not self._asked.cores:
            return None
        found = sorted(os.sched_getaffinity(pid))
        listed = ", ".join(map(str, found))
        held = found == self._chosen and len(found) == self._asked.cores
        if held:
            how = f"sched_setaffinity: {listed}"
        elif found == self._chosen:
            how = f"this host offers {len(found)}; affinity {listed}"
        else:
            how = refused.get("cores", f"the affinity reads {listed}")
        return Enforcement("cores", _cores_asked(self._asked), enforced=held, how=how)

    def _share(self, pid: int, refused: Mapping[str, str]) -> Enforcement | None:
        if self._asked.cpu_share_percent is None:
            return None
        held = False
        if self._cpu_time > len(self._chosen):
            how = f"this host offers {len(self._chosen)} in all"
        elif self._cpu_time == len(self._chosen):
            held, how = True, "all of it: nothing to hold"
        elif "cpu" in self._how and self.group.holds("cpu", pid):
            held, how = True, self._how["cpu"]
        else:
            how = self._why_not.get("cpu") or refused.get("group", _OUTSIDE)
        return Enforcement("cpu share", _share_asked(self._asked), enforced=held, how=how)

    def _memory(self, pid: int, refused: Mapping[str, str]) -> Enforcement | None:
        if not self._asked.memory_mb:
            return None
        host_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE") // _BYTES_PER_MB
        if host_mb < self._asked.memory_mb:
            held, how = False, f"this host has {host_mb} MB in all"
        elif "memory" in self._how:
            held = self.group.holds("memory", pid)
            how = self._how["memory"] if held else refused.get("group", _OUTSIDE)
        else:
            held, how = self._address_space(pid, refused)
        return Enforcement("memory", _memory_asked(self._asked), enforced=held, how=how)

    def _address_space(self, pid: int, refused: Mapping[str, str]) -> tuple[bool, str]:
        """The fallback is another mechanism, and where it had to be looser it enforces nothing."""
        why = self._why_not.get("memory", "no memory control group")
        limit_bytes = resource.prlimit(pid, resource.RLIMIT_AS)[0]
        if limit_bytes != self._address_space_bytes:
            return False, f"{why}; {refused.get('memory', 'RLIMIT_AS was changed')}"
        how = (
            f"{why}; instead the address space is limited to {limit_bytes // _BYTES_PER_MB} MB "
            "(RLIMIT_AS): allocations fail, nothing is killed"
        )
        return limit_bytes == self._memory_bytes, how

    def _policy(self, pid: int, refused: Mapping[str, str]) -> Enforcement | None:
        if self._asked.policy is None:
            return None
        priority = self._asked.fifo_priority
        due = os.SCHED_OTHER if priority is None else os.SCHED_FIFO
        found = os.sched_getscheduler(pid)
        held = found == due and os.sched_getparam(pid).sched_priority == (priority or 0)
        if held:
            notes = ["sched_getscheduler", self._how.get("realtime")]
        else:
            notes = [refused.get("fifo"), self._why_not.get("realtime")]
        how = "; ".join(filter(None, notes)) or f"sched_getscheduler reads {found}"
        return Enforcement("scheduling policy", _policy_asked(self._asked), enforced=held, how=how)

    def _architecture(self) -> Enforcement | None:
        asked, found = self._asked.architecture, os.uname().machine
        if asked is None:
            return None
        return Enforcement("architecture", asked, enforced=found == asked, how=f"uname: {found}")

    def close(self) -> None:
        """Remove the control groups."""
        self.group.close()
