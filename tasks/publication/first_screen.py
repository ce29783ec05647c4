"""First screen: what a run came to, whether to trust it, and what to do next, on three cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from casebook.language import Language, Message, msg, translated
from tasks.evaluation.paired import Difference
from tasks.pages.model_card import best_baseline
from tasks.pages.numbers import rounded
from tasks.problem.definition import Problem
from tasks.publication.promotion_gate import joined
from tasks.publication.publish import Published


class Card(NamedTuple):
    """A question, the answer in a few words, and what belongs to it."""

    title: Message
    answer: Message
    lines: list[Message]


def cards(
    metrics: Mapping[str, Any],
    consequences: Mapping[str, Any] | None,
    checked: Mapping[str, Any],
    problem: Problem,
    published: Published,
    language: Language = "en",
) -> list[Card]:
    """Return the cards that stand at the top of a model's report.

    Parameters
    ----------
    metrics
        What metrics.json holds.
    consequences
        What the threshold of a binary model means in rows and costs.
    checked
        What came of the data's checks.
    problem, published
        What is predicted, and what became of the model.
    language
        Of the metrics' names.
    """
    return [
        _result(metrics, consequences, problem, language),
        _trust(metrics, checked, problem, language),
        _next(published, language),
    ]


def _result(
    metrics: Mapping[str, Any],
    consequences: Mapping[str, Any] | None,
    problem: Problem,
    language: Language,
) -> Card:
    title = msg("Result")
    figures = metrics["candidates"][metrics["champion"]]
    if consequences:
        return Card(title, *_positives(consequences, problem.labels[1]))
    rows = metrics["test"]["rows"]
    if "accuracy" in figures and problem.classes:
        right = figures["accuracy"]["value"]
        return Card(title, msg("{right:.1%} of {rows:,} rows right", right=right, rows=rows), [])
    name = "mae" if "mae" in figures else problem.primary_metric
    answer = msg(
        "{figure} {value} {unit}",
        figure=translated(problem.titles.get(name, problem.title), language),
        value=rounded(figures[name]["value"]),
        unit=problem.unit or "",
    )
    lines = [msg("On average an answer is that far from the truth.")] if name == "mae" else []
    return Card(title, answer, [*lines, msg("Measured on {rows:,} test rows.", rows=rows)])


def _positives(consequences: Mapping[str, Any], label: str) -> tuple[Message, list[Message]]:
    """Return how many positives are found, and what else the threshold means."""
    caught, missed = consequences["caught"], consequences["missed"]
    others = consequences["rows"] - caught - missed
    answer = msg(
        "{caught:,} of {all:,} rows of {label} found",
        caught=caught,
        all=caught + missed,
        label=label,
    )
    lines = [
        msg(
            "{count:,} of {others:,} other rows are taken for it as well.",
            count=consequences["false_alarms"],
            others=others,
        )
    ]
    if "cost" in consequences:
        lines.append(
            msg(
                "Errors cost {cost:,.0f} instead of {without:,.0f} without a model.",
                cost=consequences["cost"],
                without=consequences["cost_without_model"],
            )
        )
    return answer, lines


def _trust(
    metrics: Mapping[str, Any],
    checked: Mapping[str, Any],
    problem: Problem,
    language: Language,
) -> Card:
    figure = metrics["candidates"][metrics["champion"]][problem.primary_metric]
    answer = msg(
        "{figure} {value} ({low} to {high})",
        figure=translated(problem.title, language),
        **{end: rounded(figure[end]) for end in ("value", "low", "high")},
    )
    return Card(msg("Trust"), answer, [*_beside_baseline(metrics, problem), _checks(checked)])


def _beside_baseline(metrics: Mapping[str, Any], problem: Problem) -> list[Message]:
    """Say how the champion does beside the best baseline, if there is one."""
    name = best_baseline(metrics, problem)
    if name is None or name not in metrics["differences"]:
        return []
    match Difference(**metrics["differences"][name]).outcome(problem.sign):
        case "better":
            return [msg("Better than the best baseline, {name}.", name=name)]
        case "worse":
            return [msg("Worse than the best baseline, {name}.", name=name)]
    return [msg("Not shown to differ from the best baseline, {name}.", name=name)]


def _checks(checked: Mapping[str, Any]) -> Message:
    """Say what came of the data's checks."""
    if not checked["broken"]:
        return msg("All {count} checks of the data passed.", count=checked["expectations"])
    return msg(
        "{broken} of {count} checks of the data failed for some rows; {rows:,} rows were left out.",
        broken=checked["broken"],
        count=checked["expectations"],
        rows=checked["quarantined"],
    )


def _next(published: Published, language: Language) -> Card:
    version = {"version": published.version}
    if published.serves:
        answer, command = msg("Version {version} serves", **version), "python -m serving"
    else:
        answer = msg("Version {version} waits", **version)
        command = f"python -m flows.promote {published.case} {published.version}"
    why = joined(published.reasons, language)
    lines = [msg("{why}.", why=why[0].upper() + why[1:])]
    if command not in published.why:
        lines.append(msg("Command: {command}", command=f"`{command}`"))
    return Card(msg("Next"), answer, lines)
