"""The canonical form is the standard library's, whichever way it is reached."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward import canonical

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
)
VALUES = st.recursive(
    SCALARS, lambda part: st.lists(part) | st.dictionaries(st.text('aé"\\\n😀'), part)
)
FORM: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}


@settings(deadline=None, max_examples=200)
@given(VALUES)
def test_the_canonical_form_is_that_of_the_standard_library(value: object) -> None:
    assert canonical.canonical_json(value) == json.dumps(value, **FORM).encode()


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON compliant|surrogates"):
        canonical.canonical_json(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(RecursionError):
        canonical.canonical_json(value)


def test_without_the_compiled_encoder_the_bytes_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    value = {"b": [1, 2.5, True, None, "é\n"], "a": {"z": {}, "y": []}}
    monkeypatch.setattr("json.encoder.c_make_encoder", None)
    monkeypatch.setattr(canonical, "_encode", canonical._encoder())
    assert canonical.canonical_json(value) == json.dumps(value, **FORM).encode()
