"""How long a module, a function and a nesting may grow, and what has a docstring."""

import ast
import statistics
from collections.abc import Iterator, Mapping

import pytest
from syntax import Check, faults_by_rule, nodes, parsed

MODULE_LINES_MAX = 400
MODULE_LINES_MEDIAN_MAX = 150
FUNCTION_LINES_MAX = 60
NESTING_MAX = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
STATEMENTS = (ast.stmt, ast.ExceptHandler, ast.match_case)
"""What can hold a block; no expression can."""
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
DOCUMENTED = ("runtime/", "harness/", "suites/", "benchmarks/", "examples/", "hatch_build.py")
PRODUCT = ("runtime/", "harness/", "suites/")


def functions(text: str) -> Iterator[Function]:
    """Every function, methods and inner ones included."""
    return (node for node in nodes(text) if isinstance(node, Function))


def long_module(path: str, text: str) -> list[str]:
    """A module does one thing; a long one does two."""
    lines = text.count("\n")
    if lines <= MODULE_LINES_MAX:
        return []
    return [f"{path}: {lines} lines, at most {MODULE_LINES_MAX}: split it by its second purpose"]


def long_function(path: str, text: str) -> list[str]:
    """A function is read in one look."""
    return [
        f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES_MAX}: "
        "name its steps"
        for node in functions(text)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def depth(node: ast.AST) -> int:
    """How deep blocks are nested below a node; an `elif` stands beside its `if`, not inside."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (Function, ast.ClassDef)) or not isinstance(child, STATEMENTS):
            continue
        beside = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        own = 1 if isinstance(child, BLOCKS) and not beside else 0
        deepest = max(deepest, own + depth(child))
    return deepest


def deep_nesting(path: str, text: str) -> list[str]:
    """Each level is one more thing to keep in mind."""
    return [
        f"{path}:{node.lineno}: {node.name} nests {levels} deep, at most {NESTING_MAX}: "
        "return early, or name the inner part"
        for node in functions(text)
        if (levels := depth(node)) > NESTING_MAX
    ]


def public(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """A module, and its public classes, functions and methods."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ClassDef, Function)) and not child.name.startswith("_"):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{prefix}{child.name}.")


def missing_docstring(path: str, text: str) -> list[str]:
    """Whatever has a public name says what it promises."""
    empty_package = path.endswith("__init__.py") and not text.strip()
    if empty_package or not path.startswith(DOCUMENTED):
        return []
    tree = parsed(text)
    nodes: list[tuple[str, ast.AST]] = [("the module", tree), *public(tree)]
    return [
        f"{path}: {name} has no docstring: say why it is there and which rule it keeps"
        for name, node in nodes
        if isinstance(node, (ast.Module, ast.ClassDef, Function)) and not ast.get_docstring(node)
    ]


CHECKS: list[Check] = [long_module, long_function, deep_nesting, missing_docstring]


@pytest.fixture(scope="module")
def faults(modules: dict[str, str]) -> Mapping[Check, list[str]]:
    """What each rule finds."""
    return faults_by_rule(CHECKS, modules)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_module_keeps_the_rule(check: Check, faults: Mapping[Check, list[str]]) -> None:
    assert not faults[check], "\n".join(faults[check])


def median_lines(modules: dict[str, str]) -> float:
    """The median length of the modules we ship; empty package files would only flatter it."""
    return statistics.median(
        text.count("\n") for path, text in modules.items() if path.startswith(PRODUCT) and text
    )


def test_modules_are_short_as_a_rule(modules: dict[str, str]) -> None:
    assert median_lines(modules) <= MODULE_LINES_MEDIAN_MAX


def test_the_median_leaves_out_what_would_flatter_it() -> None:
    modules = {
        "runtime/edgeward/a.py": "\n" * 200,
        "harness/edgeward_harness/b.py": "\n" * 300,
        "suites/latency/__init__.py": "",
        "tests/repo/test_x.py": "\n",
    }
    assert median_lines(modules) == 250


NESTED = """
def f(rows):
    for row in rows:
        with row:
            if row.a:
                return 1
            elif row.b:
                return 2
            else:
                {deepest}
"""

REFUSED = [
    (long_module, "a.py", "\n" * 401, "401 lines"),
    (long_function, "a.py", "class C:\n  def f(self):\n" + "    x = 1\n" * 60, "f has 61 lines"),
    (deep_nesting, "a.py", NESTED.format(deepest="while row.c: pass"), "f nests 4 deep"),
    (missing_docstring, "runtime/edgeward/a.py", "x = 1\n", "the module"),
    (missing_docstring, "suites/latency/test_a.py", '"""Doc."""\ndef test_a(): pass\n', "test_a"),
    (
        missing_docstring,
        "harness/edgeward_harness/a.py",
        '"""Doc."""\nclass C:\n    """Doc."""\n    def f(self): pass\n',
        "C.f",
    ),
]

ACCEPTED = [
    (long_module, "a.py", "\n" * 400),
    (long_function, "a.py", "def f():\n" + "    x = 1\n" * 59),
    (deep_nesting, "a.py", NESTED.format(deepest="return 3")),
    (missing_docstring, "suites/latency/__init__.py", ""),
    (missing_docstring, "tests/repo/test_a.py", "def test_a(): pass\n"),
    (missing_docstring, "runtime/edgeward/a.py", '"""Doc."""\ndef _f(): pass\n'),
]


@pytest.mark.parametrize(("check", "path", "text", "said"), REFUSED)
def test_the_rule_is_refused(check: Check, path: str, text: str, said: str) -> None:
    (fault,) = check(path, text)
    assert said in fault


@pytest.mark.parametrize(("check", "path", "text"), ACCEPTED)
def test_the_limit_itself_is_accepted(check: Check, path: str, text: str) -> None:
    assert check(path, text) == []
