"""Holdout: a table that is split once, or five times, into training, validation and test parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from casebook.futures import Future
from casebook.language import Message, msg
from casebook.store import Ref
from tasks.data.derive import Derived
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.tables.baselines import fit_baselines
from tasks.tables.estimators import Estimator, fit_estimator
from tasks.tables.features import Encoder, features
from tasks.tables.learners import Learner, NetworkLearner
from tasks.tables.parameters import TableParams
from tasks.tables.resample import resample
from tasks.tables.split import FOLDS, split
from tasks.tables.splitters import Model, trees
from tasks.training.train import train


@dataclass(frozen=True)
class Holdout:
    """A stratified split into training, validation and test splits.

    In the full profile there are five of them.

    Attributes
    ----------
    grouped
        Whether rows that agree in every feature stay in one part.
    """

    grouped: bool = False
    plotted_folds: int = 1

    def folds(self, params: TableParams) -> int:
        """Return one fold, and all five for the full profile."""
        return FOLDS if params.profile == "full" else 1

    def split(self, table: Ref, problem: Problem, folds: int, seed: int) -> list[Ref]:
        """Divide the table for each outer fold."""
        more = {"grouped": True} if self.grouped else {}
        return [
            split.with_label(number)(table, problem.target, number, seed, **more)
            for number in range(folds)
        ]

    def encode(
        self,
        parts: Sequence[Ref],
        problem: Problem,
        derived: tuple[Derived, ...],
        encoder: Encoder,
    ) -> list[Ref]:
        """Encode each fold in a stage of its own."""
        return [
            features.with_label(number)(part, problem, derived, encoder)
            for number, part in enumerate(parts)
        ]

    def fit(self, label: str, data: PreparedData, model: Model) -> list[Future]:
        """Train a network on each fold, resampled if the model asks for it."""
        return [
            train.with_label(f"{label}-{number}").submit(
                encoded,
                self._training(encoded, number, model, data.seed),
                model.network,
                model.settings,
                data.seed,
            )
            for number, encoded in enumerate(data.encoded)
        ]

    def learner(self, model: Model) -> Learner:
        """Return what trains a network on each fold, resampled if the model asks for it."""
        return NetworkLearner(model.network, model.settings, model.resampling)

    def fit_estimator(self, label: str, data: PreparedData, model: Estimator) -> list[Future]:
        """Fit a model of scikit-learn's to each fold in a stage of its own."""
        return [
            fit_estimator.with_label(f"{label}-{number}").submit(
                encoded, model.build, data.problem, data.seed, log_target=model.log_target
            )
            for number, encoded in enumerate(data.encoded)
        ]

    def fit_baselines(
        self, data: PreparedData, params: TableParams, *, log_target: bool
    ) -> list[Future]:
        """Fit the baselines of each fold in a stage of its own."""
        return [
            fit_baselines.with_label(number).submit(
                encoded,
                params.baselines,
                trees(params),
                data.problem,
                data.seed,
                log_target=log_target,
            )
            for number, encoded in enumerate(data.encoded if params.peers else [])
        ]

    def describe(self, problem: Problem, folds: int, *, deduplicated: bool) -> Message:
        """Name the split, or the number of folds, and how repeated rows were met."""
        match self.grouped, deduplicated, folds:
            case True, _, 1:
                return msg(
                    "stratified training, validation and test parts of 64, 16 and 20 %, equal rows "
                    "all in one of them; one split"
                )
            case True, _, _:
                return msg(
                    "stratified training, validation and test parts of 64, 16 and 20 %, equal rows "
                    "all in one of them; mean of {folds} outer folds",
                    folds=folds,
                )
            case False, True, 1:
                return msg(
                    "repeats dropped; stratified training, validation and test parts of 64, 16 and "
                    "20 %; one split"
                )
            case False, True, _:
                return msg(
                    "repeats dropped; stratified training, validation and test parts of 64, 16 and "
                    "20 %; mean of {folds} outer folds",
                    folds=folds,
                )
            case False, False, 1:
                return msg(
                    "stratified training, validation and test parts of 64, 16 and 20 %; one split"
                )
        return msg(
            "stratified training, validation and test parts of 64, 16 and 20 %; mean of {folds} "
            "outer folds",
            folds=folds,
        )

    def _training(self, encoded: Ref, number: int, model: Model, seed: int) -> Ref:
        if model.resampling is None:
            return encoded
        return resample.with_label(f"{model.resampling}-{number}")(encoded, model.resampling, seed)
