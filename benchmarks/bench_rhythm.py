"""Signs of rhythm against recordings: alarms verified, fibrillation found, false calls counted.

    python benchmarks/bench_rhythm.py [folder of recordings] [--quick]

1. CinC 2015: each recording ends with the alarm of a bedside monitor. The whole chain (beats,
   rhythm, fibrillation, pulses, corroboration) reads the 30 s before it as they came. The alarm is
   kept when a lead shows its sign in the last 12 s with the limits for a second opinion, or a pulse
   bears it out, and nothing in the last 8 s contradicts it. The score is that of the challenge:
   100 (TP + TN) / (TP + TN + FP + 5 FN).
2. vfdb: 8 s windows of fibrillation and flutter against those of organised rhythms, by the mean
   continuity that was known in the window.
3. vfdb and mitdb: how long each call took, and false calls an hour.
4. mitdb: ventricular beats by EC57, found and right; each beat was judged as it came.

Both halves were looked at while features, rules and limits were chosen: the odd-numbered one is no
blind test. What these figures are worth, other recordings must show.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from verdict import Verdict as Exit

from edgeward.signal.channel import Signal
from edgeward.signal.detect.pulse import LAG_S, PulseDetector
from edgeward.signal.detect.qrs.qrs import QrsDetector
from edgeward.signal.detect.rhythm.corroborate import Corroboration, Verdict
from edgeward.signal.detect.rhythm.corroborate_witness import Kind
from edgeward.signal.detect.rhythm.limits import SENSITIVE
from edgeward.signal.detect.rhythm.rhythm import RhythmDetector
from edgeward.signal.detect.rhythm.ventricular import STEP_S, VentricularDetector
from edgeward.signal.findings import Beat, BeatClass, Finding, Sign, SignChange
from edgeward_harness.measure.scoring.beats import AamiClass, Labelled, gross, score_beats
from edgeward_harness.measure.scoring.challenge import ChallengeScore, score_alarms
from edgeward_harness.measure.scoring.episodes import Episode, score_episodes
from edgeward_harness.rig.recordings.library import Library, open_library
from edgeward_harness.rig.recordings.recording import Recording, Wave

SECOND_NS = 1_000_000_000
LATE_S = 12.0
LOOKED_AT_S = 8.0
WINDOW_S = 8.0
BLOCK_S = 0.1
LASTING_S, LATE_MAX_S = 10.0, 10.0
"""An episode that must be called, and how late after one a call still belongs to it."""
SCORE_MIN, TPR_MIN, VF_SE_MIN = 81.0, 0.99, 0.90
"""Goals, on the odd half: score; true asystole and fibrillation kept; windows found at 99 %."""
FIBRILLATION = frozenset({"VF", "VFIB", "VFL"})
LIKE_IT = FIBRILLATION | {"VT", "ASYS", "NOISE"}
"""A call in these is not counted as false: they need the same answer, or cannot be judged."""
WANTED = {
    "Asystole": (Sign.ASYSTOLE, Sign.VENTRICULAR_FIBRILLATION),
    "Bradycardia": (Sign.EXTREME_BRADYCARDIA, Sign.ASYSTOLE),
    "Tachycardia": (
        Sign.EXTREME_TACHYCARDIA,
        Sign.VENTRICULAR_TACHYCARDIA,
        Sign.VENTRICULAR_FIBRILLATION,
    ),
    "Ventricular_Flutter_Fib": (
        Sign.VENTRICULAR_FIBRILLATION,
        Sign.ASYSTOLE,
        Sign.VENTRICULAR_TACHYCARDIA,
    ),
    "Ventricular_Tachycardia": (Sign.VENTRICULAR_TACHYCARDIA, Sign.VENTRICULAR_FIBRILLATION),
}
"""The signs that bear out an alarm; the first is what it says."""
LETHAL = ("Asystole", "Ventricular_Flutter_Fib")


def blocks(wave: Wave) -> Iterator[tuple[slice, np.ndarray]]:
    """The samples as they come, and which of them are valid."""
    step = max(1, round(BLOCK_S * wave.rate_hz))
    valid = np.isfinite(wave.samples)
    for first in range(0, len(wave.samples), step):
        part = slice(first, first + step)
        yield part, valid[part]


def changes(wave: Wave) -> tuple[list[SignChange], list[Beat]]:
    """The signs and the beats of one lead."""
    beats, waves = QrsDetector(wave.rate_hz), VentricularDetector(wave.rate_hz)
    rhythm = RhythmDetector(wave.rate_hz, beats.weak_lag_samples, SENSITIVE)
    told: list[Finding] = []
    known: list[Beat] = []
    for part, valid in blocks(wave):
        new = beats.push(wave.samples[part], valid)
        known += new
        told += [*rhythm.push(new, valid), *waves.push(wave.samples[part], valid)]
    return [one for one in told if isinstance(one, SignChange)], known


def shown(found: Sequence[SignChange], signs: Sequence[Sign], from_sample: float) -> bool:
    """Whether one of the signs was present at or after a sample."""
    state: dict[Sign, bool] = {}
    for one in found:
        if one.at >= from_sample and (one.present or state.get(one.sign)) and one.sign in signs:
            return True
        state[one.sign] = one.present is True
    return any(state.get(sign) for sign in signs)


def kept(recording: Recording) -> bool:
    """Whether the chain bears out the alarm with which a recording ends."""
    assert recording.alarm is not None
    signs = WANTED[recording.alarm.kind]
    together, seen = Corroboration(), False
    end_ns = 0
    for number, wave in enumerate(recording.waves):
        end_ns = max(end_ns, round(wave.seconds * SECOND_NS))
        tick_ns = SECOND_NS // wave.rate_hz
        if wave.signal is Signal.ECG:
            found, beats = changes(wave)
            seen |= shown(found, signs, len(wave.samples) - LATE_S * wave.rate_hz)
            witness = together.witness(f"{number} {wave.name}", Kind.LEAD, SECOND_NS // 2)
        elif wave.signal in (Signal.PPG, Signal.PRESSURE):
            detector = PulseDetector(wave.rate_hz)
            pushed = [detector.push(wave.samples[part], valid) for part, valid in blocks(wave)]
            beats = [one for some in pushed for one in some if isinstance(one, Beat)]
            lag_ns = round((LAG_S + BLOCK_S) * SECOND_NS)
            witness = together.witness(f"{number} {wave.name}", Kind.PULSE, lag_ns)
        else:
            continue
        for beat in beats:
            witness.beat(beat.sample * tick_ns, beat.at * tick_ns, beat.height)
    since_ns = end_ns - round(LOOKED_AT_S * SECOND_NS)
    verdict, _ = together.look(signs[0], since_ns, end_ns)
    return verdict is Verdict.CONFIRMED or (seen and verdict is not Verdict.CONTRADICTED)


def told_of(score: ChallengeScore) -> str:
    """A score as a line of a table."""
    true, false = score.kept_true + score.suppressed_true, score.kept_false + score.suppressed_false
    shares = (
        f"TPR {score.true_positive_rate:6.1%}" if true else "TPR      -",
        f"TNR {score.true_negative_rate:6.1%}" if false else "TNR      -",
    )
    total = "-" if score.score is None else f"{score.score:.1f}"
    counts = f"({score.kept_true}/{true}, {score.suppressed_false}/{false})"
    return f"{shares[0]}  {shares[1]}  score {total:>5}  {counts}"


def alarms(library: Library) -> bool:
    """Figure 1; whether a goal is missed."""
    judged: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    recordings = sorted(library.read("cinc2015"), key=lambda one: one.name)
    for number, one in enumerate(recordings):
        assert one.alarm is not None
        answer = (one.alarm.true, kept(one))
        for half in ("odd" if number % 2 else "even", "all"):
            for kind in (one.alarm.kind, "all"):
                judged[half, kind].append(answer)
    print("CinC 2015: alarms verified (a score of 39.2 keeps all, 23.7 none)")
    for half in ("even", "odd", "all"):
        for kind in (*WANTED, "all"):
            print(f"  {half:<5}{kind:<25}{told_of(score_alarms(judged[half, kind]))}")
    lethal = score_alarms([one for kind in LETHAL for one in judged["all", kind]])
    odd = score_alarms(judged["odd", "all"]).score or 0.0
    return odd < SCORE_MIN or (lethal.true_positive_rate or 0.0) < TPR_MIN


@dataclass
class Lead:
    """How continuous one lead of vfdb or mitdb was, and what was called."""

    recording: Recording
    odd: bool
    wave: Wave
    continuity: np.ndarray
    calls: list[Episode]
    """When each call began and ended."""
    step_s: float

    def rhythm(self, first_s: float, end_s: float) -> str:
        """The one rhythm of this time; empty when there are several or none."""
        for one in self.recording.rhythms:
            if one.first <= first_s * self.wave.rate_hz and one.end >= end_s * self.wave.rate_hz:
                return one.rhythm.strip("(")
        return ""


def leads(library: Library, collection: str) -> Iterator[Lead]:
    """Every lead of a collection, read as it came."""
    recordings = sorted(library.read(collection), key=lambda one: one.name)
    for number, recording in enumerate(recordings):
        for wave in [one for one in recording.waves if one.signal is Signal.ECG]:
            detector, calls, continuity = VentricularDetector(wave.rate_hz), [], []
            step = detector.step_samples
            valid = np.isfinite(wave.samples)
            for first in range(0, len(wave.samples) - step + 1, step):
                part = slice(first, first + step)
                calls += detector.push(wave.samples[part], valid[part])
                now = detector.continuity
                continuity.append(-1.0 if now is None else now)
            told = called(calls, wave)
            values = np.array(continuity)
            yield Lead(recording, bool(number % 2), wave, values, told, step / wave.rate_hz)


def called(found: Sequence[Finding], wave: Wave) -> list[Episode]:
    """When the sign was present."""
    told = [one for one in found if isinstance(one, SignChange)]
    ends = [*(one.at for one in told[1:]), len(wave.samples)]
    return [
        (one.at / wave.rate_hz, last / wave.rate_hz)
        for one, last in zip(told, ends, strict=True)
        if one.present
    ]


def windows(found: Sequence[Lead]) -> bool:
    """Figure 2; whether the goal is missed."""
    positive: list[tuple[bool, float]] = []
    negative: list[tuple[bool, float]] = []
    span = round(WINDOW_S / STEP_S)
    for lead in found:
        for end in range(span, len(lead.continuity) + 1, span // 2):
            name = lead.rhythm((end - span) * lead.step_s, end * lead.step_s)
            value = (lead.odd, float(lead.continuity[end - span // 2 : end].mean()))
            if name in FIBRILLATION:
                positive.append(value)
            elif name and name not in LIKE_IT:
                negative.append(value)
    limit = float(np.quantile([value for _, value in negative], 0.99))
    print(f"vfdb: {WINDOW_S:g} s windows at 99 % specificity (leakage alone: 63.0 %)")
    shares = {}
    for half, among in (("even", {False}), ("odd", {True}), ("all", {False, True})):
        hits = [value > limit for odd, value in positive if odd in among]
        shares[half] = float(np.mean(hits))
        print(f"  {half:<5}sensitivity {shares[half]:6.1%} of {len(hits)}; limit {limit:.3f}")
    return shares["all"] < VF_SE_MIN


def episodes(found: Sequence[Lead], what: str) -> None:
    """Figure 3: each fibrillation of 10 s or more, and the calls outside of any."""
    late: list[float] = []
    missed = false = 0
    hours = 0.0
    for lead in found:
        seconds, rate_hz = lead.wave.seconds, lead.wave.rate_hz
        named = [
            (one.rhythm.strip("("), one.first / rate_hz, one.end / rate_hz)
            for one in lead.recording.rhythms
        ]
        alike = [(first, end) for name, first, end in named if name in LIKE_IT]
        alike += [(first / rate_hz, end / rate_hz) for first, end in lead.recording.unmarked]
        hours += (seconds - sum(end - first for first, end in alike)) / 3600
        false += score_episodes(alike, lead.calls, seconds, LATE_MAX_S).false
        lasting = [
            (first, end)
            for name, first, end in named
            if name in FIBRILLATION and end - first >= LASTING_S
        ]
        score = score_episodes(lasting, lead.calls, seconds)
        missed += score.missed
        late += score.delays_s
    print(f"{what}: {false / hours:.2f} false calls an hour in {hours:.1f} h of other rhythms")
    if late:
        middle, most = np.median(late), np.quantile(late, 0.9)
        print(
            f"  {len(late)} episodes of {LASTING_S:g} s or more called after {middle:.1f} s"
            f" (median; 90 %: {most:.1f} s), {missed} missed"
        )


CLASSES = {
    BeatClass.NORMAL: AamiClass.NORMAL,
    BeatClass.VENTRICULAR: AamiClass.VENTRICULAR,
    BeatClass.UNKNOWN: AamiClass.UNCLASSIFIED,
}


def ventricular_beats(library: Library) -> None:
    """Figure 4."""
    tables = []
    for recording in sorted(library.read("mitdb"), key=lambda one: one.name):
        wave = recording.waves[0]
        detector = QrsDetector(wave.rate_hz)
        pushed = [detector.push(wave.samples[part], valid) for part, valid in blocks(wave)]
        found = [beat for some in pushed for beat in some]
        told = Labelled([one.sample for one in found], [CLASSES[one.kind] for one in found])
        tables.append(score_beats(recording.beats, told, wave.rate_hz, recording.unmarked))
    print("mitdb: ventricular beats found / right")
    for half, among in (("even", tables[::2]), ("odd", tables[1::2]), ("all", tables)):
        table = gross(among)
        sensitivity = table.class_sensitivity(AamiClass.VENTRICULAR) or 0.0
        predictivity = table.class_predictivity(AamiClass.VENTRICULAR) or 0.0
        print(f"  {half:<5}{sensitivity:6.1%} / {predictivity:6.1%}")


def main() -> int:
    """Measure, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("recordings", nargs="?", type=Path, default=default)
    parser.add_argument("--quick", action="store_true", help="only the alarms")
    given = parser.parse_args()
    if not given.recordings.is_dir():
        print(f"no verdict: {given.recordings} is no folder with recordings", file=sys.stderr)
        return Exit.NONE
    library = open_library(given.recordings)
    missed = alarms(library)
    if not given.quick:
        found = list(leads(library, "vfdb"))
        missed |= windows(found)
        for half in ("even", "odd"):
            episodes([one for one in found if one.odd == (half == "odd")], f"vfdb, {half}")
        episodes(list(leads(library, "mitdb")), "mitdb")
        ventricular_beats(library)
    return Exit.MISSED if missed else Exit.KEPT


if __name__ == "__main__":
    sys.exit(main())
