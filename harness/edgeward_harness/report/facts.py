"""Nested data as rows of a name and a text."""

from collections.abc import Iterator, Mapping
from typing import Any

from edgeward_harness.report.numbers import number

Facts = tuple[tuple[str, str], ...]


def flatten(value: Mapping[str, Any]) -> Facts:
    """The leaves of nested data, each under its dotted path, in the order given."""
    return tuple(_leaves(value, ""))


def _leaves(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, part in value.items():
        path = f"{prefix}{name}"
        if isinstance(part, Mapping):
            yield from _leaves(part, f"{path}.")
        elif path.endswith("_bytes") and type(part) is int:
            yield path.removesuffix("_bytes"), f"{number(part / (1 << 30))}\u202fGiB"
        else:
            yield path, text_of(part)


def device_facts(described: Mapping[str, Any]) -> Facts:
    """What a device said of itself; its models have a table, its clock is no identity."""
    return flatten({name: v for name, v in described.items() if name not in ("models", "clock")})


def device_models(described: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Name, version and digest of each model a device carries, whatever it really sent."""
    models = described.get("models")
    rows = []
    for model in models if isinstance(models, list) else []:
        part = model if isinstance(model, Mapping) else {"name": model}
        rows.append(
            (text_of(part.get("name")), text_of(part.get("version")), text_of(part.get("sha256")))
        )
    return tuple(rows)


def text_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A leaf as text; a list is joined, nothing is said of an empty one but that it is empty."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text_of(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value)) or "none"
    return str(value)
