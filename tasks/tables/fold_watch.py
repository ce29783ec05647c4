"""Watch folds: judge some rows after an epoch, and keep the best weights of each fold."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tasks.problem.definition import Problem
from tasks.tables.fold_epochs import member_losses
from tasks.tables.fold_stacks import Stack
from tasks.training.train import Settings

LOOKS = 50  # at the validation part, for the curve alone, where nothing depends on them


class Watch:
    """Judges some rows after an epoch, keeps each fold's best weights, and says when all are done.

    With `refit` it draws the curve alone, of `LOOKS` epochs; without rows it does nothing.
    """

    def __init__(
        self, model: keras.Model, rows: Stack | None, settings: Settings, problem: Problem
    ) -> None:
        self.model, self.rows, self.settings, self.problem = model, rows, settings, problem
        self.often = max(1, settings.epochs // LOOKS) if settings.refit else 1
        self.curves: dict[str, list[float]] = {"val_loss": [], "val_epoch": []}
        self.best: list[Any] = []
        self.least: Any = None
        self.waited: Any = None

    @property
    def done(self) -> bool:
        """Whether no fold has got better for as many epochs as one has patience for."""
        return bool(self.best) and bool((self.waited >= self.settings.patience).all())

    def look(self, epoch: int) -> None:
        """Judge the weights after an epoch, counted from 1."""
        if self.rows is None or epoch % self.often:
            return
        answers = self.model.predict_on_batch(self.rows.x.swapaxes(0, 1))
        row_losses = np.asarray(member_losses(self.rows.y.T, answers, self.problem)).T
        losses = (row_losses * self.rows.weight).sum(axis=1) / self.rows.weight.sum(axis=1)
        self.curves["val_epoch"].append(epoch)
        self.curves["val_loss"].append(float(losses.mean()))
        if not self.settings.refit:
            self._keep(losses)

    def _keep(self, losses: Any) -> None:
        weights = self.model.get_weights()
        if self.least is None:
            self.least, self.waited, self.best = losses, np.zeros(len(losses)), weights
            return
        better = losses < self.least
        self.least = np.minimum(self.least, losses)
        self.waited = np.where(better, 0, self.waited + 1)
        self.best = [_chosen(better, new, old) for new, old in zip(weights, self.best, strict=True)]

    def restore(self) -> None:
        """Give every fold its best weights."""
        if self.best:
            self.model.set_weights(self.best)


def _chosen(better: Any, new: Any, old: Any) -> Any:
    """Return the new weights of the folds that got better, and the old ones of the others."""
    # a fold of several classes may have weights for each
    rows = np.repeat(better, len(new) // len(better))
    return np.where(rows.reshape(-1, *[1] * (new.ndim - 1)), new, old)
