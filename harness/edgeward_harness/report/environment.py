"""The templates and all that they may use; what a page shows is in the model of the report."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.measure.origin import Origin
from edgeward_harness.report import numbers
from edgeward_harness.report.build import use_of_limit
from edgeward_harness.report.facts import device_facts, device_models, flatten, text_of
from edgeward_harness.report.figure import Figure, figure_for
from edgeward_harness.report.forest import Forest, forest_for
from edgeward_harness.report.model import AttemptView, JudgedView
from edgeward_harness.report.procedure import paragraphs
from edgeward_harness.report.safe import anchor, visible
from edgeward_harness.report.words import word_for

if TYPE_CHECKING:  # imported where it is used: no other command needs it
    from jinja2 import Environment

PARTS = "parts.html.j2"
SHIPPED = "shipped"
"""Under this name a template that replaces one of ours still reaches ours."""
LONG = 44
"""Characters of a fact that gets a line of its own."""
NAMED = 8
"""Requirements named beside the verdict, units in a fact; the JSON twin has them all."""
MANY = 12
"""Executions of one case told in full; more are a table, and what did not pass."""
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠"}


class Gauge(NamedTuple):
    """How much of a budget is used up."""

    width: str
    share: str
    dress: str


@lru_cache(maxsize=2)
def make_environment(templates: Path | None = None) -> "Environment":
    """The templates with everything they may use; compiled once, and anew when a file changes.

    Templates of others may show values and reach nothing else: a pack that is inspected brings
    those of whoever made it.

    Raises:
        InputError: the folder of templates is not one.
    """
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment
    from markupsafe import Markup

    if templates is not None and not templates.is_dir():
        raise InputError("--templates", [f"found {templates}, expected a folder of templates"])
    shipped = FileSystemLoader(resources.templates())
    own = [] if templates is None else [FileSystemLoader(templates)]
    kind = Environment if templates is None else SandboxedEnvironment
    environment = kind(
        loader=ChoiceLoader([*own, shipped, PrefixLoader({SHIPPED: shipped})]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.filters |= {
        "state": _once_a_state(environment, "state"),
        "symbol": _once_a_state(environment, "symbol"),
        "trusted": Markup,
    }
    environment.globals |= {
        "word": word_for,
        "drawn": drawn,
        "LONG": LONG,
        "NAMED": NAMED,
        "MANY": MANY,
    }
    return environment


class Drawn(NamedTuple):
    """A measurement with what can be drawn of it: its values, its parts, or both."""

    part: JudgedView
    figure: Figure | None
    forest: Forest | None


def drawn(attempt: AttemptView) -> tuple[list[Drawn], list[JudgedView]]:
    """The measurements of an attempt that can be drawn, and those that cannot."""
    figures: list[Drawn] = []
    others: list[JudgedView] = []
    for part in attempt.measurements:
        one = Drawn(part, figure_for(part.measurement), forest_for(part.measurement))
        if one.figure is None and one.forest is None:
            others.append(part)
        else:
            figures.append(one)
    return figures, others


def _once_a_state(environment: "Environment", macro: str) -> Callable[[str], Any]:
    """A macro of the parts, asked once for each state: a matrix has ten thousand of few."""
    kept: dict[str, Any] = {}

    def rendered(state: str) -> Any:  # noqa: ANN401 - markup, which only exists once jinja2 does
        if state not in kept:
            parts: Any = environment.get_template(PARTS).module
            kept[state] = getattr(parts, macro)(word_for(state))
        return kept[state]

    return rendered


@lru_cache
def _dress(state: str) -> str:
    """The classes of a state."""
    word = word_for(state)
    return f"state-{word.state} tone-{word.tone}"


def _gauge(part: Measurement) -> Gauge | None:
    use = use_of_limit(part)
    if use is None:
        return None
    share = numbers.percent(round(use, 3 if use < 0.1 else 2))
    return Gauge(f"{min(100.0, 100.0 * use):.1f}", share, "over" if use > 1.0 else "used")


def _signs(text: str) -> str:
    for ascii_sign, sign in _SIGNS.items():
        text = text.replace(ascii_sign, sign)
    return text


def _patients(origin: Origin) -> str:
    """Whose signals, in three words and the names of the collections."""
    names = _listed(sorted(origin.collections), ", ")
    return f"{origin.patients.value} patients" + (f" ({names})" if names else "")


def _listed(names: Sequence[str], between: str) -> str:
    more = len(names) - NAMED
    return between.join(names[:NAMED]) + (f"{between}and {more:,} more" if more > 0 else "")


FILTERS: dict[str, Callable[..., Any]] = {
    "anchor": anchor,
    "capitalised": lambda text: text[:1].upper() + text[1:],
    "count": lambda value: f"{value:,}",
    "decisive": lambda part: " ".join(reversed(numbers.decisive(part))),
    "device_facts": device_facts,
    "device_models": device_models,
    "dress": _dress,
    "duration": numbers.duration,
    "facts": flatten,
    "gauge": _gauge,
    "instant": numbers.instant,
    "listed": _listed,
    "observation": numbers.observation,
    "paragraphs": paragraphs,
    "patients": _patients,
    "percent": numbers.percent,
    "quantity": numbers.quantity,
    "seen": lambda part: (_signs(numbers.quantity(part.expected)), *numbers.decisive(part)),
    "short_first": lambda pairs: sorted(pairs, key=lambda pair: len(pair[1]) > LONG),
    "signs": _signs,
    "spaced": lambda text: re.sub("[_.]", " ", text),
    "text": text_of,
    "without": lambda facts, name: {k: v for k, v in facts.items() if k != name},
}
