"""However a batch lies, its rows come onto the disk as they are, each with its number."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from outbox_bench import swift_folder

from edgeward.adapters.database import FolderDatabase
from edgeward.comms.outbox import schema, shelf
from edgeward.comms.outbox.batch import Batch
from edgeward.comms.outbox.place import PLACES_A_SEQUENCE, place_of
from edgeward.comms.record import RecordClass
from edgeward.ports import Database

KIND = RecordClass.TREND


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with swift_folder(tmp_path) as folder:
        file = FolderDatabase(folder)
        made = file.open()
        schema.migrate(made)
        yield made
        made.close()
        file.let_go()


def batch_of(sequences: list[int], keys: list[int]) -> Batch:
    places = [place_of(1, one, KIND) for one in sequences]
    blobs = [f"record {one}".encode() * (one % 7) for one in sequences]
    return Batch(places, [KIND] * len(places), keys, blobs)


@pytest.mark.parametrize("count", [2, 7, 100, 163])
@pytest.mark.parametrize("left_out", [None, 0, 1, 4, 99])
@pytest.mark.parametrize("other_key", [None, 0, 5, 100])
def test_every_row_is_put_as_it_is(
    database: Database, count: int, left_out: int | None, other_key: int | None
) -> None:
    sequences = [one for one in range(10, 10 + count) if one - 10 != left_out]
    keys = [2 if at == other_key else 1 for at in range(len(sequences))]
    batch = batch_of(sequences, keys)
    for sql, values in shelf.puts(KIND, batch, 40):
        database.execute(sql, values)
    rows = database.execute("SELECT place, nth, datakey, blob FROM trend ORDER BY place")
    assert rows == list(zip(batch.places, range(41, 41 + len(sequences)), keys, batch.blobs,
                            strict=True))  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 7, 37, 100, 163, 1000])
def test_what_follows_each_other_under_one_key_is_one_statement(count: int) -> None:
    batch = batch_of(list(range(5, 5 + count)), [3] * count)
    in_a_range = Batch(
        range(batch.places[0], batch.places[-1] + 1, PLACES_A_SEQUENCE), batch.kinds, batch.keys,
        batch.blobs,
    )  # fmt: skip
    assert len(shelf.puts(KIND, batch, 0)) == len(shelf.puts(KIND, in_a_range, 0)) == 1
