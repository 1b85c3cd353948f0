"""`python -m edgeward.model.train_beats --recordings DIR --out DIR`: both beat models again."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeward.errors import ModelError
from edgeward.model.train_beats.cards import Card, cards
from edgeward.model.train_beats.making import Plan, made, validated
from edgeward.model.train_beats.material import gathered

STUDENT_FILES = "beat_reference"
TEACHER_FILES = "beat_teacher"


def make(folder: Path, plan: Plan, out: Path) -> None:
    """Make both models and write them, with their cards, into a folder.

    Raises:
        ModelError: a recording cannot be used, or the student is not in whole numbers.
    """
    material = gathered(folder)
    found = validated(material, plan, _say)
    models = made(material.examples(), plan)
    told = cards(plan, material, models, found)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / TEACHER_FILES, models.teacher, told.teacher)
    _write(out / STUDENT_FILES, models.student, told.student)


def _write(path: Path, model: bytes, card: Card) -> None:
    path.with_suffix(".onnx").write_bytes(model)
    text = json.dumps(card, indent=2) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")
    _say(f"{card['sha256']}  {path.name}, {len(model):,} bytes")
    for one in card["metrics"]:
        what = f"{one['name']} {one['label'] or ''}".strip()
        _say(f"  {what}: {one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Write the models and their cards into a folder."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m edgeward.model.train_beats")
    parser.add_argument(
        "--recordings", type=Path, required=True, help="folder that holds the folder mitdb"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the four files")
    parser.add_argument("--seed", type=int, default=usual.seed, help="of every draw")
    options = parser.parse_args(argv)
    try:
        make(options.recordings / "mitdb", Plan(seed=options.seed), options.out)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
