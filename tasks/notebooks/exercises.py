"""Exercises: what a reader of a notebook computes by hand, with a solution and a check."""

from __future__ import annotations

import math
from dataclasses import dataclass

from casebook.language import Language, Message, msg

NOTHING, RIGHT = msg("Not answered yet."), msg("Right.")
SMALL, LARGE = msg("Not yet: {answer} is too small."), msg("Not yet: {answer} is too large.")


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    task
        What is to be computed.
    solution
        An expression that computes it step by step.
    expected
        An expression that computes it by a library.
    """

    task: Message
    solution: str
    expected: str


BINARY = (
    Exercise(
        msg(
            "What accuracy does it reach to say {label} of every test row? Compute it from `y`, "
            "which is 1 for {positive} and else 0."
        ),
        "(y == 0).mean()",
        "metrics.accuracy_score(y, np.zeros(len(y)))",
    ),
    Exercise(
        msg(
            "Rows whose answer reaches `threshold` are alerts. What share of the rows that are "
            "{positive} does the champion find, its recall?"
        ),
        "(answers >= threshold)[y == 1].mean()",
        "metrics.recall_score(y, answers >= threshold)",
    ),
    Exercise(
        msg(
            "Draw one row of each class. How often has the row that is {positive} the higher "
            "answer, if a tie counts half? That is the area under the ROC curve."
        ),
        "np.mean([(answers[y == 0] < one).mean() + (answers[y == 0] == one).mean() / 2\n"
        "         for one in answers[y == 1]])",
        "metrics.roc_auc_score(y, answers)",
    ),
)
MULTICLASS = (
    Exercise(
        msg("What accuracy does it reach to always say the most frequent class of `y`?"),
        "np.bincount(y.astype(int)).max() / len(y)",
        "metrics.accuracy_score(y, np.full(len(y), np.bincount(y.astype(int)).argmax()))",
    ),
    Exercise(
        msg("`answers` has a probability of each class. How often is the greatest one right?"),
        "(answers.argmax(axis=1) == y).mean()",
        "metrics.accuracy_score(y, answers.argmax(axis=1))",
    ),
    Exercise(
        msg("How many rows does the most frequent mistake affect: one class taken for another?"),
        "max(Counter((true, said) for true, said in zip(y, answers.argmax(axis=1))\n"
        "            if true != said).values(), default=0)",
        "np.max((1 - np.eye(answers.shape[1])) * metrics.confusion_matrix(\n"
        "    y, answers.argmax(axis=1), labels=range(answers.shape[1])))",
    ),
)
REGRESSION = (
    Exercise(
        msg(
            "What RMSE does it reach to always say the mean of `y`? The RMSE is the root of the "
            "mean squared difference."
        ),
        "np.sqrt(np.mean((y - y.mean()) ** 2))",
        "metrics.root_mean_squared_error(y, np.full(len(y), y.mean()))",
    ),
    Exercise(
        msg("And how large is the RMSE of the champion's `answers`?"),
        "np.sqrt(np.mean((y - answers) ** 2))",
        "metrics.root_mean_squared_error(y, answers)",
    ),
    Exercise(
        msg(
            "What share of the variance of `y` do the answers explain? It is 1 less the ratio of "
            "the two squared errors: R²."
        ),
        "1 - np.sum((y - answers) ** 2) / np.sum((y - y.mean()) ** 2)",
        "metrics.r2_score(y, answers)",
    ),
)
FORECAST = (
    Exercise(
        msg(
            "`y` and `answers` have a row for each day and a column for each step ahead. How large "
            "is the RMSE of the first step?"
        ),
        "np.sqrt(np.mean((y[:, 0] - answers[:, 0]) ** 2))",
        "metrics.root_mean_squared_error(y[:, 0], answers[:, 0])",
    ),
    Exercise(
        msg(
            "How large is the mean absolute error of the last step? Leave out the days whose last "
            "step lies behind the data's end: their `y` is no number."
        ),
        "np.nanmean(np.abs(y[:, -1] - answers[:, -1]))",
        "metrics.mean_absolute_error(y[~np.isnan(y[:, -1]), -1],\n"
        "                                    answers[~np.isnan(y[:, -1]), -1])",
    ),
)
TABLE = (
    Exercise(
        msg("How many values does the whole table lack?"),
        "frame.isna().sum().sum()",
        "frame.size - frame.count().sum()",
    ),
    Exercise(
        msg("How far apart are the quartiles of the numbers in `column`?"),
        "np.nanquantile(column, 0.75) - np.nanquantile(column, 0.25)",
        'column.describe()["75%"] - column.describe()["25%"]',
    ),
    Exercise(
        msg(
            "What share of the numbers in `column` lies less than one standard deviation from "
            "their mean?"
        ),
        "(np.abs(column.dropna() - column.mean()) < column.std()).mean()",
        "column.dropna().between(column.mean() - column.std(), column.mean() + column.std(),\n"
        '                        inclusive="neither").mean()',
    ),
)


def check(answer: float | None, expected: float, language: Language = "en") -> str:
    """Return what to say to an answer.

    Examples
    --------
    >>> check(None, 0.5), check(0.5, 0.5), check(0.25, 0.5)
    ('Not answered yet.', 'Right.', 'Not yet: 0.25 is too small.')
    """
    if answer is None:
        return NOTHING.render(language)
    if math.isclose(answer, expected, rel_tol=1e-6, abs_tol=1e-9):
        return RIGHT.render(language)
    said = SMALL if answer < expected else LARGE
    return msg(said.text, answer=f"{answer:.6g}").render(language)
