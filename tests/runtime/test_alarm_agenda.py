"""What is due when: the earliest first, one instant a key, bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from edgeward.alarm.system.agenda import Agenda


@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 50)), max_size=80))
def test_it_gives_what_a_plain_table_would(puts: list[tuple[int, int | None]]) -> None:
    agenda: Agenda[int] = Agenda()
    table: dict[int, int] = {}
    for key, due_ns in puts:
        agenda.put(key, due_ns)
        table.pop(key, None)
        if due_ns is not None:
            table[key] = due_ns
        assert agenda.next_ns() == min(table.values(), default=None)
    for now_ns in range(51):
        while (key_due := agenda.take(now_ns)) is not None:
            assert table.pop(key_due) == now_ns
    assert not table


def test_an_instant_that_is_moved_again_and_again_leaves_nothing_behind() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("first", 0)
    for due_ns in range(10_000):
        agenda.put("moved", due_ns + 1)
    assert len(agenda._heap) <= 100
    assert agenda.take(0) == "first"
    assert agenda.take(9_999) is None
    assert agenda.take(10_000) == "moved"
