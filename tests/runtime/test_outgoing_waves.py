"""Waveforms become records without a hole, within the bound that each of them tells."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.packing.level import OFFLINE
from edgeward.comms.packing.payload import pack_json
from edgeward.comms.packing.samples import unpack_samples
from edgeward.comms.record import Offered, RecordClass
from edgeward.device.outgoing import records
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.outgoing.waves import RECORD_NS, WAITING_VALUES_MAX, Waves, pack_wave
from edgeward.signal.channel import Channel, Signal

ECG = Channel("ecg", Signal.ECG, "mV", 250)
PPG = Channel("ppg", Signal.PPG, "1", 125)
MOVES = Channel("moves", Signal.ACCELERATION, "g", 50)
S = 1_000_000_000


def noise(size: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(0, 1, size).astype(np.float32)


def opened(record: Offered) -> tuple[dict[str, Any], Any, Any]:
    about, values, valid = unpack_samples(record.payload)
    return about["waveform"], values, valid


def rebuilt(records: list[Offered], axes: int = 1) -> tuple[Any, Any]:
    """All samples of one channel, in rows, by index; and how far each may be off."""
    rows, bounds = {}, {}
    for record in records:
        about, values, valid = opened(record)
        part = values.reshape(axes, -1).T
        for place, row in enumerate(part):
            rows[about["first"] + place] = row
            bounds[about["first"] + place] = about["bound"]
        assert valid.size == values.size
    at = sorted(rows)
    return np.array([rows[one] for one in at]), np.array([bounds[one] for one in at])


@pytest.mark.parametrize("channel", [ECG, PPG, MOVES])
def test_what_is_rebuilt_is_within_the_bound_at_every_sample(channel: Channel) -> None:
    waves, axes = Waves(), channel.acceptance.axes
    pushed = noise(23 * channel.rate_hz * axes).reshape(-1, axes)
    records: list[Offered] = []
    at = 0
    for size in (1, 999, 7, 400, len(pushed)):
        block = pushed[at : at + size]
        given = block if axes > 1 else block.reshape(-1)
        waves.take("p1", channel, at, given, None, 5)
        records += waves.records(0, 0, 1)
        at += len(block)
    records += waves.records(0, 0, 1, everything=True)
    back, bounds = rebuilt(records, axes)
    assert back.shape == pushed.shape
    assert np.all(np.abs(back - pushed) <= bounds[:, None])
    assert 0 < bounds.max() < 0.01
    assert {one.kind for one in records} == {RecordClass.WAVEFORM}
    assert {one.patient for one in records} == {"p1"}
    assert sum(len(one.payload) for one in records) < pushed.size * 4 / 1.6


def test_a_hole_begins_another_record() -> None:
    waves = Waves()
    waves.take("p1", ECG, 0, noise(100), None, 1)
    waves.take("p1", ECG, 150, noise(100), None, 2)
    waves.take("p1", ECG, 0, noise(100), None, 3)
    records = waves.records(0, 0, 1) + waves.records(0, 0, 1, everything=True)
    told = [opened(one)[0] for one in records]
    assert [(one["first"], one["acquired_ns"]) for one in told] == [(0, 1), (150, 2), (0, 3)]


def test_what_waits_too_long_is_a_record() -> None:
    waves = Waves()
    waves.take("p1", ECG, 0, noise(100), None, 1)
    assert waves.records(0, 0, 1) == []
    assert waves.records(RECORD_NS, 0, 1) == []
    assert len(waves.records(RECORD_NS + 1, 0, 1)) == 1
    assert waves.records(3 * RECORD_NS, 0, 1, everything=True) == []


def test_invalid_samples_come_out_as_none() -> None:
    waves, values = Waves(), noise(500)
    values[7] = np.nan
    mask = np.ones(500, np.bool_)
    mask[100:200] = False
    waves.take("p1", ECG, 0, values, mask, 1)
    (record,) = waves.records(0, 0, 1, everything=True)
    _, back, valid = opened(record)
    assert np.array_equal(valid, mask & np.isfinite(values))
    assert np.all(np.isnan(back[~valid]))


@pytest.mark.parametrize(
    "values",
    [
        np.full(50, 3.3, np.float32),
        np.array([1e9, -1e9, 1e-9] * 20, np.float32),
        np.array([np.float32(3e38), 0, -1] * 20, np.float32),
        np.array([-0.0, -0.001, 0.001] * 20, np.float32),
    ],
)
@pytest.mark.parametrize("signal", ["ecg", "ppg"])
def test_whatever_a_signal_is_its_bound_holds(values: Any, signal: str) -> None:
    unit = "mV" if signal == "ecg" else "1"
    told = {"waveform": {"signal": signal, "unit": unit, "channel": "c", "rate_hz": 250}}
    payload = pack_wave(told, values, np.ones(len(values), np.bool_), 1)
    about, back, _ = unpack_samples(payload)
    assert about["waveform"]["bound"] == told["waveform"]["bound"]
    apart = np.abs(back.astype(np.float64) - values.astype(np.float64))
    assert np.all(apart <= about["waveform"]["bound"])


def test_what_there_is_no_room_for_is_counted() -> None:
    waves = Waves()
    for _ in range(5):
        waves.take("p1", ECG, 0, np.zeros(WAITING_VALUES_MAX // 4, np.float32), None, 1)
    assert waves.lost == 1
    assert waves.waiting == 4


def test_a_block_is_copied() -> None:
    waves, values = Waves(), noise(100)
    before = values.copy()
    waves.take("p1", ECG, 0, values, None, 1)
    values[:] = 0
    _, back, _ = opened(waves.records(0, 0, 1, everything=True)[0])
    assert np.abs(back - before).max() < 0.003


def test_a_way_out_keeps_what_was_left_when_it_closes(tmp_path: Path) -> None:
    way = Outgoing("m", tmp_path, SimulatedClock(), SeededEntropy(1), Allowance(8 << 20))
    for at in range(0, 250 * 100, 250):
        way.keeping.waves.take("p1", ECG, at, noise(250), None, 1)
    way.turn()
    assert way.outbox.counts()[RecordClass.WAVEFORM].accepted == 10
    way.keeping.waves.take("p1", ECG, 250 * 100, noise(99), None, 1)
    way.close()
    again = Outgoing("m", tmp_path, SimulatedClock(), SeededEntropy(2), Allowance(8 << 20))
    assert again.outbox.counts()[RecordClass.WAVEFORM].accepted == 11
    again.close()


def test_without_a_link_everything_but_alarms_is_as_small_as_it_gets(tmp_path: Path) -> None:
    way = Outgoing("m", tmp_path, SimulatedClock(), SeededEntropy(1), Allowance(8 << 20))
    assert way.keeping.level() == OFFLINE

    class Fast:
        bytes_per_s = float("inf")

    way.courier = Fast()  # type: ignore[assignment]
    assert way.keeping.level() == 1
    Fast.bytes_per_s = 2000.0
    assert way.keeping.level() == OFFLINE
    way.courier = None
    way.close()


def test_alarms_are_packed_in_the_quickest_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def heard(about: dict[str, Any], level: int = 1) -> bytes:
        asked.append(level)
        return pack_json(about, level)

    monkeypatch.setattr(records, "pack_json", heard)
    told = [{"kind": kind, "patient": "p1"} for kind in ("alarm", "sign", "technical", "result")]
    records.records_of(told, 0, OFFLINE)
    assert asked == [1, 1, 1, OFFLINE]
