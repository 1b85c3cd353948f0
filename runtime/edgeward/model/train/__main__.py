"""`python -m edgeward.model.train --out DIR`: both models and their cards, from one integer."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgeward.errors import ModelError
from edgeward.model.train.cards import Card, cards
from edgeward.model.train.making import made
from edgeward.model.train.material import Plan, gathered, judged

STUDENT_FILES = "rhythm_reference"
TEACHER_FILES = "rhythm_teacher"


def make(plan: Plan, out: Path) -> int:
    """Make both models and write them into a folder."""
    material = gathered(plan)
    models = made(plan, material, _say)
    told = cards(plan, material, models, list(judged(plan)))
    out.mkdir(parents=True, exist_ok=True)
    _write(out / TEACHER_FILES, models.teacher, told.teacher)
    _write(out / STUDENT_FILES, models.student, told.student)
    return 0


def _write(path: Path, model: bytes, card: Card) -> None:
    path.with_suffix(".onnx").write_bytes(model)
    text = json.dumps(card, indent=2) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")
    _say(f"{card['sha256']}  {path.name}, {len(model):,} bytes")
    for one in card["metrics"]:
        if one["name"] == "accuracy":
            _say(f"  {one['value']:.4f} accuracy, {one['subgroup']}, {one['windows']} windows")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Write the models and their cards into a folder."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m edgeward.model.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the four files")
    parser.add_argument("--recordings", type=Path, help="folder with vfdb, cinc2015 and mitdb")
    parser.add_argument("--seed", type=int, default=usual.seed, help="first simulated patient")
    options = parser.parse_args(argv)
    try:
        return make(replace(usual, seed=options.seed, recordings=options.recordings), options.out)
    except ModelError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
