"""Figures of a daemon in words, the same in each of its commands."""

from collections.abc import Mapping


def outcomes(counts: Mapping[str, int]) -> str:
    """How many windows there were, and what became of them."""
    return (
        f"{counts['windows']:,}: {counts['answered']:,} answered,"
        f" {counts['no_answer']:,} without an answer, {counts['declined']:,} declined"
    )


def milliseconds(quantiles: Mapping[str, int]) -> str:
    """Median, tail and maximum of a path."""
    return " / ".join(
        f"{quantiles[key] / 1e6:.2f}" for key in ("p50_ns", "p99_ns", "p999_ns", "max_ns")
    )
