"""Verdict: how the champion does beside the others, and why it was chosen, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from casebook.language import Language, Message, msg, translated
from tasks.evaluation.choice import FLOOR, RATIO
from tasks.evaluation.paired import Difference
from tasks.pages.model_card import best_baseline
from tasks.problem.definition import Problem


def verdict(
    metrics: Mapping[str, Any], problem: Problem, language: Language = "en"
) -> list[Message]:
    """Say how the champion does against the best baseline and the course, also where it loses.

    If another candidate is best on validation, say why that is not the champion.
    """
    champion = metrics["candidates"][metrics["champion"]][problem.primary_metric]
    sentences = [
        msg(
            "{champion} reaches {figure} {value:.4f}.",
            champion=metrics["champion"],
            figure=translated(problem.title, language),
            value=champion["value"],
        )
    ]
    for name, figures in (
        (best_baseline(metrics, problem), metrics["peers"]),
        (metrics["course"], metrics["candidates"]),
    ):
        if name is not None and name != metrics["champion"]:
            other = figures[name][problem.primary_metric]["value"]
            difference = Difference(**metrics["differences"][name])
            sentences.append(_beside(name, other, difference, problem))
    return [*sentences, *_faster(metrics)]


def chosen(metrics: Mapping[str, Any]) -> list[Message]:
    """Say by what rule the champion was chosen, and what the rule came to."""
    rule = msg(
        "A candidate that ties with the best on validation is preferred to it if the best takes "
        "more than {ratio:.0f} times as long to answer one row, and more than {floor} ms longer.",
        ratio=RATIO,
        floor=FLOOR,
    )
    nothing = msg(
        "Here that changes nothing: {champion} is the best on validation.",
        champion=metrics["champion"],
    )
    return [rule, *(_faster(metrics) or [nothing])]


def _faster(metrics: Mapping[str, Any]) -> list[Message]:
    """Say why the champion is not the best on validation, if it isn't."""
    choice, costs = metrics["choice"], metrics["costs"]
    if choice["champion"] == choice["best"]:
        return []
    return [
        msg(
            "{best} is best on validation, but no difference from {champion} is shown there "
            "({value:+.4f} on the same rows, {low:+.4f} to {high:+.4f}), and {champion} answers "
            "{times:.0f} times faster.",
            best=choice["best"],
            champion=choice["champion"],
            times=costs[choice["best"]]["one_row_ms"] / costs[choice["champion"]]["one_row_ms"],
            **choice["difference"],
        )
    ]


def _beside(name: str, other: float, difference: Difference, problem: Problem) -> Message:
    values: dict[str, JsonValue] = {"name": name, "other": other, **difference._asdict()}
    match difference.outcome(problem.sign):
        case "better":
            return msg(
                "That is better than {name} ({other:.4f}): {value:+.4f} on the same rows "
                "({low:+.4f} to {high:+.4f}).",
                **values,
            )
        case "worse":
            return msg(
                "That is worse than {name} ({other:.4f}): {value:+.4f} on the same rows "
                "({low:+.4f} to {high:+.4f}).",
                **values,
            )
    return msg(
        "No difference from {name} ({other:.4f}) is shown: {value:+.4f} on the same rows "
        "({low:+.4f} to {high:+.4f}).",
        **values,
    )


def spoken(sentences: Sequence[Message]) -> str:
    """Return sentences in English, one after the other."""
    return " ".join(map(str, sentences))
