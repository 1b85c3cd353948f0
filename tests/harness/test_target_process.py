"""The process driver: what it enforces, what it watches, and that it leaves nothing behind."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgeward.profile import Profile, load_profile
from edgeward_harness.errors import Finding, HarnessError, InputError
from edgeward_harness.profile.unit import SIMULATED_CLOCK, Driver, Realization, Unit, find_unit
from edgeward_harness.resources import device_profiles
from edgeward_harness.target import DeviceSession, Enforcement, open_device
from edgeward_harness.target.cgroup import Group, here
from edgeward_harness.target.enforce import Asked, asked_by
from edgeward_harness.target.family import tree
from edgeward_harness.target.process import Command, ProcessDriver
from edgeward_harness.target.procfs import scheduled, state

HOSTILE = Path(__file__).parent / "hostile" / "device.py"


def command(mode: str = "good") -> Command:
    return Command((sys.executable, "-I", "-S", str(HOSTILE), mode), None, {"GREETING": "hello"})


def device(mode: str = "good", asked: Asked | None = None) -> DeviceSession:
    return DeviceSession(ProcessDriver(command(mode), asked or Asked(), Realization.EMULATED))


def enforced(session: DeviceSession) -> dict[str, Enforcement]:
    return {row.what: row for row in session.enforcement}


def controllers() -> dict[str, str]:
    """Which controllers this host lets us use, and why not the others."""
    group = Group(("cpu", "memory"), here())
    try:
        return {name: "" if group.has(name) else group.reasons[name] for name in ("cpu", "memory")}
    finally:
        group.close()


def wearable() -> Profile:
    return load_profile("wearable", [device_profiles()]).profile


def test_one_core_is_held_and_read_back() -> None:
    first = min(os.sched_getaffinity(0))
    with device(asked=Asked(cores=1)) as session:
        assert session.pid is not None
        assert os.sched_getaffinity(session.pid) == {first}
        row = enforced(session)["cores"]
    assert row == Enforcement("cores", "1 core", enforced=True, how=f"sched_setaffinity: {first}")


def test_more_cores_than_there_are_is_said_and_not_pretended() -> None:
    offered = len(os.sched_getaffinity(0))
    with device(asked=Asked(cores=4096, cpu_share_percent=100.0)) as session:
        rows = enforced(session)
    assert not rows["cores"].enforced
    assert rows["cores"].how.startswith(f"this host offers {offered}")
    assert not rows["cpu share"].enforced
    assert rows["cpu share"].how == f"this host offers {offered} in all"


def test_a_share_of_the_processor_is_held_in_short_periods() -> None:
    why_not = controllers()["cpu"]
    with device(asked=Asked(cores=1, cpu_share_percent=50.0)) as session:
        row = enforced(session)["cpu share"]
    assert row.asked == "50 % of 1 core"
    if why_not:  # a host without the controller: said, with the reason
        assert (row.enforced, row.how) == (False, why_not)
    else:
        assert row.enforced
        assert row.how.split(" quota ")[1].startswith("2500 us in every 5000 us, cpu.")


def test_the_whole_processor_needs_no_group() -> None:
    with device(asked=Asked(cores=1, cpu_share_percent=100.0)) as session:
        row = enforced(session)["cpu share"]
    assert (row.enforced, row.how) == (True, "all of it: nothing to hold")


def test_memory_is_held_or_told_to_be_held_otherwise() -> None:
    why_not = controllers()["memory"]
    with device(asked=Asked(memory_mb=64)) as session:
        row = enforced(session)["memory"]
    assert row.asked == "64 MB"
    if why_not:
        assert not row.enforced
        assert row.how.startswith(why_not)
        assert "address space is limited to 1024 MB (RLIMIT_AS)" in row.how
    else:
        assert row.enforced
        assert row.how.endswith(f"= {64 << 20}")


def test_without_a_memory_group_the_address_space_is_limited_and_called_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgeward_harness.target.enforce.here", dict)
    with device(asked=Asked(memory_mb=2048)) as session:
        row = enforced(session)["memory"]
    assert row.enforced
    assert row.how.startswith("this host has no memory control group; instead the address space")
    with device(asked=Asked(memory_mb=64)) as session:
        assert not enforced(session)["memory"].enforced


def test_more_memory_than_there_is_is_said_and_not_pretended() -> None:
    with device(asked=Asked(memory_mb=4 << 20)) as session:
        row = enforced(session)["memory"]
    assert not row.enforced
    assert row.how.endswith("MB in all")


def test_a_device_that_needs_too_much_memory_is_found_by_name() -> None:
    asked = Asked(memory_mb=32)
    with device("eats_memory", asked) as session:
        held = enforced(session)["memory"].enforced
        with pytest.raises(Finding) as caught:
            session.call("resources")
    if held:
        assert "killed by SIGKILL (out of memory: the limit is 32 MB)" in caught.value.detail
    else:  # under RLIMIT_AS an allocation fails, and the device ends by itself
        assert "exit status 1" in caught.value.detail


def test_real_time_scheduling_is_held_or_the_refusal_is_told() -> None:
    with device(asked=Asked(cores=1, fifo_priority=7, policy="fifo")) as session:
        assert session.pid is not None
        found = os.sched_getscheduler(session.pid)
        row = enforced(session)["scheduling policy"]
    assert row.asked == "fifo, priority 7"
    assert row.enforced is (found == os.SCHED_FIFO)
    assert row.how.startswith("sched_getscheduler" if row.enforced else "[Errno 1]")


def test_real_time_threads_are_held_to_their_share_too() -> None:
    asked = Asked(cores=1, cpu_share_percent=20.0, fifo_priority=7, policy="fifo")
    with device(asked=asked) as session:
        row = enforced(session)["scheduling policy"]
    runtime = Path("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")
    if not row.enforced:
        assert row.how.startswith("[Errno 1]")
    elif runtime.exists():
        assert row.how == "sched_getscheduler; real-time threads get 2000 us in every 10000 us"
    else:
        assert row.how == "sched_getscheduler; no control group bounds real-time threads"


def test_a_profile_asks_for_everything_and_every_line_is_answered() -> None:
    profile = wearable()
    unit = Unit("hostile", Driver.PROCESS, command().words)
    with open_device(unit, profile) as session:
        rows = enforced(session)
    assert list(rows) == [
        "cores", "cpu share", "memory", "scheduling policy", "architecture",
        "performance", "storage", "power", "network",
    ]  # fmt: skip
    assert rows["architecture"].enforced is (os.uname().machine == "aarch64")
    assert not any(rows[what].enforced for what in ("performance", "storage", "power", "network"))
    assert all(row.how for row in rows.values())
    assert asked_by(profile).memory_mb == profile.memory.ram_mb


def test_without_a_profile_nothing_is_held() -> None:
    with open_device(Unit("hostile", Driver.PROCESS, command().words)) as session:
        assert session.enforcement == ()


def test_the_environment_is_clean_and_the_units_own() -> None:
    os.environ["EDGEWARD_TEST_LEAK"] = "leaked"
    try:
        with device("environment") as session:
            names = set(session.call("resources"))
    finally:
        del os.environ["EDGEWARD_TEST_LEAK"]
    variables = {name for name in names if not name.startswith("fd ")} - {"LC_CTYPE"}
    assert variables == {"PATH", "HOME", "LANG", "EDGEWARD_STATE", "GREETING"}
    assert names - variables - {"LC_CTYPE"} == {"fd 0", "fd 1", "fd 2", "fd 3"}  # 3: the listing


def test_processor_time_is_observed_from_outside() -> None:
    with device("spins") as session:
        before_s = session.cpu_seconds()
        session.call("resources")
        used_s = session.cpu_seconds() - before_s
        assert used_s >= 0.13  # it used 0.15 s; the kernel counts in ticks of 0.01 s
        assert session.run_delay_ns() >= 0
        session.kill()
        with pytest.raises(HarnessError, match="has ended; it can no longer be observed"):
            session.cpu_seconds()
        with pytest.raises(HarnessError, match="cannot be signalled"):
            session.freeze()


def test_a_frozen_device_does_nothing_until_it_is_thawed() -> None:
    with device() as session:
        assert session.pid is not None
        session.freeze()
        assert state(session.pid) == "T"
        pending = session.send("resources")
        with pytest.raises(Finding, match="did not answer"):
            pending.result(0.05)
        session.thaw()
        pending.result()
        session.freeze()  # closing must end a frozen device too


def test_what_a_device_leaves_behind_is_killed_with_it() -> None:
    with device("leaves_a_child") as session:
        child = int(session.call("resources")["child"]["value"])
        assert session.pid is not None
        assert child in tree(session.pid)
    for _ in range(500):  # it is killed; a busy host lets it die a moment later
        if state(child) in ("", "Z"):  # Z: its new parent has not collected it yet
            return
        time.sleep(0.01)
    pytest.fail(f"the child is still {state(child)}")


def leftovers(before: set[str]) -> list[str]:
    """Folders and control groups that were not there before."""
    homes = [home.folder for home in here().values()]
    return sorted(set(traces(homes)) - before)


def traces(homes: list[Path]) -> Iterator[str]:
    mine = f"edgeward-{os.getpid()}-*"
    yield from (str(path) for home in homes for path in home.glob(mine))
    yield from (f"fd {name}" for name in os.listdir("/proc/self/fd"))
    yield from (f"child {pid}" for pid in tree(os.getpid()))


@pytest.mark.parametrize("opens", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_nothing_is_left_after_many_devices(opens: int) -> None:
    asked = Asked(cores=1, cpu_share_percent=50.0, memory_mb=64)
    device("good", asked).close()
    before = set(traces([home.folder for home in here().values()]))
    for number in range(opens):
        mode = ("good", "dies_when_asked", "banner", "hang")[number % 4]
        driver = ProcessDriver(command(mode), asked, Realization.EMULATED)
        startup_s = 0.1 if mode == "hang" else 20.0
        with contextlib.suppress(Finding), DeviceSession(driver, startup_s=startup_s) as session:
            if number % 8:
                session.kill()
            else:
                session.call("resources")
    assert leftovers(before) == []


def test_a_failed_start_leaves_nothing() -> None:
    before = set(traces([home.folder for home in here().values()]))
    with pytest.raises(InputError):
        DeviceSession(
            ProcessDriver(Command(("no-such-program",)), Asked(memory_mb=64), Realization.EMULATED)
        )
    assert leftovers(before) == []


def test_closing_twice_is_fine_and_a_closed_session_says_so() -> None:
    session = device()
    session.close()
    session.close()
    with pytest.raises(HarnessError, match="the session is closed"):
        session.call("resources")


def test_requests_can_be_under_way_together() -> None:
    with device() as session:
        first, second = session.send("resources"), session.send("describe")
        assert second.result()["protocol"] == "1.0"
        assert first.done
        assert first.result()["cpu_seconds"]["value"] == 1.5
        assert first.sent_ns <= second.sent_ns <= first.received_ns <= second.received_ns


def test_pumping_stamps_what_arrives_while_nobody_asks() -> None:
    with device() as session:
        pending = session.send("resources")
        until_ns = pending.sent_ns + 200_000_000
        session.pump_until(until_ns)
        assert pending.done
        assert pending.sent_ns < pending.received_ns < until_ns


def test_a_simulated_clock_is_to_be_had_only_from_a_unit_that_says_so() -> None:
    unit = Unit("hostile", Driver.PROCESS, command().words)
    with pytest.raises(InputError, match="cannot be simulated"):
        open_device(unit, clock_hint="simulated")
    with pytest.raises(InputError, match="expected 'simulated' or None"):
        open_device(unit, clock_hint="fast")
    with device() as session, pytest.raises(HarnessError, match="time passes by itself"):
        session.advance(1)


def test_a_unit_that_only_says_so_is_found() -> None:
    unit = Unit("hostile", Driver.PROCESS, command().words, fixtures=(SIMULATED_CLOCK,))
    with pytest.raises(Finding, match="says that its clock is real"):
        open_device(unit, clock_hint="simulated")


@pytest.mark.slow
def test_the_reference_device_lives_on_simulated_time_over_its_starts() -> None:
    hour_ns = 3_600 * 1_000_000_000
    with open_device(find_unit("reference"), clock_hint="simulated") as session:
        began_ns = session.call("clock", {"advance_ns": 0})["now_ns"]
        session.advance(hour_ns, wall_jump_ns=-2 * hour_ns)
        assert session.call("clock", {"advance_ns": 0})["now_ns"] == began_ns + hour_ns
        session.kill()
        session.advance(hour_ns)
        session.restart()
        assert session.description["clock"]["simulated"]


def test_the_profiles_digest_is_compared() -> None:
    profile: dict[str, Any] = {"a": 1}
    with device() as session, pytest.raises(Finding, match="'configure' is not what"):
        session.configure(profile, "0" * 64)  # the hostile device answers with a reading


def test_a_thread_that_ends_while_it_is_looked_at_is_no_fault() -> None:
    """This process starts and ends threads all the time, as a server does."""
    over = threading.Event()

    def busy() -> None:
        while not over.is_set():
            short = threading.Thread(target=int)
            short.start()
            short.join()

    worker = threading.Thread(target=busy)
    worker.start()
    try:
        seen = [scheduled(os.getpid()) for _ in range(500)]
    finally:
        over.set()
        worker.join()
    assert all(one.ran_ns > 0 for one in seen)
    assert not any(one.lowered for one in seen)


def test_a_process_that_has_ended_is_told_and_not_counted_as_idle() -> None:
    with device() as session:
        assert session.pid is not None
        assert scheduled(session.pid).ran_ns > 0
        session.kill()
        with pytest.raises(HarnessError, match="has ended; it can no longer be observed"):
            scheduled(session.pid)
