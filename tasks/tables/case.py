"""Table case: what a case declares whose models take the rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import pandas as pd

from casebook.catalog import DataSet, data_set
from casebook.errors import CasebookError
from casebook.futures import Future, gather
from casebook.store import Ref
from tasks.data.clean import Step, clean, drop_repeats
from tasks.data.derive import Derived
from tasks.data.fetch import fetch
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.tables.blend import blend
from tasks.tables.estimators import Estimator
from tasks.tables.features import Encoder
from tasks.tables.inputs import Rows
from tasks.tables.learners import EstimatorLearner, Learner
from tasks.tables.parameters import TableParams, tuned_network, tuned_settings
from tasks.tables.splitters import Model, Splits
from tasks.training.blend import networks_to_train

P = TypeVar("P", bound=TableParams)
SMOKE_EPOCHS = 3
TUNED = "tuned"  # the network that the parameters describe


def default_threshold(params: TableParams) -> ThresholdPolicy:
    """Return the default costs of an error."""
    return ThresholdPolicy()


def every_row(params: TableParams) -> tuple[Step, ...]:
    """Return no step: all rows are kept."""
    return ()


def no_sample(rows: int, seed: int) -> pd.DataFrame:
    """Refuse to make a sample.

    Raises
    ------
    CasebookError
        Always.
    """
    raise CasebookError(
        "There is no real data, and this case has no sample. Name a file: --source FILE."
    )


@dataclass(frozen=True)
class TableCase(Generic[P]):
    """A data set of rows, what is predicted from it, and the models that are compared.

    Attributes
    ----------
    dataset
        Its name in the catalog.
    problem
        What is predicted, and how it is judged.
    splits
        How the table is divided: `RepeatedKFold` or `Holdout`.
    encoder
        Makes an unfitted encoder from the names of all columns.
    models
        The networks by name; `tuned`, which the parameters describe, is added.
    estimators
        Models of scikit-learn's by name.
    blends
        Candidates whose score is the weighted sum of the scores of several, by name.
    sample
        Makes so many rows of a sample with a seed.
    derived
        Columns that are computed from others; or a function that returns them, given what the
        catalog says of the table.
    cleaning
        Steps that drop or change rows before the split.
    threshold
        Returns how a threshold is chosen, from the parameters.
    subsample
        Returns the steps after the cleaning, from the parameters, that keep some rows of many.
    """

    dataset: str
    problem: Problem
    splits: Splits[P]
    encoder: Encoder
    models: Mapping[str, Model]
    estimators: Mapping[str, Estimator] = field(default_factory=dict)
    blends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sample: Callable[[int, int], pd.DataFrame] = no_sample
    derived: tuple[Derived, ...] | Callable[[DataSet], tuple[Derived, ...]] = ()
    cleaning: tuple[Step, ...] = (drop_repeats,)
    threshold: Callable[[P], ThresholdPolicy] = default_threshold
    subsample: Callable[[P], tuple[Step, ...]] = every_row

    @property
    def derived_columns(self) -> tuple[Derived, ...]:
        """Columns that are computed from others."""
        return self.derived(data_set(self.dataset)) if callable(self.derived) else self.derived

    def prepare(self, params: P) -> PreparedData:
        """Fetch, validate, clean, split and encode the table."""
        origin = fetch(self.dataset, params.source)
        raw = ingest(origin, self.sample, params.sample_rows, params.seed)
        checked = validate(raw, suite_text(self.dataset))
        enforce(checked, self.dataset)
        table = clean(checked, (*self.cleaning, *self.subsample(params)))
        folds = self.splits.folds(params)
        parts = self.splits.split(table, self.problem, folds, params.seed)
        return PreparedData(
            problem=self.problem,
            policy=self.threshold(params),
            origin=origin,
            raw=raw,
            checked=checked,
            table=table,
            parts=parts,
            encoded=self.splits.encode(parts, self.problem, self.derived_columns, self.encoder),
            kind=Rows(self.learners(params) if params.profile == "full" else {}),
            protocol=self.splits.describe(
                self.problem, folds, deduplicated=drop_repeats in self.cleaning
            ),
            seed=params.seed,
            plotted_folds=self.splits.plotted_folds,
        )

    def fit_baselines(self, data: PreparedData, params: P) -> list[Future]:
        """Begin to fit the baselines to each fold.

        They may learn the target's logarithm where a candidate does.
        """
        log_target = any(
            (
                *(model.settings.log_target for model in self.models.values()),
                *(estimator.log_target for estimator in self.estimators.values()),
            )
        )
        return self.splits.fit_baselines(data, params, log_target=log_target)

    def fit_all(self, data: PreparedData, params: P) -> dict[str, list[Ref]]:
        """Train all candidates on each fold, and the models that are blended."""
        names = networks_to_train(params.candidates, self.models, self.blends)
        trained = gather({name: self.fit(name, data, params) for name in names})
        outputs = {}
        for name in params.candidates:
            if name in self.blends:
                parts = {part: trained[part] for part in self.blends[name]}
                blended = blend.with_label(name)(data.encoded, parts, data.problem)
                outputs[name] = [blended.fold(number) for number in range(len(data.encoded))]
            else:
                outputs[name] = trained[name]
        return outputs

    def fit(self, name: str, data: PreparedData, params: P, label: str = "") -> list[Future]:
        """Start training one candidate on each fold.

        `label` is another name for it in the store.
        """
        if name in self.estimators:
            return self.splits.fit_estimator(label or name, data, self.estimators[name])
        return self.splits.fit(label or name, data, self.model(name, params))

    def learners(self, params: P) -> dict[str, Learner]:
        """Return what fits each candidate, and each part of a blend, to fewer rows."""
        learners: dict[str, Learner] = {}
        for name in networks_to_train(params.candidates, self.models, self.blends):
            if name in self.estimators:
                estimator = self.estimators[name]
                learners[name] = EstimatorLearner(estimator.build, estimator.log_target)
            else:
                learners[name] = self.splits.learner(self.model(name, params))
        return learners

    def model(self, name: str, params: P) -> Model:
        """Return a candidate as this run trains it; the smoke profile trains for three epochs.

        Raises
        ------
        CasebookError
            There is no candidate of that name.
        """
        models = {**self.models, TUNED: Model(tuned_network(params), tuned_settings(params))}
        if name not in models:
            names = ", ".join((*models, *self.estimators, *self.blends))
            raise CasebookError(f"--candidates {name}: there are {names}.")
        model = models[name]
        changes: dict[str, object] = {"device": params.device}
        if params.profile == "smoke":
            changes["epochs"] = min(SMOKE_EPOCHS, model.settings.epochs)
        return replace(model, settings=model.settings.model_copy(update=changes))
