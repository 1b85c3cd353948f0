"""Beats and heart rate on recordings of real patients, beside wfdb's and sleepecg's detectors.

    python benchmarks/bench_qrs.py [folder of recordings] [--peers PYTHON]

1. Beats of mitdb, lead 0, after EC57: one to one within 150 ms, the first five minutes left out,
   and flutter in which nobody marked beats. Gross, average and worst record; the even half (records
   in the order of their names, counted from 0), on which thresholds were chosen, and the odd half.
   The odd half is not unseen: its first errors (116, 203) were looked at before rules were written,
   and one rule, that the time of the T wave shortens with the usual interval, was prompted by it.
   Ours reads blocks of 40 ms, as they come; the others read the whole record.
2. Rates below 50 and above 120 for 3 s or longer, against the annotated beats. For all detectors
   the mean interval of the last 10 s, each second; for ours also what it tells, up to 10 s late.
   The averaging rule was chosen on the annotated beats of all of these records.
3. Bigeminy of EC13: 3a reads 80 and 3b 60, within 1, from 20 s on.

The others need a Python with wfdb and sleepecg: `python3 -m venv peers`, then `peers/bin/pip
install wfdb sleepecg`, then `--peers peers/bin/python`. Without one they are left out.

Goals: gross sensitivity and predictivity of 99.2 % on all records and on the odd half, no record
under 90 %; no rate beyond a limit missed and at most 0.1 false ones an hour; both readings right.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from annotations import Annotation, beats, read_annotations
from numpy.typing import NDArray
from verdict import Verdict

from edgeward.signal.detect.heart_rate import HeartRate
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.findings import Beat, Reading
from edgeward.signal.recording import read_recording
from edgeward_harness.measure.scoring.beats import (
    AamiClass,
    BeatTable,
    Labelled,
    average,
    gross,
    score_beats,
)
from edgeward_harness.measure.scoring.episodes import Episode, EpisodeScore, score_episodes

Wave = NDArray[np.float32]
Rates = NDArray[np.float64]
"""One a second; NaN where there is none."""

Peers = dict[str, dict[str, tuple[list[int], float]]]
"""By record and detector: beats, and seconds of processor time."""

OURS = "edgeward"
BLOCK_S = 0.04
LOW, HIGH, EPISODE_S = 50.0, 120.0, 3
MEAN_S, LATE_S = 10, 10.0
GROSS_MIN, RECORD_MIN, FALSE_PER_HOUR_MAX = 0.992, 0.9, 0.1
SETTLED_S, EC13 = 20, {"aami3a_720hz.npz": 80.0, "aami3b_720hz.npz": 60.0}


@dataclass(frozen=True, slots=True)
class Told:
    """What our detector told about a record."""

    beats: list[Beat]
    readings: list[Reading]
    cpu_s: float


def ours(wave: Wave, rate_hz: int) -> Told:
    """Feed a record as it would come."""
    detector, rate = QrsDetector(rate_hz), HeartRate(rate_hz)
    found: list[Beat] = []
    readings: list[Reading] = []
    block = round(BLOCK_S * rate_hz)
    valid = np.isfinite(wave)
    began_s = time.process_time()
    for first in range(0, len(wave), block):
        part = slice(first, first + block)
        told = detector.push(wave[part], valid[part])
        found += told
        readings += rate.push(told, valid[part])
    return Told(found, readings, time.process_time() - began_s)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of mitdb."""

    name: str
    wave: Wave
    rate_hz: int
    reference: list[int]
    flutter: list[tuple[int, int]]

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return len(self.wave) // self.rate_hz


def read(path: Path) -> Record:
    """Lead 0 of a record, with its annotated beats."""
    wave = read_recording(path)[0]
    notes = read_annotations(path.with_suffix(".atr"))
    return Record(path.stem, wave.samples, round(wave.rate_hz), beats(notes), _flutter(notes))


def _flutter(notes: Sequence[Annotation]) -> list[tuple[int, int]]:
    begins = [note.sample for note in notes if note.symbol == "["]
    ends = [note.sample + 1 for note in notes if note.symbol == "]"]
    return list(zip(begins, ends, strict=True))


def table(record: Record, found: Sequence[int]) -> BeatTable:
    """Whether beats were found, whatever they were taken for."""
    normal = AamiClass.NORMAL
    return score_beats(
        Labelled(record.reference, [normal] * len(record.reference)),
        Labelled(found, [normal] * len(found)),
        record.rate_hz,
        record.flutter,
    )


def mean_rates(found: Sequence[int], record: Record) -> Rates:
    """The mean interval of the last ten seconds, as a rate, each second."""
    samples, rates = np.asarray(found), np.full(record.seconds, np.nan)
    for second in range(record.seconds):
        now = (second + 1) * record.rate_hz
        first, end = np.searchsorted(samples, [now - MEAN_S * record.rate_hz, now])
        if end - first >= 2:
            span = samples[end - 1] - samples[first]
            rates[second] = 60 * record.rate_hz * (end - first - 1) / span
    return rates


def episodes(rates: Rates) -> list[Episode]:
    """Where a rate was beyond a limit for long enough."""
    found: list[Episode] = []
    with np.errstate(invalid="ignore"):
        for beyond in (rates < LOW, rates > HIGH):
            edges = np.flatnonzero(np.diff(np.concatenate([[False], beyond, [False]])))
            found += [(f, e) for f, e in edges.reshape(-1, 2).tolist() if e - f >= EPISODE_S]
    return sorted(found)


def limits(record: Record, rates: Rates, late_s: float) -> EpisodeScore:
    """Episodes of what was told against those of the annotated beats."""
    truth = episodes(mean_rates(record.reference, record))
    return score_episodes(truth, episodes(rates), record.seconds, late_s)


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


def show_limits(name: str, score: EpisodeScore) -> None:
    """Print how rates beyond a limit were told."""
    print(
        f"  {name:<28}{score.missed:4} of {score.present} missed,"
        f" {score.false} false ({score.false_per_hour:.2f}/h)"
    )


def right_readings(path: Path, wanted: float) -> bool:
    """Whether the rate of a test wave is right from 20 s on."""
    told = ours(np.load(path)["mv"].astype(np.float32), 720).readings[SETTLED_S:]
    values = [one.value for one in told if one.value is not None]
    right = len(values) == len(told) > 0 and all(abs(one - wanted) <= 1 for one in values)
    shown = f"{min(values):.1f} to {max(values):.1f}" if values else "nothing"
    print(
        f"  {OURS:<10}{path.name[4:6]}: {shown}, wanted {wanted:g}: {'kept' if right else 'MISSED'}"
    )
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
    waves = [path for path in sorted((folder / "aami_ec13").glob("*.npz")) if path.name in EC13]
    return judge(paths, waves, peers(given.peers, [*(p.with_suffix("") for p in paths), *waves]))


def judge(paths: Sequence[Path], waves: Sequence[Path], others: Peers) -> Verdict:
    """Score every record, print, and hold ours to the goals."""
    records = [read(path) for path in paths]
    told = {record.name: ours(record.wave, record.rate_hz) for record in records}
    found = {OURS: {name: [beat.sample for beat in one.beats] for name, one in told.items()}}
    cpu_s = {OURS: sum(one.cpu_s for one in told.values())}
    for name in next(iter(others.values()), {}):
        found[name] = {record.name: others[record.name][name][0] for record in records}
        cpu_s[name] = sum(others[record.name][name][1] for record in records)
    seconds = sum(record.seconds for record in records)
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
    print(
        f"  and takes {3600 * cpu_s[OURS] / seconds:.1f} s of processor time an hour of a patient"
    )
    kept += judge_limits(records, told, found)
    print("bigeminy of EC13")
    kept += [right_readings(path, EC13[path.name]) for path in waves]
    show_averages(waves, others)
    verdict = Verdict.KEPT if all(kept) else Verdict.MISSED
    print(f"goals: {verdict.said}")
    return verdict


def show_lags(records: Sequence[Record], told: dict[str, Told]) -> None:
    """Print how late beats were told."""
    lags_s = np.concatenate(
        [
            [(beat.at - beat.sample) / record.rate_hz for beat in told[record.name].beats]
            for record in records
        ]
    )
    shown = ", ".join(f"{np.percentile(lags_s, at):.2f} ({at} %)" for at in (50, 99, 100))
    print(f"  {OURS} tells a beat after so many seconds: {shown}")


def judge_limits(
    records: Sequence[Record], told: dict[str, Told], found: dict[str, dict[str, list[int]]]
) -> list[bool]:
    """Print how rates beyond a limit were told; whether each goal is kept."""
    print(f"rates below {LOW:g} and above {HIGH:g} for {EPISODE_S} s or longer")
    for name, by_record in found.items():
        means = [limits(r, mean_rates(by_record[r.name], r), 0.0) for r in records]
        show_limits(f"{name}, 10 s mean", _sum(means))
    scores = []
    for record in records:
        values = [one.value for one in told[record.name].readings]
        rates = np.array([np.nan if value is None else value for value in values])
        scores.append(limits(record, rates, LATE_S))
    score = _sum(scores)
    show_limits(f"{OURS}, what it tells", score)
    return [score.missed == 0, score.false_per_hour <= FALSE_PER_HOUR_MAX]


def show_averages(waves: Sequence[Path], others: Peers) -> None:
    """Print the mean rate of what others found in the test waves."""
    for path in waves if others else []:
        for name, (samples, _) in others[path.name].items():
            beats_told = len(samples)
            rate = 60 * 720 * (beats_told - 1) / np.ptp(samples) if beats_told > 1 else 0.0
            shown = f"{rate:.1f} on average" if rate else "no rate"
            print(f"  {name:<10}{path.name[4:6]}: {shown}")


def _sum(scores: Sequence[EpisodeScore]) -> EpisodeScore:
    total = scores[0]
    for score in scores[1:]:
        total += score
    return total


if __name__ == "__main__":
    sys.exit(main())
