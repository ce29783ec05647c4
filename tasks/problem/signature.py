"""Signature: what every published model says of itself, whatever it takes."""

from __future__ import annotations

from typing import Any

from casebook.catalog import data_set
from casebook.store import Ref
from tasks.problem.definition import Problem


def heading(raw: Ref, problem: Problem) -> dict[str, Any]:
    """Return a signature without inputs and output.

    Parameters
    ----------
    raw
        The table or pictures as they were read.
    problem
        What is predicted.
    """
    entry = data_set(str(raw.facts["dataset"]))
    return {
        "kind": problem.problem_type,
        "case": raw.case,
        "title": entry.title,
        "limits": entry.limits,
        "trained_on": raw.facts["kind"],
    }
