"""Card: a published model's card in Markdown, for people who find it without its report."""

from collections.abc import Mapping
from typing import Any

from casebook.catalog import data_set
from casebook.store import Ref
from tasks.pages.render import environment
from tasks.problem.definition import Problem


def card(metrics: Mapping[str, Any], bundle: Ref, problem: Problem) -> str:
    """Return the model's card in Markdown.

    What it is, what it was trained on, how good it is, where not to use it.
    """
    result = metrics["candidates"][metrics["champion"]]
    entry = data_set(str(bundle.facts["dataset"]))
    return (
        environment()
        .get_template("card.md")
        .render(
            metrics=metrics,
            result=result,
            entry=entry,
            bundle=bundle.facts,
            problem=problem,
            best_baseline=best_baseline(metrics, problem),
        )
    )


def best_baseline(metrics: Mapping[str, Any], problem: Problem) -> str | None:
    """Return the baseline whose primary figure is best."""
    baselines = metrics["peers"]
    return (
        max(
            baselines,
            key=lambda name: problem.sign * baselines[name][problem.primary_metric]["value"],
        )
        if baselines
        else None
    )
