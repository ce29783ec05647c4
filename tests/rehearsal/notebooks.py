"""Runs a case's notebook in Jupyter's kernel, and looks at what each cell says."""

from __future__ import annotations

from typing import Any

import nbformat
from nbclient import NotebookClient

from casebook.language import Language
from flows.notebook import case_named
from tasks.notebooks.exercises import NOTHING, RIGHT
from tasks.notebooks.notebook import notebook_of
from tests.flows.house import House

LIMIT = 600  # seconds for a cell that hangs


def check_notebook(home: House, case: str, language: Language = "en") -> list[Any]:
    """Run a case's notebook to its end; an empty answer is no answer, and a solution is right."""
    cells = executed(notebook_of(case_named(case), language), home)
    solutions = [cell for cell in cells if "solution" in cell.metadata.get("tags", [])]
    checks = [cell for cell in cells if cell.source.startswith("check(")]
    assert {said(cell) for cell in solutions} == {repr(RIGHT.render(language))}
    assert {said(cell) for cell in checks} == {repr(NOTHING.render(language))}
    return cells


def executed(text: str, home: House) -> list[Any]:
    """Return a notebook's cells of code with what they put out."""
    content = nbformat.reads(text, as_version=4)
    client = NotebookClient(content, timeout=LIMIT)
    client.execute(env=home.environment)
    return [cell for cell in content.cells if cell.cell_type == "code"]


def said(cell: Any) -> str:
    """Return the value of a cell's last expression as text."""
    return str(cell.outputs[-1]["data"]["text/plain"])
