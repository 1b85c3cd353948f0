"""What a search found, as a table for a terminal."""

from collections.abc import Iterator

from edgeward.model.compress.compression import Result, Search

_HEAD = ("model", "bytes", "smaller", "p50 us", "faster", "accuracy", "least of a label", "")


def as_table(search: Search) -> str:
    """Every model in one line, the first of them as the measure of the others."""
    first = search.results[0].measured
    rows = [_HEAD]
    for one in search.results:
        found = one.measured
        name, least = found.retained.lowest
        accuracy = found.scores.accuracy
        rows.append(
            (
                one.name,
                f"{found.size_bytes:,}",
                f"{first.size_bytes / found.size_bytes:.1f}x",
                f"{found.times.p50_ns / 1000:.1f}",
                f"{first.times.p50_ns / found.times.p50_ns:.1f}x",
                f"{100 * accuracy.value:.2f} [{100 * accuracy.low:.2f}, {100 * accuracy.high:.2f}]",
                f"{100 * least.value:+.2f} [{100 * least.low:+.2f}] {name}",
                _marks(one, search),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 6, 7) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _marks(one: Result, search: Search) -> str:
    marks = []
    if one is search.taken:
        marks.append("taken")
    if any(one is each for each in search.front):
        marks.append("front")
    if one.misses:
        marks.append(f"{len(one.misses)} missed")
    if not one.brought:
        marks.append("its last step brought nothing")
    return ", ".join(marks)


def as_sentences(search: Search, profile: str) -> Iterator[str]:
    """What was taken, or what each one misses."""
    for name, why in search.refused.items():
        yield f"could not be made: {name}: {why}"
    taken = search.taken
    if taken is not None:
        yield f"taken: {taken.name}; the smallest that keeps all that {profile} asks of a model"
        return
    yield f"no model keeps all that {profile} asks of one:"
    for one in search.results:
        yield f"  {one.name}: found {'; found '.join(one.misses)}"
    if search.results[0].misses:
        yield "the network as it was given does not keep it either: teach it better first"
