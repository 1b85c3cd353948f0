"""Clocks and randomness, of the system and simulated."""

import pytest

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.adapters.entropy import SeededEntropy, SystemEntropy
from edgeward.adapters.host import Host, build_sha256


def test_the_system_clock_never_goes_back_and_sleeps_long_enough() -> None:
    clock = SystemClock()
    before_ns = clock.monotonic_ns()
    clock.sleep_ns(1_000_000)
    clock.sleep_ns(-5)
    assert clock.monotonic_ns() - before_ns >= 1_000_000
    assert clock.wall_ns() > 0
    assert not clock.simulated


def test_the_simulated_clock_moves_only_when_told() -> None:
    clock = SimulatedClock(start_monotonic_ns=5, start_wall_ns=1000)
    assert (clock.monotonic_ns(), clock.wall_ns()) == (5, 1000)
    clock.advance(10)
    clock.sleep_ns(100)
    clock.sleep_ns(-100)
    assert (clock.monotonic_ns(), clock.wall_ns()) == (115, 1110)
    assert clock.simulated
    with pytest.raises(ValueError, match="cannot go back by 1 ns"):
        clock.advance(-1)


def test_seeded_entropy_repeats_and_system_entropy_does_not() -> None:
    assert SeededEntropy(7).token(8).hex() == "5b382196fcd137ef"  # on every machine
    one, same, other = SeededEntropy(7), SeededEntropy(7), SeededEntropy(8)
    drawn = [one.token(8), one.token(8)]
    assert drawn == [same.token(8), same.token(8)]
    assert drawn[0] != drawn[1]
    assert other.token(8) != drawn[0]
    assert SystemEntropy().token(16) != SystemEntropy().token(16)
    assert len(SystemEntropy().token(3)) == 3


def test_the_host_tells_what_this_process_uses() -> None:
    host = Host()
    assert (host.rss_bytes() or 0) > 1_000_000
    assert (host.cpu_seconds() or 0) > 0


def test_the_build_digest_is_that_of_the_files() -> None:
    assert build_sha256() == build_sha256()
    assert len(build_sha256()) == 64
