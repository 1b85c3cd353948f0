"""A module as a tree, parsed and walked once for all rules that look at it.

Only the last one is kept: the trees of the whole repository would fill the memory. So rules are
asked module by module, never each rule of all modules.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

Check = Callable[[str, str], list[str]]
"""A rule: the path and the text of a file in, its faults out."""


@lru_cache(maxsize=1)
def parsed(text: str) -> ast.Module:
    """The tree of a module."""
    return ast.parse(text)


@lru_cache(maxsize=1)
def nodes(text: str) -> tuple[ast.AST, ...]:
    """Every node of a module."""
    return tuple(ast.walk(parsed(text)))


def faults_by_rule(
    checks: Iterable[Check], modules: Mapping[str, str]
) -> Mapping[Check, list[str]]:
    """What each rule finds in all modules."""
    found: dict[Check, list[str]] = {check: [] for check in checks}
    for path, text in modules.items():
        for check, faults in found.items():
            faults += check(path, text)
    return found
