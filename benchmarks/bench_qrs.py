"""Beats and heart rate on recordings of real patients, beside wfdb's and sleepecg's detectors.

    python benchmarks/bench_qrs.py [folder of recordings] [--peers PYTHON]

1. Beats of mitdb, lead 0, after EC57: one to one within 150 ms, the first five minutes left out,
   and flutter in which nobody marked beats. Gross, average and worst record; the even half (records
   in the order of their names, counted from 0), on which thresholds were chosen, and the odd half.
   The odd half is not unseen: its first errors (116, 203) were looked at before rules were written,
   and one rule, that the time of the T wave shortens with the usual interval, was prompted by it.
   Ours reads blocks of 40 ms, as they come; the others read the whole record.
2. Alarms of rates below 50 and above 120, raised and ended as the alarm system does. An episode is
   three seconds beyond a limit; it is missed when no alarm is up in it or up to 10 s after it. An
   alarm is false when the rate was within the limit all the time from 10 s before it to its end.
   Stretches in which nobody marked beats count for nothing. The true rate is told by the annotated
   beats, in two ways: as the mean interval of the last 10 s, for all detectors; and by the rule of
   averaging that our rate discloses, so that what remains is due to beats alone. Each with limits
   to the digit, and with a tolerance of 5 a minute: what must be told lies so far beyond a limit,
   and what may be told so far inside of it (EC13 asks of a rate to be right to 5 a minute or 10 %,
   whichever is more; at 120 that is 12). Two averages of one rhythm differ by more than a digit.
   The averaging rule was chosen on the annotated beats of all of these records; what a strange beat
   is, on the even half.
3. Bigeminy of EC13: 3a reads 80 and 3b 60, within 1, from 20 s on.

The others need a Python with wfdb and sleepecg: `python3 -m venv peers`, then `peers/bin/pip
install wfdb sleepecg`, then `--peers peers/bin/python`. Without one they are left out.

Goals: gross sensitivity and predictivity of 99.2 % on all records and on the odd half, no record
under 90 %; with the tolerance, and against both true rates, no rate beyond a limit missed and at
most 0.1 false alarms an hour, on all records and on the odd half; both readings right; and at most
40 times the processor time of one band-pass of each block.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from floor import BandPass
from numpy.typing import NDArray
from verdict import Verdict

from edgeward.alarm.alarm_limits import SPANS, Side, VitalLimits, judge
from edgeward.signal.detect.heart_rate import HeartRate
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.findings import Beat, Reading, Vital
from edgeward_harness.measure.scoring.beats import (
    AamiClass,
    BeatTable,
    Labelled,
    average,
    gross,
    score_beats,
)
from edgeward_harness.measure.scoring.episodes import Episode, EpisodeScore, score_episodes
from edgeward_harness.measure.scoring.rate_limits import (
    MEAN_S,
    Rates,
    episodes_above,
    episodes_below,
    mean_rates,
)
from edgeward_harness.rig.recordings.library import open_library
from edgeward_harness.rig.recordings.recording import Recording, Wave

Samples = NDArray[np.float32]

Peers = dict[str, dict[str, tuple[list[int], float]]]
"""By record and detector: beats, and seconds of processor time."""

OURS = "edgeward"
BLOCK_S = 0.04
TIMES_FLOOR_MAX = 40.0
LOW, HIGH = 50.0, 120.0
LIMITS = VitalLimits(None, LOW, HIGH, None)
TOLERANCE, LATE_S = 5.0, 10.0
GROSS_MIN, RECORD_MIN, FALSE_PER_HOUR_MAX = 0.992, 0.9, 0.1
SETTLED_S, EC13 = 20, {"aami3a": 80.0, "aami3b": 60.0}


@dataclass(frozen=True, slots=True)
class Told:
    """What our detector told about a record."""

    beats: list[Beat]
    rates: list[float | None]
    """One a second."""
    cpu_s: float
    floor_s: float


def numbers(found: Sequence[object]) -> list[float | None]:
    """The numbers among what a rate told."""
    return [one.value for one in found if isinstance(one, Reading)]


def ours(wave: Samples, rate_hz: int) -> Told:
    """Feed a record as it would come."""
    detector, rate = QrsDetector(rate_hz), HeartRate(rate_hz)
    found: list[Beat] = []
    rates: list[float | None] = []
    block = round(BLOCK_S * rate_hz)
    valid = np.isfinite(wave)
    began_s = time.process_time()
    for first in range(0, len(wave), block):
        part = slice(first, first + block)
        told = detector.push(wave[part], valid[part])
        found += told
        rates += numbers(rate.push(told, valid[part]))
    return Told(found, rates, time.process_time() - began_s, floor(wave, rate_hz))


def floor(wave: Samples, rate_hz: int) -> float:
    """Processor time of one band-pass of each block."""
    block, band = round(BLOCK_S * rate_hz), BandPass(rate_hz)
    began_s = time.process_time()
    for first in range(0, len(wave), block):
        band.push(wave[first : first + block])
    return time.process_time() - began_s


def lead(recording: Recording) -> Wave:
    """Lead 0."""
    return recording.waves[0]


def seconds_of(recording: Recording) -> int:
    """How long it lasts, in whole seconds."""
    return int(lead(recording).seconds)


def table(record: Recording, found: Sequence[int]) -> BeatTable:
    """Whether beats were found, whatever they were taken for."""
    normal = AamiClass.NORMAL
    return score_beats(
        Labelled(record.beats.samples, [normal] * len(record.beats.samples)),
        Labelled(found, [normal] * len(found)),
        lead(record).rate_hz,
        record.unmarked,
    )


def mean_of(record: Recording, found: Sequence[int]) -> list[float | None]:
    """The mean interval of the last ten seconds, as a rate, each second."""
    return mean_rates(found, lead(record).rate_hz, seconds_of(record), record.unmarked)


def by_rule(record: Recording) -> list[float | None]:
    """What our rule of averaging makes of the annotated beats, had they been told at once."""
    rate_hz, beats = lead(record).rate_hz, record.beats.samples
    valid = np.ones(seconds_of(record) * rate_hz, np.bool_)
    for first, end in record.unmarked:
        valid[first:end] = False
    return numbers(HeartRate(rate_hz).push([Beat(at, at, 1.0) for at in beats], valid))


def alarms(rates: Rates, side: Side) -> list[Episode]:
    """When the alarm of a limit is up; a second without a rate changes nothing."""
    back = SPANS[Vital.HEART_RATE].hysteresis
    found: list[Episode] = []
    level = None
    for second, rate in enumerate(rates):
        if rate is not None:
            level = judge(LIMITS, side, rate, back, level)
        if level is None:
            continue
        if found and found[-1][1] == second:
            found[-1] = (found[-1][0], second + 1.0)
        else:
            found.append((float(second), second + 1.0))
    return found


def beyond(rates: Rates, side: Side, inside: float) -> list[Episode]:
    """The seconds in which a rate was beyond a limit, or so near to it."""
    low = side is Side.LOW
    return [
        (float(second), second + 1.0)
        for second, rate in enumerate(rates)
        if rate is not None and (rate < LOW + inside if low else rate > HIGH - inside)
    ]


def limits(record: Recording, rates: Rates, truth: Rates, tolerance: float) -> EpisodeScore:
    """How the alarms of both limits were told, held against a true rate."""
    rate_hz, seconds = lead(record).rate_hz, seconds_of(record)
    unmarked = [(one / rate_hz, end / rate_hz + MEAN_S) for one, end in record.unmarked]
    scores = []
    for side in Side:
        low = side is Side.LOW
        told = alarms(rates, side)
        must = (
            episodes_below(truth, LOW - tolerance)
            if low
            else episodes_above(truth, HIGH + tolerance)
        )
        found = score_episodes(must, told, seconds, LATE_S)
        may = [*unmarked, *beyond(truth, side, tolerance)]
        false = score_episodes(may, told, seconds, LATE_S).false
        scores.append(replace(found, false=false, hours=found.hours / len(Side)))
    return scores[0] + scores[1]


def peers(python: str | None, paths: Sequence[Path]) -> Peers:
    """What others found: by record and detector, beats and seconds of processor time."""
    if python is None:
        print("wfdb and sleepecg left out: no --peers PYTHON that has them")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peers.json"
        script = Path(__file__).with_name("qrs_peers.py")
        ended = subprocess.run(
            [python, script, out, *paths], capture_output=True, text=True, check=False
        )
        if ended.returncode:
            last = (ended.stderr.splitlines() or ["it said nothing"])[-1]
            print(f"wfdb and sleepecg left out: {python} could not run them: {last}")
            return {}
        told: Peers = json.loads(out.read_text())
        return told


def percent(share: float | None) -> str:
    """To two places."""
    return "     -" if share is None else f"{100 * share:6.2f}"


def show_beats(name: str, tables: dict[str, BeatTable]) -> dict[str, BeatTable]:
    """Print the figures of one detector; its gross tables."""
    ordered = sorted(tables)
    halves = {"all": ordered, "even": ordered[0::2], "odd": ordered[1::2]}
    totals: dict[str, BeatTable] = {}
    for half, names in halves.items():
        chosen = [tables[one] for one in names]
        total = totals[half] = gross(chosen)
        mean = [
            average([one.sensitivity for one in chosen]),
            average([one.predictivity for one in chosen]),
        ]
        print(
            f"  {name:<10}{half:<6}gross {percent(total.sensitivity)}"
            f" / {percent(total.predictivity)}   average {percent(mean[0])} / {percent(mean[1])}"
        )
    low_se = min(ordered, key=lambda one: tables[one].sensitivity or 0)
    low_p = min(ordered, key=lambda one: tables[one].predictivity or 0)
    print(
        f"  {'':<16}worst record: {low_se} found {percent(tables[low_se].sensitivity)},"
        f" {low_p} right {percent(tables[low_p].predictivity)}"
    )
    return totals


def show_limits(name: str, scores: Sequence[EpisodeScore]) -> list[EpisodeScore]:
    """Print how rates beyond a limit were told; the scores of all records and of the odd half."""
    halves = [_sum(scores[first::step]) for first, step in ((0, 1), (0, 2), (1, 2))]
    shown = [
        f"{half} {one.missed:2} of {one.present:2} missed, {one.false:2} false"
        f" ({one.false_per_hour:.2f}/h)"
        for half, one in zip(("all", "even", "odd"), halves, strict=True)
    ]
    print(f"  {name:<38}{'   '.join(shown)}")
    return [halves[0], halves[2]]


def right_readings(wave: Wave, name: str) -> bool:
    """Whether the rate of a test wave is right from 20 s on."""
    told = ours(wave.samples.astype(np.float32), wave.rate_hz).rates[SETTLED_S:]
    values, wanted = [one for one in told if one is not None], EC13[name]
    right = len(values) == len(told) > 0 and all(abs(one - wanted) <= 1 for one in values)
    shown = f"{min(values):.0f} to {max(values):.0f}" if values else "nothing"
    print(f"  {OURS:<10}{name[4:]}: {shown}, wanted {wanted:g}: {'kept' if right else 'MISSED'}")
    return right


def main() -> int:
    """Measure, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    parser.add_argument("--peers", metavar="PYTHON")
    given = parser.parse_args()
    folder = given.folder or Path(__file__).parents[1] / ".." / "shared" / "data"
    paths = sorted((folder / "mitdb").glob("*.hea"))
    if not paths:
        print(f"no verdict: no record of mitdb in {folder}; name the folder that has mitdb/")
        return Verdict.NONE
    library = open_library(folder)
    records = list(library.read("mitdb"))
    known = "aami_ec13" in library.readers
    waves = [one for one in library.read("aami_ec13") if one.name in EC13] if known else []
    files = [folder / file for one in waves for file in one.files]
    return judge_all(
        records, waves, peers(given.peers, [*(p.with_suffix("") for p in paths), *files])
    )


def judge_all(records: Sequence[Recording], waves: Sequence[Recording], others: Peers) -> Verdict:
    """Score every record, print, and hold ours to the goals."""
    told = {one.name: ours(lead(one).samples, lead(one).rate_hz) for one in records}
    found = {OURS: {name: [beat.sample for beat in one.beats] for name, one in told.items()}}
    cpu_s = {OURS: sum(one.cpu_s for one in told.values())}
    for name in next(iter(others.values()), {}):
        found[name] = {record.name: others[record.name][name][0] for record in records}
        cpu_s[name] = sum(others[record.name][name][1] for record in records)
    seconds = sum(seconds_of(record) for record in records)
    kept: list[bool] = []
    print(f"beats of {len(records)} records: found / right, %")
    for name, by_record in found.items():
        tables = {record.name: table(record, by_record[record.name]) for record in records}
        totals = show_beats(name, tables)
        print(f"  {'':<16}{seconds / cpu_s[name]:.0f} x real time")
        if name == OURS:
            figures = [(one.sensitivity, one.predictivity) for one in totals.values()]
            kept += [(one or 0) >= GROSS_MIN for pair in (figures[0], figures[2]) for one in pair]
            kept += [(one.sensitivity or 0) >= RECORD_MIN for one in tables.values()]
    show_lags(records, told)
    times_floor = cpu_s[OURS] / sum(one.floor_s for one in told.values())
    kept.append(times_floor <= TIMES_FLOOR_MAX)
    print(
        f"  and takes {3600 * cpu_s[OURS] / seconds:.1f} s of processor time an hour of a patient,"
        f" {times_floor:.0f} times a band-pass of each block (at most {TIMES_FLOOR_MAX:g})"
    )
    kept += judge_limits(records, told, found)
    print("bigeminy of EC13")
    kept += [right_readings(lead(one), one.name) for one in waves]
    show_averages(waves, others)
    verdict = Verdict.KEPT if all(kept) else Verdict.MISSED
    print(f"goals: {verdict.said}")
    return verdict


def show_lags(records: Sequence[Recording], told: dict[str, Told]) -> None:
    """Print how late beats were told."""
    lags_s = np.concatenate(
        [
            [(beat.at - beat.sample) / lead(record).rate_hz for beat in told[record.name].beats]
            for record in records
        ]
    )
    shown = ", ".join(f"{np.percentile(lags_s, at):.2f} ({at} %)" for at in (50, 99, 100))
    print(f"  {OURS} tells a beat after so many seconds: {shown}")


def judge_limits(
    records: Sequence[Recording], told: dict[str, Told], found: dict[str, dict[str, list[int]]]
) -> list[bool]:
    """Print how rates beyond a limit were told; whether each goal is kept."""
    marked = {one.name: mean_of(one, one.beats.samples) for one in records}
    ruled = {one.name: by_rule(one) for one in records}
    kept: list[bool] = []
    for tolerance in (0.0, TOLERANCE):
        print(f"alarms of rates below {LOW:g} and above {HIGH:g}, tolerance {tolerance:g}")
        for name, by_record in found.items():
            means = [
                limits(one, mean_of(one, by_record[one.name]), marked[one.name], tolerance)
                for one in records
            ]
            show_limits(f"{name}, 10 s mean", means)
        for title, truth in (("the 10 s mean", marked), ("its own rule", ruled)):
            scores = [
                limits(one, told[one.name].rates, truth[one.name], tolerance) for one in records
            ]
            halves = show_limits(f"{OURS}, told, against {title}", scores)
            if tolerance:
                kept += [one.missed == 0 for one in halves]
                kept += [one.false_per_hour <= FALSE_PER_HOUR_MAX for one in halves]
    return kept


def show_averages(waves: Sequence[Recording], others: Peers) -> None:
    """Print the mean rate of what others found in the test waves."""
    for wave in waves if others else []:
        (file,) = wave.files
        for name, (samples, _) in others[Path(file).name].items():
            beats_told = len(samples)
            span = np.ptp(samples) if beats_told > 1 else 0
            rate = 60 * lead(wave).rate_hz * (beats_told - 1) / span if span else 0.0
            shown = f"{rate:.1f} on average" if rate else "no rate"
            print(f"  {name:<10}{wave.name[4:]}: {shown}")


def _sum(scores: Sequence[EpisodeScore]) -> EpisodeScore:
    total = scores[0]
    for score in scores[1:]:
        total += score
    return total


if __name__ == "__main__":
    sys.exit(main())
