"""Aim: what the models of a case predict, and the figures they are judged by."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

LOWER_IS_BETTER = frozenset({"rmse", "mae", "log_loss", "brier"})
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
    "recall_at_fpr_1_percent": "recall at 1 % false alarms",
    "recall_at_fpr_01_percent": "recall at .1 % false alarms",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}


class Aim(BaseModel):
    """What is predicted from what, and how it is judged.

    Attributes
    ----------
    kind
        `binary` predicts the probability of class 1, `multiclass` one of each class, `regression` a number.
    takes
        What the model is asked with: a `row` of columns, a `picture`, or a `text`.
    target
        The column that is predicted.
    asked
        The column of the text that the model is asked with, where it takes one.
    labels
        What people call the classes 0, 1 and so on.
    output, unit
        The name and the unit of what the published model answers.
    primary
        The figure by which candidates are chosen on validation and versions are compared.
    shown
        The figures that tables show, in their order.
    """

    model_config = ConfigDict(frozen=True)
    kind: Literal["binary", "multiclass", "regression"]
    takes: Literal["row", "picture", "text"] = "row"
    target: str
    asked: str = ""
    labels: tuple[str, ...] = ("0", "1")
    output: str = "probability"
    unit: str | None = None
    primary: str
    shown: tuple[str, ...]

    @property
    def sign(self) -> int:
        """1 where more of the primary figure is better, -1 where less is."""
        return -1 if self.primary in LOWER_IS_BETTER else 1

    @property
    def title(self) -> str:
        """What people call the primary figure."""
        return TITLES[self.primary]

    @property
    def titles(self) -> dict[str, str]:
        """The figures that tables show, by name."""
        return {name: TITLES[name] for name in self.shown}
