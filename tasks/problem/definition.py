"""Problem: what the models of a case predict, and the figures they are judged by."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from casebook.errors import CasebookError

LOWER_IS_BETTER = frozenset(
    {
        "rmse",
        "mae",
        "scaled_mae",
        "log_loss",
        "brier",
        "rmse_next_day",
        "rmse_next_week",
        "rmse_next_month",
    }
)
TITLES = {
    "auprc": "AUPRC",
    "roc_auc": "ROC AUC",
    "accuracy": "accuracy",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
    "log_loss": "log loss",
    "recall_at_1_per_1000": "recall at 1 alert per 1,000 rows",
    "recall_at_1_per_1000_base_rate": "recall at 1 alert per 1,000 rows of the population",
    "precision_at_1_per_1000": "precision at 1 alert per 1,000 rows",
    "precision_at_1_per_1000_base_rate": "precision at 1 alert per 1,000 rows of the population",
    "auprc_base_rate": "AUPRC at the population's share of positives",
    "recall_at_fpr_1_percent": "recall at 1 % false alarms",
    "recall_at_fpr_01_percent": "recall at .1 % false alarms",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "scaled_mae": "scaled MAE",
    "rmse_next_day": "RMSE of the next day",
    "rmse_next_week": "RMSE of the next 7 days",
    "rmse_next_month": "RMSE of the next 30 days",
    "coverage_next_day": "the next day, within the band",
    "coverage_next_week": "the next 7 days, within the band",
    "coverage_next_month": "the next 30 days, within the band",
}

# How much less of its primary metric a new version may have than the one that it replaces. Of an
# error it is so much of the version's error, of any other figure the difference itself.
ERROR_MARGIN = 0.05
MARGINS = {"roc_auc": 0.005, "auprc": 0.03}
MARGIN = 0.02

KNOWN: dict[str, tuple[str, ...]] = {  # what is measured of each kind of problem
    "binary": (
        "auprc",
        "roc_auc",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "balanced_accuracy",
        "brier",
        "log_loss",
        "recall_at_1_per_1000",
        "recall_at_1_per_1000_base_rate",
        "precision_at_1_per_1000",
        "precision_at_1_per_1000_base_rate",
        "auprc_base_rate",
        "recall_at_fpr_1_percent",
        "recall_at_fpr_01_percent",
    ),
    "multiclass": ("accuracy", "balanced_accuracy", "f1", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
    "forecast": ("rmse_next_day", "rmse_next_week", "rmse_next_month"),
}


class Problem(BaseModel):
    """What is predicted from what, and how it is judged.

    Attributes
    ----------
    problem_type
        `binary` predicts the probability of class 1, `multiclass` one of each class, `regression` a
        number, `forecast` a number for each of several days ahead.
    input_kind
        What the model takes as input: a `row` of columns, a `picture`, a `text`, or a `series` of
        numbers.
    target
        The column that is predicted.
    text_column
        The column of the text that the model is asked with, where it takes one.
    labels
        What people call the classes 0, 1 and so on.
    output, unit
        The name and the unit of what the published model answers.
    primary_metric
        The metric by which candidates are chosen on validation and versions are compared.
    metrics
        The metrics that tables show, in their order.
    margin
        How much worse a new version may be in its primary metric than the one that it replaces: the
        difference, or, of an error, the share of it. 0 stands for the metric's usual margin.
    span
        What the absolute error is divided by for `scaled_mae`; 0 where that is no figure of the
        case.

    Examples
    --------
    >>> price = Problem(
    ...     problem_type="regression",
    ...     target="price",
    ...     primary_metric="rmse",
    ...     metrics=("rmse", "r2"),
    ... )
    >>> price.sign, price.titles
    (-1, {'rmse': 'RMSE', 'r2': 'R²'})
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    problem_type: Literal["binary", "multiclass", "regression", "forecast"]
    input_kind: Literal["row", "picture", "series", "text"] = "row"
    target: str
    text_column: str = ""
    labels: tuple[str, ...] = ("0", "1")
    output: str = "probability"
    unit: str | None = None
    primary_metric: str
    metrics: tuple[str, ...]
    margin: float = Field(0.0, ge=0)
    span: float = 0.0

    @property
    def classes(self) -> bool:
        """Whether classes are told apart, and no number is predicted."""
        return self.problem_type in ("binary", "multiclass")

    @property
    def block(self) -> int:
        """How many test rows a bootstrap draws together.

        A forecast draws the days of a week together, as they depend on each other.
        """
        return 7 if self.problem_type == "forecast" else 1

    @property
    def sign(self) -> int:
        """1 where more of the primary figure is better, -1 where less is."""
        return -1 if self.primary_metric in LOWER_IS_BETTER else 1

    def margin_beside(self, figure: float) -> float:
        """Return how much worse than a figure a version may be that takes the place of its model.

        Examples
        --------
        >>> judged_by = {"target": "price", "primary_metric": "rmse", "metrics": ("rmse",)}
        >>> Problem(problem_type="regression", **judged_by).margin_beside(2.5)
        0.125
        """
        if self.sign < 0:
            return (self.margin or ERROR_MARGIN) * abs(figure)
        return self.margin or MARGINS.get(self.primary_metric, MARGIN)

    @property
    def title(self) -> str:
        """What people call the primary figure."""
        return TITLES[self.primary_metric]

    @property
    def titles(self) -> dict[str, str]:
        """The figures that tables show, by name."""
        return {name: TITLES[name] for name in self.metrics}


def known_metrics(problem: Problem) -> tuple[str, ...]:
    """Return the figures that are measured of a case's models.

    Examples
    --------
    >>> judged_by = {"primary_metric": "rmse", "metrics": ()}
    >>> known_metrics(Problem(problem_type="regression", target="price", span=10.0, **judged_by))
    ('rmse', 'mae', 'r2', 'scaled_mae')
    """
    return (
        *KNOWN[problem.problem_type],
        *(("scaled_mae",) if problem.problem_type == "regression" and problem.span else ()),
    )


def check(problem: Problem) -> None:
    """Refuse a problem that could not be judged or published, before anything is trained.

    Raises
    ------
    CasebookError
        A figure is not measured of such a problem, or the labels are not those of so many classes.
    """
    metrics = known_metrics(problem)
    unknown = [
        name
        for name in dict.fromkeys((problem.primary_metric, *problem.metrics))
        if name not in metrics
    ]
    if unknown:
        raise CasebookError(
            f"The case's Problem asks for {', '.join(unknown)}, which is not measured of a "
            f"{problem.problem_type} problem. Known are: {', '.join(metrics)}. Name those in "
            "`primary_metric` and `metrics`."
        )
    required = {"binary": "exactly two", "multiclass": "at least two"}.get(problem.problem_type)
    fits = (
        len(problem.labels) == 2 if problem.problem_type == "binary" else len(problem.labels) >= 2
    )
    if required and not (
        fits and (problem.input_kind != "row" or len(set(problem.labels)) == len(problem.labels))
    ):
        raise CasebookError(
            f"The case's Problem has the labels {', '.join(map(repr, problem.labels)) or 'none'}; "
            f"a {problem.problem_type} problem needs {required} different ones."
        )
    if problem.problem_type == "binary" and problem.output == "label":
        raise CasebookError(
            "The case's Problem calls its output 'label', which an answer has beside it: rename "
            "`output`."
        )
