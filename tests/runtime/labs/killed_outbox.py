"""A process that keeps and hands over records until it is killed, and says what it was promised.

Run as `killed_outbox.py FOLDER`. Each line on its output is one promise, written once the outbox
has made it: `accepted NUMBER CLASS` or `delivering NUMBER` and `delivered NUMBER`.
"""

import contextlib
import itertools
import os
import random
import sys
from pathlib import Path

from outbox_bench import MIB, Bench, bench, texts

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import RecordClass, Standing
from edgeward.errors import StoreError

KINDS = tuple(RecordClass)


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def main(folder: Path) -> None:
    kit = bench(folder, Allowance(2 * MIB))
    kit.seed = int.from_bytes(os.urandom(4), "big")
    chance = random.Random(kit.seed)
    outbox = kit.open()
    first = int.from_bytes(os.urandom(6), "big")
    for number in itertools.count(first * 1_000_000):
        kind = chance.choice(KINDS)
        (receipt,) = outbox.accept(texts(kind, b"%d" % number + bytes(chance.choice((0, 900)))))
        if receipt.standing is Standing.DURABLE:
            say("accepted", number, int(kind))
        with contextlib.suppress(StoreError):  # what a failing disk keeps is there later on
            hand_over(kit, outbox, chance, number)


def hand_over(kit: Bench, outbox: Outbox, chance: random.Random, number: int) -> None:
    if number % 5 == 0:
        sent = outbox.queued([chance.choice(KINDS)], records_max=4, bytes_max=MIB)
        numbers = [int(kit.payload(outbox, one).rstrip(b"\0")) for one in sent]
        say("delivering", *numbers)
        outbox.delivered(sent)
        say("delivered", *numbers)
    if number % 40 == 0:
        outbox.checkpoint()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
