"""A docstring becomes a goal and a procedure: no word is lost and none is added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.report.procedure import goal_and_procedure, paragraphs


@pytest.mark.parametrize(
    ("docstring", "goal", "procedure"),
    [
        ("", "", ""),
        ("The goal.", "The goal.", ""),
        ("The goal,\nwrapped.", "The goal, wrapped.", ""),
        ("The goal.\n\nMethod: what is done.", "The goal.", "What is done."),
        ("The goal.\n \t\n\nwhat is done.\n\nMore.", "The goal.", "what is done.\n\nMore."),
        ("Method: what is done.\n\nMore.", "", "What is done.\n\nMore."),
        ("Goal.\n\nProcedure:\n  1. ask\n  2. compare", "Goal.", "1. ask\n  2. compare"),
        ("Goal.\n\nMethodical work.", "Goal.", "Methodical work."),
    ],
)
def test_the_first_paragraph_is_the_goal(docstring: str, goal: str, procedure: str) -> None:
    assert goal_and_procedure(docstring) == (goal, procedure)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("one\ntwo", ["one two"]),
        ("one\n\n\ntwo  \nthree", ["one", "two three"]),
        ("steps:\n- a\n- b\n1. c\n20) d\n    code", ["steps:\n- a\n- b\n1. c\n20) d\n    code"]),
        ("a dash\n-5 is no item", ["a dash -5 is no item"]),
        ("code:\n\n    first\n    second", ["code:", "    first\n    second"]),
    ],
)
def test_wrapped_lines_are_joined_and_lists_keep_theirs(text: str, parts: list[str]) -> None:
    assert paragraphs(text) == parts


@given(st.text(alphabet="ab :-1.\n\t<&", max_size=200))
def test_no_word_is_lost(text: str) -> None:
    goal, procedure = goal_and_procedure(text)
    assert f"{goal} {procedure}".split() == text.split()
    assert " ".join(paragraphs(text)).split() == text.split()
