"""The event log loses nothing silently."""

from hypothesis import given
from hypothesis import strategies as st

from edgeward.process.events import EventLog


class Said:
    """Something to tell."""

    def __init__(self, n: int) -> None:
        self.n = n

    def to_dict(self) -> dict[str, int]:
        return {"n": self.n}


def test_events_are_kept_in_order_and_can_be_asked_for_again() -> None:
    log = EventLog(10)
    assert log.after(0, 5) == []
    assert [log.append(Said(n)) for n in range(4)] == [1, 2, 3, 4]
    assert [event["cursor"] for event in log.after(0, 3)] == [1, 2, 3]
    assert log.after(3, 3) == [{"cursor": 4, "n": 3}]
    assert log.after(4, 3) == []
    assert len(log.after(1, 100)) == 3
    assert (log.last, log.dropped) == (4, 0)


def test_what_leaves_the_full_log_unread_is_counted() -> None:
    log = EventLog(3)
    for n in range(3):
        log.append(Said(n))
    log.after(2, 1)  # 1 and 2 have arrived
    for n in range(3, 7):
        log.append(Said(n))
    assert [event["cursor"] for event in log.after(0, 10)] == [5, 6, 7]
    assert log.dropped == 2  # 3 and 4


@given(
    kept_max=st.integers(1, 8),
    steps=st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 60), st.integers(1, 9)))),
)
def test_every_event_is_kept_arrived_or_counted(
    kept_max: int, steps: list[tuple[int, int] | None]
) -> None:
    log = EventLog(kept_max)
    arrived = 0
    dropped = set()
    for step in steps:
        if step is None:
            oldest = log.last - kept_max + 1
            if oldest > arrived and oldest > 0:
                dropped.add(oldest)
            log.append(Said(0))
            continue
        after = min(step[0], log.last)
        arrived = max(arrived, after)
        expected = range(max(after, log.last - kept_max) + 1, log.last + 1)
        assert [event["cursor"] for event in log.after(after, step[1])] == [*expected][: step[1]]
    assert log.dropped == len(dropped)
