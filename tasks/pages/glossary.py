"""Glossary: what the words of a report mean, in two sentences each, with a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from casebook.language import Message, msg
from tasks.problem.definition import TITLES, Problem


class Term(NamedTuple):
    """A word of a report.

    Attributes
    ----------
    title
        The word as the report has it.
    meaning
        Two sentences.
    picture
        The name of a drawing in `glossary.html`.
    """

    title: str
    meaning: Message
    picture: str


METRICS: Mapping[str, tuple[Message, str]] = {
    "auprc": (
        msg(
            "The area under the precision-recall curve: 1 if every positive ranks above every "
            "negative, and the share of positives if the order is chance. It suits rare positives, "
            "as the many negatives that are never near an alert don't count."
        ),
        "precision_recall",
    ),
    "roc_auc": (
        msg(
            "The probability that a positive ranks above a negative: 1 is perfect, 0.5 is chance. "
            "It doesn't depend on how frequent positives are."
        ),
        "roc",
    ),
    "accuracy": (
        msg(
            "The share of rows whose predicted class is right. Where one class is frequent, always "
            "answering it is accurate too, so compare it with the baseline dummy."
        ),
        "confusion",
    ),
    "balanced_accuracy": (
        msg(
            "The mean over the classes of the share of each that is recognized. A rare class "
            "counts as much as a frequent one."
        ),
        "confusion",
    ),
    "precision": (
        msg(
            "The share of alerts that are right. It falls if the threshold is lowered to find more."
        ),
        "precision",
    ),
    "recall": (
        msg(
            "The share of positives that are found. It rises if the threshold is lowered, at the "
            "price of false alarms."
        ),
        "recall",
    ),
    "f1": (
        msg(
            "The harmonic mean of precision and recall, so both must be high. Of several classes "
            "it is the mean over the classes."
        ),
        "confusion",
    ),
    "log_loss": (
        msg(
            "The mean negative logarithm of the probability that the model gave to what happened. "
            "A model that is sure and wrong pays most; 0 is perfect."
        ),
        "calibration",
    ),
    "brier": (
        msg(
            "The mean squared difference between the probability and what happened, which is 0 or "
            "1. 0 is perfect; a probability that is too sure costs more than one that hesitates."
        ),
        "calibration",
    ),
    "recall_at_fpr_1_percent": (
        msg(
            "The share of positives that are found where 1 % of the negatives raise a false alarm. "
            "It is one point of the ROC curve, near its left end."
        ),
        "roc",
    ),
    "recall_at_fpr_01_percent": (
        msg(
            "The share of positives that are found where 0.1 % of the negatives raise a false "
            "alarm. It is one point of the ROC curve, at its very left."
        ),
        "roc",
    ),
    "auprc_base_rate": (
        msg(
            "The area under the precision-recall curve if positives were as frequent as in the "
            "population. It is lower than in data that holds more of them, and nearer to practice."
        ),
        "precision_recall",
    ),
    "recall_at_1_per_1000_base_rate": (
        msg(
            "The share of positives that are found if one row in 1,000 can be checked and they are "
            "as frequent as in the population. It weighs the negatives of the data accordingly."
        ),
        "precision_recall",
    ),
    "precision_at_1_per_1000_base_rate": (
        msg(
            "The share of alerts that are right if one row in 1,000 can be checked and positives "
            "are as frequent as in the population. It weighs the negatives accordingly."
        ),
        "precision_recall",
    ),
    "rmse": (
        msg(
            "The root of the mean squared error, in the unit of what is predicted. A few large "
            "errors weigh more than many small ones."
        ),
        "errors",
    ),
    "mae": (
        msg(
            "The mean absolute error, in the unit of what is predicted. Every unit of error counts "
            "the same, so a few large ones matter less than for RMSE."
        ),
        "errors",
    ),
    "r2": (
        msg(
            "The share of the target's variance that the model explains. 1 is perfect, 0 is no "
            "better than always answering the mean."
        ),
        "errors",
    ),
    "scaled_mae": (
        msg(
            "The mean absolute error divided by the range of the target. 0 is perfect; errors of "
            "targets in different units can be compared."
        ),
        "errors",
    ),
    "recall_at_1_per_1000": (
        msg(
            "The share of positives that are found if only one row in 1,000 can be checked. So few "
            "alerts can't find all positives where these are more frequent."
        ),
        "precision_recall",
    ),
    "precision_at_1_per_1000": (
        msg(
            "The share of alerts that are right if only one row in 1,000 can be checked. It says "
            "what the first alerts of a day are worth."
        ),
        "precision_recall",
    ),
    "coverage": (
        msg(
            "The share of days whose true value lies within the forecast's band. It should be what "
            "the band promises: less means that the band is too narrow."
        ),
        "errors",
    ),
}
SAME = {  # as another metric, over other days
    "rmse_next_day": "rmse",
    "rmse_next_week": "rmse",
    "rmse_next_month": "rmse",
    "coverage_next_day": "coverage",
    "coverage_next_week": "coverage",
    "coverage_next_month": "coverage",
}
WORDS: Mapping[str, Term] = {
    "candidate": Term(
        "candidate",
        msg(
            "A model that may become the champion. The champion has the best metric on validation, "
            "or ties with it and answers much faster; no test row has a say in it."
        ),
        "split",
    ),
    "baseline": Term(
        "baseline",
        msg(
            "A plain model that candidates are compared with, on the same test rows. It shows what "
            "little effort reaches."
        ),
        "split",
    ),
    "test-part": Term(
        "test part",
        msg(
            "Rows that the models judged on them have not learned from, and nothing was chosen by. "
            "A row is a test row in every run, so each look makes the best figure a bit too good."
        ),
        "split",
    ),
    "validation": Term(
        "validation",
        msg(
            "Rows by which the champion, the threshold and the calibration are chosen; the models "
            "judged on them have not learned from them. Its figures are a little too good for that."
        ),
        "split",
    ),
    "interval": Term(
        "95 % interval",
        msg(
            "If the test rows were drawn again and again, about 95 of 100 such intervals would "
            "hold the true figure. Two models differ if the interval of their difference leaves "
            "out 0, even where their own intervals overlap."
        ),
        "interval",
    ),
}


def terms(problem: Problem) -> dict[str, Term]:
    """Return the words of a report: its metrics, then what every report speaks of.

    Examples
    --------
    >>> judged_by = {"target": "price", "primary_metric": "rmse", "metrics": ("rmse",)}
    >>> list(terms(Problem(problem_type="regression", **judged_by)))[:2]
    ['rmse', 'candidate']
    """
    of_metrics = {}
    for name in problem.metrics:
        meaning, picture = METRICS[SAME.get(name, name)]
        of_metrics[name] = Term(TITLES[name], meaning, picture)
    return {**of_metrics, **WORDS}
