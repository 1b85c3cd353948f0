"""What a test says of itself, as a reader is told it: its goal first, then how it is done.

The docstring of a test is its procedure (see `docs/guides/write-a-suite.md`): the first paragraph
is the goal; what follows, with or without the word "Method:" before it, is what is done and what it
is held against.
"""

import re

_BLANK = re.compile(r"\n(?:[ \t]*\n)+")
_HEADING = re.compile(r"(?:method|procedure):\s*", re.IGNORECASE)
_WRAP = re.compile(r"[ \t]*\n(?![ \t]|[-*\u2022] |\d{1,3}[.)] )")
"""A line break that only keeps the source narrow: not before an indented line or a list item."""


def goal_and_procedure(docstring: str) -> tuple[str, str]:
    """The goal and the procedure of a docstring; empty is what it does not say."""
    goal, *rest = _BLANK.split(docstring.strip(), maxsplit=1)
    heading = _HEADING.match(goal)
    if heading:  # it goes straight to what is done
        return "", _sentence(docstring.strip()[heading.end() :])
    steps = "".join(rest)
    heading = _HEADING.match(steps)
    return " ".join(goal.split()), _sentence(steps[heading.end() :]) if heading else steps


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, each unwrapped; lists and indented lines keep their lines."""
    return [_WRAP.sub(" ", part.rstrip()) for part in _BLANK.split(text.strip()) if part]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
