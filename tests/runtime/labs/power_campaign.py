"""Cuts the power of an outbox at many points of a life, and looks at what the next start finds."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from outbox_bench import MIB, Bench, every, texts
from power_disk import MODES, Left, PowerFolder

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.outbox.place import place_of
from edgeward.comms.record import Queued, RecordClass, Standing
from edgeward.errors import StoreError
from edgeward.ports import DatabaseFile

KINDS = tuple(RecordClass)
Wrap = Callable[[PowerFolder], DatabaseFile]


@dataclass
class Life:
    """What one outbox did, with what it promised between the steps of its disk."""

    folder: PowerFolder
    kit: Bench
    seed: int


@dataclass
class Promised:
    """What must be, may be and must not be there, by the place of each record."""

    must: dict[int, bytes] = field(default_factory=dict)
    may: set[int] = field(default_factory=set)
    never: set[int] = field(default_factory=set)

    def hear(self, said: tuple[str, dict[int, bytes]]) -> None:
        what, records = said
        if what == "accepted":
            self.must |= records
        elif what == "delivering":
            for place in records:
                self.must.pop(place, None)
                self.may.add(place)
        elif what == "delivered":
            self.may -= set(records)
            self.never |= set(records)


def place(one: Queued) -> int:
    return place_of(one.identity.epoch.ordinal, one.identity.sequence, one.kind)


def lived(
    folder: Path, seed: int, steps: int, wrap: Wrap | None = None, taking: float = 0.6
) -> Life:
    """An outbox at work: it takes, delivers, empties its log, restarts."""
    chance = random.Random(seed)
    disk = PowerFolder(folder)
    file: DatabaseFile = disk if wrap is None else wrap(disk)
    kit = Bench(file, Allowance(MIB))
    outbox = kit.open()
    number = 0
    for _ in range(steps):
        act = chance.random()
        if act < taking:
            number = _accept(outbox, disk, chance, number)
        elif act < 0.8:
            _deliver(outbox, disk, chance)
        elif act < 0.9:
            outbox.checkpoint()
        else:
            outbox.close()
            outbox = kit.open()
    outbox.close()
    return Life(disk, kit, seed)


def _accept(outbox: Outbox, disk: PowerFolder, chance: random.Random, number: int) -> int:
    count = chance.choice((1, 1, 2, 10))
    sizes = [chance.choice((10, 200, 3000)) for _ in range(count)]
    offered = [
        texts(chance.choice(KINDS), b"%08d" % (number + at) + bytes(size), patient="p")[0]
        for at, size in enumerate(sizes)
    ]
    receipts = outbox.accept(offered)
    accepted = {}
    for one, receipt in zip(offered, receipts, strict=True):
        if receipt.standing is Standing.DURABLE and receipt.identity:
            identity = receipt.identity
            accepted[place_of(identity.epoch.ordinal, identity.sequence, one.kind)] = one.payload
    disk.disk.say(("accepted", accepted))
    return number + count


def _deliver(outbox: Outbox, disk: PowerFolder, chance: random.Random) -> None:
    sent = outbox.queued([chance.choice(KINDS)], records_max=20, bytes_max=MIB)
    records = {place(one): b"" for one in sent}
    disk.disk.say(("delivering", records))
    outbox.delivered(sent)
    disk.disk.say(("delivered", records))


def cut(life: Life, folder: Path, cuts: int) -> Counter[str]:
    """Cut at so many points, in each way; what was found wrong, and how much was looked at."""
    steps = life.folder.disk.steps
    chance = random.Random(f"{life.seed}/cut")
    points = set(chance.choices(range(len(steps)), k=cuts))
    figures: Counter[str] = Counter()
    left, promised = Left(), Promised()
    for at, step in enumerate(steps):
        if step.what == "said":
            promised.hear(step.said)
        left.do(step)
        if at in points:
            mode = chance.choice(MODES)
            home = folder / f"{life.seed}-{at}"
            home.mkdir()
            for name, data in left.after_cut(mode, chance).items():
                (home / name).write_bytes(data)
            figures += look(home, life, promised)
            figures["cuts"] += 1
    return figures


def look(home: Path, life: Life, promised: Promised) -> Counter[str]:
    """What the next start finds, held against what was promised."""
    figures: Counter[str] = Counter({"acked": len(promised.must)})
    file = PowerFolder(home)
    kit = Bench(file, life.kit.allowance, life.kit.sealer, seed=life.seed * 1000)
    try:
        outbox = kit.open()
    except StoreError:
        figures["refused to start"] += 1
        file.abandon()
        return figures
    found = every(outbox)
    there = {place(one): kit.payload(outbox, one) for one in found}
    told = {
        one
        for one in promised.must
        for gap in outbox.gaps()
        if place_of(gap.epoch.ordinal, gap.first, gap.kind)
        <= one
        <= place_of(gap.epoch.ordinal, gap.last, gap.kind)
        and one & 7 == gap.kind
        and gap.reason == "evicted"
    }
    figures["lost"] += len(promised.must.keys() - there.keys() - told)
    figures["changed"] += sum(there.get(one, text) != text for one, text in promised.must.items())
    figures["duplicated"] += len(promised.never & there.keys())
    figures["duplicated"] += len(found) - len(there)
    numbers = [int(kit.payload(outbox, one)[:8]) for one in found]
    figures["out of order"] += numbers != sorted(numbers)
    figures["miscounted"] += len(outbox.audit())
    figures["salvaged"] += len(outbox.salvaged)
    outbox.close()
    return figures
