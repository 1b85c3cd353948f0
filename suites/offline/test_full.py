"""A queue that is full gives up what it said it would, tells it, and keeps every alarm."""

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest

from edgeward.profile import Profile, Quotas
from edgeward_harness.measure.judge import Sample, judge_maximum
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, receiving
from edgeward_harness.run.measure import Measure

from .keeping import Records, count, device_name, drained, faults_of, kept, put_all

MB = 1 << 20
QUEUE_MB_MAX = 8
RECORD_BYTES = 3000
AT_ONCE = 80


@pytest.mark.case("TC-OFF-006")
def test_full_queue(profile: Profile, measure: Measure, rig: Rig, tmp_path: Path) -> None:
    """The disk that records use stays within its limit; what goes, goes in order, and is told.

    Method: a device with the eviction order of its profile, no quotas, and a queue of 8 MB at most
    gets, with no link, several times as much as fits, of all classes. After every put the bytes of
    all files of its records are added up from outside. Then it delivers. Every alarm and audit
    record must arrive. Of the other classes no record of a class may be missing as long as one of a
    class that goes before it is there from an earlier time; every missing one must lie in a gap
    that was told, and the counts of the gaps must be what is missing.
    """
    queue_mb = min(QUEUE_MB_MAX, profile.offline.queue_mb)
    offline = replace(profile.offline, queue_mb=queue_mb, quota_percent=Quotas(0, 0, 0))
    small = replace(profile, offline=offline)
    records = Records(rig.seed("TC-OFF-006"))
    used: list[float] = []
    puts: list[Put] = []
    seed = rig.seed("TC-OFF-006/receiver")
    with receiving(seed) as here, rig.open_device(state=tmp_path) as device:
        device.configure(small.to_dict(), small.sha256)
        name = device_name(device)
        for _ in range(rig.samples("TC-OFF-006") * queue_mb * MB // (RECORD_BYTES * AT_ONCE)):
            puts += put_all(device, _mixed(records), AT_ONCE)
            used.append(_bytes_under(tmp_path / "records" / "outbox") / MB)
        here.enrol(device)
        order = tuple(kind.value for kind in profile.offline.eviction_order)
        last = [one for one in kept(puts) if one.kind not in order]
        drained(here, name, last)
        drained(here, name, kept(put_all(device, [records.one("alarm")])))
        faults = faults_of(here, name, kept(puts), given_up=frozenset(order))
        faults += _accounted(here, name, puts, order)
    sample = Sample(used, [0.0] * len(used), unit="MB")
    measure.record("disk_that_records_use", judge_maximum(sample, float(queue_mb)))
    count(
        measure, "records_lost_from_a_full_queue", faults, len(puts),
        "alarms and audit arrive; what goes is told, in the declared order",
    )  # fmt: skip


def _mixed(records: Records) -> list[tuple[str, bytes]]:
    """Mostly waveforms, as on a device, and some of everything else."""
    kinds = ("waveform",) * 10 + ("trend",) * 6 + ("event",) * 3 + ("alarm", "audit")
    draw: random.Random = records.draw
    return [records.one(draw.choice(kinds), RECORD_BYTES) for _ in range(AT_ONCE)]


def _bytes_under(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _accounted(here: Receiving, name: str, puts: list[Put], order: tuple[str, ...]) -> list[str]:
    """What is missing and was not told, and what went before its turn."""
    held = here.received(name)
    account = here.account(name)
    gone = [one for one in kept(puts) if one.identity not in held]
    faults = [] if gone else ["nothing was given up, though more was put than fits"]
    gaps = [gap for epoch in account.epochs for gap in epoch.gaps]
    told = sum(gap["count"] for gap in gaps if gap["reason"] != "void")
    if told != len(gone):
        faults.append(f"{len(gone)} durable records are missing, and gaps tell of {told}")
    for earlier, later in itertools.pairwise(order):
        lost = [one.sequence or 0 for one in gone if one.kind == later]
        mine = [one for one in kept(puts) if one.kind == earlier]
        still = [one.sequence or 0 for one in mine if one.identity in held]
        if lost and still and min(still) < max(lost):
            faults.append(f"{later} {max(lost)} went, and {earlier} {min(still)} before it did not")
    rejected = [one for one in puts if one.standing == "rejected" and one.kind not in order]
    return faults + [f"{one.kind} was rejected" for one in rejected]
