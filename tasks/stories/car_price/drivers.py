"""Find what a number depends on, by correlation, analysis of variance and permutation.

The permutation shows what a model misses.
"""

from __future__ import annotations

import json
from pathlib import Path

from casebook import files
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.pages.findings import FINDINGS, stored
from tasks.problem.definition import Problem
from tasks.stories.car_price.association import DriverAnalysis, anovas, by_pairs, pearson
from tasks.stories.car_price.findings_drivers import (
    findings_on_groups,
    findings_on_numbers,
    findings_on_ranking,
    findings_on_variance,
)
from tasks.stories.car_price.findings_steps import UNITS
from tasks.stories.car_price.plots import draw_groups, draw_means, draw_numbers, draw_ranking
from tasks.tables.permutation_importance import worth


@stage(process="worker")
def find_drivers(
    out: Path,
    table: Ref,
    permuted: Ref,
    trained: Ref,
    folds: int,
    numbers: tuple[str, ...],
    categories: tuple[str, ...],
    grouped: tuple[str, str],
    problem: Problem,
) -> Facts:
    """Rank what goes with the target, and write `findings.json` and pictures.

    Parameters
    ----------
    table
        As `findings_on_steps` wrote it.
    permuted, trained, folds
        What `permute_features` wrote, the networks that were trained on it, and for how many folds.
    numbers, categories
        The columns that are looked at.
    grouped
        Two categories: groups of the first are compared in pairs, means are shown of both.
    problem
        What is predicted.

    Raises
    ------
    CasebookError
        There is nothing to compare.
    """
    frame = read_table(table)
    units: dict[str, str | None] = json.loads(table.path(UNITS).read_text(encoding="utf-8"))
    analysis = DriverAnalysis(
        pearson(frame[[*numbers, problem.target]], problem.target),
        anovas(frame, categories, problem.target),
        by_pairs(frame, grouped[0], problem.target),
        worth(permuted, trained, folds, problem),
    )
    if not analysis.numbers or not analysis.categories:
        raise CasebookError(
            f"No number, or no category, has two values to compare {problem.target} by: use more "
            "or other rows."
        )
    draw_numbers(out, frame, list(analysis.numbers), problem, units)
    draw_groups(out, frame, list(analysis.categories), problem)
    draw_means(out, frame, grouped, problem)
    draw_ranking(out, analysis, problem)
    sections = [
        findings_on_numbers(analysis, problem),
        findings_on_groups(frame, grouped, problem),
        findings_on_variance(analysis, grouped[0], problem),
        findings_on_ranking(analysis, problem),
    ]
    files.write_json(out / FINDINGS, stored(sections))
    return {
        "rows": len(frame),
        "numbers": len(analysis.numbers),
        "categories": len(analysis.categories),
    }
