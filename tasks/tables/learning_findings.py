"""Findings of the learning curve: what more training rows and more test rows would bring."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import JsonValue

from casebook.language import Message, msg
from tasks.evaluation.paired import Difference
from tasks.pages.findings import Finding, Section, make_finding
from tasks.pages.model_card import best_baseline
from tasks.problem.definition import Problem


class Comparison(NamedTuple):
    """The champion beside the best baseline on the test part.

    Attributes
    ----------
    champion, baseline
        Their names.
    difference
        The champion's primary figure less the baseline's.
    rows
        How many different rows that rests on.
    """

    champion: str
    baseline: str
    difference: Difference
    rows: int

    @classmethod
    def of(cls, judged: Mapping[str, Any], problem: Problem, table: int) -> Comparison | None:
        """Return it out of an evaluation, or None without baselines; `table` are the rows in all.

        Repeated folds test each row several times, and it is one row all the same.
        """
        baseline = best_baseline(judged, problem)
        if baseline is None:
            return None
        rows = min(int(judged["test"]["rows"]), table)
        difference = Difference(**judged["differences"][baseline])
        return cls(str(judged["champion"]), baseline, difference, rows)

    @property
    def rows_needed(self) -> int | None:
        """How many test rows make the interval just exclude 0; None where there is no difference.

        The interval reaches towards 0 by so much, which falls with the root of the number of rows.

        Examples
        --------
        >>> Comparison("ours", "ridge", Difference(0.1, -0.1, 0.3), rows=100).rows_needed
        400
        """
        value, low, high = self.difference
        if value == 0:
            return None
        reach = value - low if value > 0 else high - value
        return math.ceil(round(self.rows * (reach / value) ** 2, 6))


def section(
    model: str,
    champion: str,
    rows: Sequence[int],
    means: Sequence[Difference],
    doubling: Difference,
    compared: Comparison | None,
    folds: int,
    problem: Problem,
) -> Section:
    """Return the section of the report: sentences, a table and the curve.

    Parameters
    ----------
    model, champion
        What learned, and the champion: the same, or a blend that the model is a part of.
    rows, means
        The numbers of training rows, and the figure on validation for each of them.
    doubling
        The change that twice as many rows are expected to bring.
    compared
        The champion beside the best baseline, if there is one.
    folds
        How many there are.
    problem
        What is predicted.
    """
    findings = [learned(model, champion, rows, means), expected(doubling, problem)]
    caption = msg(
        "{model} on validation by the number of training rows, mean over folds ({folds}), with a "
        "95 % band; dashed, the power law to twice as many rows",
        model=model,
        folds=folds,
    )
    return Section(
        title=msg("How much more data"),
        findings=(*findings, *([needed(compared)] if compared else [])),
        tables=(table(rows, means, problem),),
        pictures=(("learning_curve", caption),),
    )


def learned(model: str, champion: str, rows: Sequence[int], means: Sequence[Difference]) -> Finding:
    """Say what was measured, and why of that model."""
    values: dict[str, JsonValue] = {
        "model": model,
        "few": rows[0],
        "first": means[0].value,
        "all": rows[-1],
        "last": means[-1].value,
    }
    sentence = msg(
        "{model} was fitted to 10, 20, 40, 70 and 100 % of the training rows. Its mean on "
        "validation is {first:.4f} with {few:,} rows, and {last:.4f} with all {all:,}.",
        **values,
    )
    if model != champion:
        sentence = msg(
            "{model}, the part of {champion} with the greatest weight, was fitted to 10, 20, 40, "
            "70 and 100 % of the training rows. Its mean on validation is {first:.4f} with "
            "{few:,} rows, and {last:.4f} with all {all:,}.",
            champion=champion,
            **values,
        )
    curve = [[count, mean.value] for count, mean in zip(rows, means, strict=True)]
    return make_finding("learning_curve", curve, sentence)


def expected(doubling: Difference, problem: Problem) -> Finding:
    """Say what twice as many training rows are expected to bring, and how little that is known."""
    return make_finding("doubling", doubling._asdict(), _doubling(doubling, problem))


def _doubling(doubling: Difference, problem: Problem) -> Message:
    if doubling.outcome(problem.sign) == "better":
        return msg(
            "A power law with a floor, fitted to these points, expects twice as many training rows "
            "to change the figure by {value:+.4f} ({low:+.4f} to {high:+.4f}). That is an "
            "extrapolation: nobody has seen those rows, and where the floor lies is uncertain.",
            **doubling._asdict(),
        )
    return msg(
        "A power law with a floor, fitted to these points, shows no gain from twice as many "
        "training rows: {value:+.4f} ({low:+.4f} to {high:+.4f}). That is an extrapolation: nobody "
        "has seen those rows.",
        **doubling._asdict(),
    )


def needed(compared: Comparison) -> Finding:
    """Say how many test rows tell the champion from the best baseline."""
    return make_finding("test_rows_needed", compared.rows_needed, _needed(compared))


def _needed(compared: Comparison) -> Message:
    names: dict[str, JsonValue] = {
        "champion": compared.champion,
        "baseline": compared.baseline,
        "rows": compared.rows,
    }
    if compared.rows_needed is None:
        return msg(
            "On {rows:,} test rows {champion} and the best baseline, {baseline}, are equal: no "
            "number of test rows is known to tell them apart.",
            **names,
        )
    values: dict[str, JsonValue] = {
        **names,
        **compared.difference._asdict(),
        "needed": compared.rows_needed,
    }
    if compared.rows_needed <= compared.rows:
        return msg(
            "On {rows:,} test rows {champion} differs from the best baseline, {baseline}, by "
            "{value:+.4f} ({low:+.4f} to {high:+.4f}). A difference of this size takes about "
            "{needed:,} test rows to show.",
            **values,
        )
    return msg(
        "On {rows:,} test rows no difference between {champion} and the best baseline, {baseline}, "
        "is shown: {value:+.4f} ({low:+.4f} to {high:+.4f}). If it is as large as it seems, about "
        "{needed:,} test rows are needed to show it.",
        **values,
    )


def table(
    rows: Sequence[int], means: Sequence[Difference], problem: Problem
) -> tuple[dict[str, Message | str], ...]:
    """Return the curve as a table."""
    return tuple(
        {
            "training rows": f"{count:,}",
            problem.title: f"{mean.value:.4f}",
            "95 % interval": f"{mean.low:.4f} – {mean.high:.4f}",
        }
        for count, mean in zip(rows, means, strict=True)
    )
