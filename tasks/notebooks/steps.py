"""Steps: a case's story taken apart, so that a notebook has a cell for each step."""

from __future__ import annotations

import ast
import inspect
import textwrap
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from casebook.case import Case
from casebook.errors import CasebookError
from casebook.params import CaseParams
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData

PACKAGES = ("casebook", "tasks", "flows")  # whose functions are steps
RUNNERS = frozenset({"submit", "result", "with_label"})  # of a stage
SUMMARY = "summary"  # what a notebook calls the story's result


@dataclass(frozen=True)
class Step:
    """One step of a story.

    Attributes
    ----------
    source
        Its code.
    function, says
        The name of the called function, and the first paragraph of its docstring.
    names
        The names that the code gives a value, in their order.
    """

    source: str
    function: str
    says: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Result:
    """What a step returns, before it has run: only its class is certain."""

    kind: Any


def steps_of(case: Case[CaseParams]) -> list[Step]:
    """Return the steps of a case's story in their order.

    Statements that only prepare a step stand before its call.

    Raises
    ------
    CasebookError
        The story returns somewhere else than at its end.
    """
    lines = textwrap.dedent(inspect.getsource(case.story)).splitlines()
    scope = _scope(case)
    steps, waiting, names = [], "", list[str]()
    ended, body = _body(case)
    for statement in body:
        waiting += _source(lines[: statement.end_lineno], ended, statement)
        ended = statement.end_lineno or ended
        names += _assigned(statement)
        function = next(_called(statement, scope), None)
        if function or statement is body[-1]:
            name, says = getattr(function, "__name__", ""), first_paragraph(function)
            steps.append(Step(waiting.strip("\n"), name, says, tuple(names)))
            waiting, names = "", []
        _remember(statement, scope)
    return steps


def problem_of(case: Case[CaseParams]) -> Problem | None:
    """Return what a case predicts, or None of a case that declares no such thing."""
    scope = _scope(case)
    _, body = _body(case)
    for statement in body:
        _remember(statement, scope)
    for value in reversed([*scope.values()]):
        declared = value if isinstance(value, Problem) else getattr(value, "problem", None)
        if isinstance(declared, Problem):
            return declared
    return None


def _scope(case: Case[CaseParams]) -> dict[str, Any]:
    """Return what the names of a story stand for before its first step."""
    return {**case.story.__globals__, "params": case.params()}


def imported_names(case: Case[CaseParams]) -> list[str]:
    """Return the names of the story's module that the story uses."""
    _, body = _body(case)
    nodes = [node for statement in body for node in ast.walk(statement)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    there = (used & case.story.__globals__.keys()) | {case.name, case.params.__name__}
    return sorted(there, key=str.lower)


def _body(case: Case[CaseParams]) -> tuple[int, list[ast.stmt]]:
    """Return the line before a story's first statement, and all statements."""
    function = ast.parse(textwrap.dedent(inspect.getsource(case.story))).body[0]
    assert isinstance(function, ast.FunctionDef)
    described = ast.get_docstring(function) is not None
    first = function.body[0]
    ended = (first.end_lineno or first.lineno) if described else first.lineno - 1
    body = function.body[1:] if described else function.body
    inner = [node for statement in body[:-1] for node in ast.walk(statement)]
    if not isinstance(body[-1], ast.Return) or any(isinstance(one, ast.Return) for one in inner):
        raise CasebookError(
            f"The story of {case.name} returns somewhere else than at its end, so that a notebook "
            "can't walk through it: let its last statement return the summary."
        )
    return ended, body


def _source(lines: list[str], ended: int, statement: ast.stmt) -> str:
    """Return a statement with the comments above it, as a cell has them."""
    lines = [*lines]
    if isinstance(statement, ast.Return):
        place, start = statement.lineno - 1, statement.col_offset
        lines[place] = f"{' ' * start}{SUMMARY} ={lines[place][start + len('return') :]}"
    return textwrap.dedent("\n".join(lines[ended:])) + "\n"


def _assigned(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    nodes = [node for target in targets for node in ast.walk(target)]
    return [node.id for node in nodes if isinstance(node, ast.Name)]


def _called(statement: ast.stmt, scope: dict[str, Any]) -> Iterator[object]:
    """Yield the functions with a docstring that a statement calls, the outermost first."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            function = _value(node.func, scope)
            home = str(getattr(function, "__module__", "")).partition(".")[0]
            if home in PACKAGES and not inspect.isclass(function) and inspect.getdoc(function):
                yield function


def first_paragraph(function: object) -> str:
    """Return the first paragraph of a docstring in one line, which may be empty.

    Examples
    --------
    >>> first_paragraph(first_paragraph)
    'Return the first paragraph of a docstring in one line, which may be empty.'
    """
    docstring = inspect.getdoc(function) if function else ""
    return " ".join((docstring or "").split("\n\n")[0].split())


def _value(node: ast.expr, scope: dict[str, Any]) -> Any:
    """Return what a name or an attribute of one stands for; of a stage's call the stage."""
    if isinstance(node, ast.Call):
        return _value(node.func, scope)
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, scope)
        if node.attr in RUNNERS:
            return owner
        return getattr(owner.kind if isinstance(owner, _Result) else owner, node.attr, None)
    return scope.get(node.id) if isinstance(node, ast.Name) else None


def _remember(statement: ast.stmt, scope: dict[str, Any]) -> None:
    """Let later statements know a declaration by its name; of a step's result only its class."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return
    name, value = statement.targets[0].id, statement.value
    if isinstance(value, ast.Call) and inspect.isfunction(_value(value.func, scope)):
        returned = typing.get_type_hints(_value(value.func, scope)).get("return")
        kind = typing.get_origin(returned) or returned
        declares = "problem" in getattr(kind, "__dataclass_fields__", {})
        scope[name] = _Result(kind)
        if not declares or kind is PreparedData:
            return
    elif not isinstance(value, ast.Subscript):
        return
    used = [scope.get(node.id) for node in ast.walk(value) if isinstance(node, ast.Name)]
    if not any(one is None or isinstance(one, _Result) for one in used):
        scope[name] = eval(ast.unparse(value), scope)
