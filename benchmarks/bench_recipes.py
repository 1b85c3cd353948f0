"""What does each way to make a model small bring, and what does it cost? All in one run.

Usage: bench_recipes.py [--kept FOLDER] [--converter PYTHON] [--quick]

A residual network of 230 thousand weights (`recipes_networks`) is taught five rhythms of simulated
patients (`recipes_task`), made small by every recipe (`recipes_made`), and measured with torch,
ONNX Runtime in float and as its own quantiser leaves it, and LiteRT where PYTHON names an
interpreter with its converter. What is taught is kept in FOLDER (build/recipes); the first time
takes a quarter of an hour of a processor.

Times are of contenders that take turns; each figure has its interval (`recipes_figures`). What to
call the combined recipe is chosen on the choosing part: of those that are small enough, the one of
which most can be promised for the worst label there. The patients to judge on are looked at once.

Goals: whole numbers alone 3.5x smaller and 3x faster than ONNX Runtime in float; combined 40x and
8x, and the worst label within a point of the float network. That must hold for the *limit* of its
interval; the value itself is shown beside it.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from verdict import Verdict, on_host

from edgeward.adapters.scheduling import freeze_garbage
from edgeward.adapters.store import DirectoryStore
from edgeward_harness.rig.stall import stall_probe

if TYPE_CHECKING:
    from recipes_contenders import Contender
    from recipes_figures import Rightness, Turns
    from recipes_made import Made

    from edgeward.model.compress.examples import Parts
    from edgeward.model.compress.scores import Figure

NEEDED: Final = ("torch", "torch_pruning", "onnx", "onnxscript")
FLOAT: Final = "ort, float"
ALONE: Final = "as given, int8"
POINT: Final = 0.01
SMALLER_ALONE, FASTER_ALONE = 3.5, 3.0
SMALLER, FASTER = 40.0, 8.0


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure and its limit."""

    what: str
    value: float
    least: float
    said: str

    @property
    def kept(self) -> bool:
        """Whether it is reached."""
        return self.value >= self.least


def contenders(
    models: "Mapping[str, Made]", parts: "Parts", given: object, converter: str | None
) -> "list[Contender]":
    """The peers, then ours."""
    from recipes_contenders import by_litert, by_onnx, by_torch, litert_models, usual_int8
    from recipes_made import GIVEN, calibration

    windows, ranges = parts.judging.windows, calibration(parts)
    plain = models[GIVEN].plain
    found = [
        by_onnx(FLOAT, plain, windows),
        by_torch("torch, eager", given, windows),
        by_onnx("ort, its own int8", usual_int8(plain, ranges), windows),
    ]
    if converter is None:
        print("LiteRT: not measured: no converter (pip install litert-torch, then --converter)")
    else:
        for name, model in zip(
            ("float", "int8"), litert_models(given, ranges, converter), strict=True
        ):
            found.append(by_litert(f"litert, {name}", model, windows))
    for name, one in models.items():
        if name != GIVEN:  # the same as ONNX Runtime's
            found.append(by_onnx(f"{name}, float", one.plain, windows))
        found.append(by_onnx(f"{name}, int8", one.whole, windows))
    return found


def chosen(models: "Mapping[str, Made]", parts: "Parts") -> str:
    """The combined recipe, by the choosing part alone."""
    from recipes_made import GIVEN

    from edgeward.model.compress.graphs import run
    from edgeward.model.compress.scores import retained

    choosing = parts.choosing
    before = run(models[GIVEN].plain, choosing.windows)
    size = len(models[GIVEN].plain)
    promised: dict[str, float] = {}
    for name, one in models.items():
        kept = retained(choosing, run(one.whole, choosing.windows), before, 1)
        label, worst = kept.lowest
        if size / len(one.whole) >= SMALLER:
            promised[name] = worst.low
        print(f"  {name:<32}{label:<24}{said(worst, 100)}")
    return max(promised, key=promised.__getitem__, default=GIVEN)


def said(figure: "Figure", factor: float = 1.0, digits: int = 2) -> str:
    """A figure and its interval."""
    value, low, high = (factor * one for one in (figure.value, figure.low, figure.high))
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def table(every: "Sequence[Contender]", turns: "Turns", right: "Mapping[str, Rightness]") -> str:
    """One line for each contender."""
    head = (
        "", "bytes", "smaller", "p50 us", "faster", "p99 us of cpu", "accuracy %",
        "worst label, points", "agreeing %", "max |dp|",
    )  # fmt: skip
    first = every[0]
    rows = [head]
    for one in every:
        found = right[one.name]
        label, worst = found.kept.lowest
        rows.append(
            (
                one.name,
                f"{one.size_bytes:,}",
                f"{first.size_bytes / one.size_bytes:.1f}x",
                said(turns.p50_us(one.name), digits=0),
                said(turns.faster(one.name, first.name), digits=1),
                said(turns.cpu_p99_us(one.name), digits=0),
                said(found.scores.accuracy, 100),
                f"{said(worst, 100)} {label}",
                said(found.agreeing, 100),
                said(found.apart),
            )
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def goals(
    every: "Sequence[Contender]", turns: "Turns", right: "Mapping[str, Rightness]", best: str
) -> list[Goal]:
    """Each with what was found."""
    by_name = {one.name: one for one in every}
    found: list[Goal] = []
    for name, smaller, faster in ((ALONE, SMALLER_ALONE, FASTER_ALONE), (best, SMALLER, FASTER)):
        size = by_name[FLOAT].size_bytes / by_name[name].size_bytes
        ratio = turns.faster(name, FLOAT)
        found.append(Goal(f"{name}: smaller", size, smaller, f"{size:.1f}x"))
        found.append(Goal(f"{name}: faster", ratio.value, faster, said(ratio, digits=1)))
    label, worst = right[best].kept.lowest
    what = f"{best}: the worst label ({label}), limit of its interval"
    found.append(Goal(what, 100 * worst.low, -100 * POINT, f"{said(worst, 100)} points"))
    return found


def processes(made: "Made", given: object, parts: "Parts") -> None:
    """What a device's process costs, beside torch's."""
    import torch
    from recipes_made import package
    from recipes_process import costs

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shipped, public = package(made.whole, parts)
        (folder / "model.edgemodel").write_bytes(shipped)
        (folder / "key.pem").write_bytes(public)
        (folder / "model.onnx").write_bytes(made.whole)
        torch.save(given.state_dict(), folder / "weights.pt")  # type: ignore[attr-defined] # torch's
        found = costs(
            {
                "torch, eager": ("torch", str(folder / "weights.pt")),
                "device, signed package": (
                    "package", str(folder / "model.edgemodel"), str(folder / "key.pem")
                ),
                "device, model alone": ("model", str(folder / "model.onnx")),
                "bare interpreter": ("bare",),
            }
        )  # fmt: skip
    torch_ms = found["torch, eager"].import_ms + found["torch, eager"].first_ms
    print("a new process: processor time to import, to load and answer once; resident memory")
    for what, one in found.items():
        both_ms = one.import_ms + one.first_ms
        ratio = f"{torch_ms / both_ms:6.1f}x" if both_ms else ""
        memory = found["torch, eager"].resident_mib / one.resident_mib
        print(
            f"  {what:<24}{one.import_ms:8.1f} ms{one.first_ms:8.1f} ms {ratio:>7}"
            f"{one.resident_mib:8.1f} MiB {memory:5.1f}x"
        )


def measured(kept: Path, converter: str | None, *, quick: bool) -> Verdict:
    """Make, ask and judge, and tell all of it."""
    from recipes_figures import rightness, take_turns
    from recipes_made import GIVEN, given_network, made, networks
    from recipes_task import Patients, parts

    tell = partial(print, flush=True)
    dealt = parts(Patients(60, 30, 60) if quick else Patients(600, 150, 800))
    store = DirectoryStore(kept)
    given = given_network(dealt, store, tell)
    models = {name: made(one, dealt) for name, one in networks(given, dealt, store, tell).items()}
    whole = models[GIVEN]
    print(f"export {whole.export_s:.1f} s, whole numbers {whole.quantise_s:.1f} s of the processor")
    print("choosing part: the label of which least can be promised, in points")
    best = chosen(models, dealt)
    print(f"combined: {best}")
    processes(models[best], given, dealt)
    every = contenders(models, dealt, given, converter)
    freeze_garbage()
    with stall_probe() as stalls:
        turns = take_turns(every, dealt.judging.windows, 20 if quick else 200, 1)
    reference = every[0].answers
    right = {one.name: rightness(dealt.judging, one.answers, reference) for one in every}
    print(f"{best}, int8, each label against the float network, in points")
    for label, figure in right[f"{best}, int8"].kept.by_label.items():
        print(f"  {label:<24}{said(figure, 100)}")
    print(table(every, turns, right))
    found = goals(every, turns, right, f"{best}, int8")
    for goal in found:
        verdict = "kept" if goal.kept else "MISSED"
        print(f"goal: {goal.what}: {goal.said}; at least {goal.least:g}: {verdict}")
    return on_host(stalls, missed=not all(goal.kept for goal in found))


def main() -> int:
    """Measure, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kept", type=Path, help="a folder for what was taught")
    parser.add_argument("--converter", help="an interpreter that has litert-torch")
    parser.add_argument("--quick", action="store_true", help="a tenth of the patients: no figures")
    asked = parser.parse_args()
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        print(f"no verdict: not installed: {', '.join(missing)}", file=sys.stderr)
        return Verdict.NONE
    kept: Path = asked.kept or Path(__file__).parents[1] / "build" / "recipes"
    kept.mkdir(parents=True, exist_ok=True)
    return measured(kept, asked.converter, quick=asked.quick)


if __name__ == "__main__":
    sys.exit(main())
