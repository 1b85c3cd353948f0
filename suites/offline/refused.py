"""What a device does while its disk refuses, seen by those who are there at the time."""

import itertools
import time
from collections.abc import Sequence
from typing import Any, Final

from edgeward_harness.rig.disk.refusing import SYNCS, WRITES, Fault
from edgeward_harness.rig.receiving import Put, Receiving, put, until
from edgeward_harness.rig.sink.opening import read_payload
from edgeward_harness.target import DeviceSession

from .keeping import Records

KINDS: Final = (
    ((*SYNCS, *WRITES), Fault.BROKEN), (WRITES, Fault.FULL), (SYNCS, Fault.BROKEN),
    ((*SYNCS, *WRITES), Fault.READ_ONLY), ((*SYNCS, *WRITES), Fault.FULL),
)  # fmt: skip
"""Which calls a disk refuses, and why."""
PATIENT: Final = "refused-1"
WITHIN_S: Final = 15.0
"""A device may wait before it tries a disk again, and longer each time."""
ROUNDS: Final = 3
AT_ONCE: Final = 8
PAUSE_S: Final = 0.3
DELIVERING_S: Final = 4.0


def watched(device: DeviceSession) -> None:
    """A patient is admitted and gives no signal, so that the device has to raise an alarm."""
    device.call("patient.admit", {"patient": PATIENT, "category": "adult"})
    device.call(
        "patient.attach",
        {"patient": PATIENT, "channel": "ecg", "signal": "ecg", "unit": "mV", "rate_hz": 250},
    )


def alarmed(device: DeviceSession) -> bool:
    """Whether the device raises that alarm, in time."""
    return until(lambda: any(_is_the_alarm(one) for one in told(device)), WITHIN_S)


def says_so(device: DeviceSession) -> bool:
    """Whether the device tells, in time, that it does not keep its records as it should."""
    return until(lambda: any(_is_the_fault(one) for one in told(device)), WITHIN_S)


def told(device: DeviceSession) -> list[dict[str, Any]]:
    """Every event that the device tells now."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["cursor"] if found else 0
        events = device.call("events", {"after": after})["events"]
        if not events:
            return found
        found += events


def put_meanwhile(device: DeviceSession, records: Records) -> list[Put]:
    """Some records of all classes, now and a little later."""
    puts: list[Put] = []
    for _ in range(ROUNDS):
        puts += put(device, [*records.some(AT_ONCE - 1), records.one("alarm")])
        time.sleep(PAUSE_S)
    return puts


def some_came(here: Receiving, name: str, puts: Sequence[Put]) -> bool:
    """Whether the receiver has got any of these by now: a device may wait until it can forget."""
    wanted = {one.identity for one in puts if one.standing == "durable"}
    before = here.received(name)
    return until(lambda: bool((here.received(name) - before) & wanted), DELIVERING_S)


def recovers(device: DeviceSession, records: Records, puts: list[Put]) -> bool:
    """Whether an alarm becomes durable again, in time and without a restart; all tries are put."""

    def durable() -> bool:
        time.sleep(PAUSE_S)
        puts.extend(put(device, [records.one("alarm")]))
        return puts[-1].standing == "durable"

    return until(durable, WITHIN_S)


def called_durable(puts: Sequence[Put], calls: Sequence[str]) -> list[str]:
    """What was called durable though no sync has come back."""
    durable = [one for one in puts if one.standing == "durable"]
    if not set(SYNCS) <= set(calls):
        return []
    return [
        f"{one.kind} {one.sequence} was called durable, and all syncs failed" for one in durable
    ]


def given_up(puts: Sequence[Put]) -> list[str]:
    """Alarms for which there was no place in memory either: there were a few only."""
    return [
        f"an alarm was {one.standing} while the disk refused"
        for one in puts
        if one.kind == "alarm" and one.standing not in ("durable", "volatile")
    ]


def never_came(here: Receiving, name: str, puts: Sequence[Put]) -> list[str]:
    """What waited in memory and did not arrive, by its bytes: it had no identity perhaps."""
    wanted = [one for one in puts if one.standing in ("durable", "volatile")]
    missing: list[Put] = []

    def all_there() -> bool:
        there = set(here.payloads(name).values())
        missing[:] = [one for one in wanted if one.payload not in there]
        return not missing

    until(all_there, WITHIN_S)
    return [
        f"{one.kind} was {one.standing} while the disk refused, and never came" for one in missing
    ]


def alarm_came(here: Receiving, name: str) -> bool:
    """Whether the alarm of the device's own is with the receiver, in time."""
    return until(lambda: any(map(_is_the_alarm, _events(here, name))), WITHIN_S)


def _events(here: Receiving, name: str) -> list[dict[str, Any]]:
    payloads = here.payloads(name).values()
    return list(itertools.chain.from_iterable(
        read_payload(one).told.get("events", ()) for one in payloads
    ))  # fmt: skip


def _is_the_alarm(event: dict[str, Any]) -> bool:
    declared = event["kind"] == "alarm" and event.get("what") == "declared"
    return declared and event.get("patient") == PATIENT


def _is_the_fault(event: dict[str, Any]) -> bool:
    of_alarm = (event.get("alarm") or {}).get("condition")
    return "records_lost" in (event.get("condition"), of_alarm)
