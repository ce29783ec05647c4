"""Series case: what a case declares whose models go on with a series of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from pydantic import Field

from casebook.device import DeviceChoice
from casebook.errors import CasebookError
from casebook.futures import Future, gather
from casebook.language import Message
from casebook.origin import Origin
from casebook.params import CaseParams
from casebook.store import Ref
from tasks.data.clean import clean, drop_repeats
from tasks.data.validate import enforce, suite_text, validate
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.series.baselines import SeriesBaseline, StepBaseline, fit_baselines
from tasks.series.blend import blend_series
from tasks.series.estimators import SeriesEstimator, fit_step_estimators
from tasks.series.export import Window
from tasks.series.features import describe_windows
from tasks.series.inputs import Series
from tasks.series.train import SeriesNetwork, SeriesSettings, train_series
from tasks.training.blend import networks_to_train

SMOKE_EPOCHS = 2
SMOKE_TREES = 10  # of the forest among the baselines
SMOKE_SIZE = {"n_estimators": 5}  # of the forests among the candidates


class SeriesParams(CaseParams):
    """What can be set where a series is continued."""

    heading: ClassVar[str] = "models"

    candidates: tuple[str, ...] = Field((), description="models to train")
    peers: tuple[SeriesBaseline | StepBaseline, ...] = Field(
        (), description="plain forecasts to compare with"
    )
    device: DeviceChoice = Field("auto", description="where to train")


P = TypeVar("P", bound=SeriesParams)


@dataclass(frozen=True)
class SeriesModel:
    """A network to train.

    Attributes
    ----------
    network
        Builds it from the training part.
    settings
        How it is trained, in other profiles than smoke.
    """

    network: SeriesNetwork
    settings: SeriesSettings


@dataclass(frozen=True)
class SeriesCase(Generic[P]):
    """A series of numbers, what is predicted of it, and the models that are compared.

    Attributes
    ----------
    dataset
        Its name in the catalog.
    problem
        What is predicted, and how it is judged.
    window
        What a service is told of the numbers that a model is asked with.
    protocol
        How the figures come about, in a sentence.
    read
        Returns where the series comes from, and the series as a table.
    split
        Cuts the cleaned table (and what was read beside it) into windows that are split by time.
    models
        The networks by name.
    estimators
        Models of scikit-learn's by name; of a forecast only.
    blends
        Candidates whose answer is the weighted sum of the answers of several, by name; the weights
        are chosen on validation.
    smoke_epochs
        For how many epochs the smoke profile trains at most.
    """

    dataset: str
    problem: Problem
    window: Window
    protocol: Message
    read: Callable[[P], tuple[Origin, Ref]]
    split: Callable[[Ref, Ref, P], Ref]
    models: Mapping[str, SeriesModel]
    estimators: Mapping[str, SeriesEstimator] = field(default_factory=dict)
    blends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    smoke_epochs: int = SMOKE_EPOCHS

    def prepare(self, params: P) -> PreparedData:
        """Fetch, validate and clean the series, and split it by time."""
        origin, raw = self.read(params)
        checked = validate(raw, suite_text(self.dataset))
        enforce(checked, self.dataset)
        table = clean(checked, (drop_repeats,))
        parts = self.split(table, raw, params)
        return PreparedData(
            problem=self.problem,
            policy=ThresholdPolicy(),
            origin=origin,
            raw=raw,
            checked=checked,
            table=table,
            parts=[parts],
            encoded=[parts],
            kind=Series(self.window),
            protocol=self.protocol,
            seed=params.seed,
        )

    def fit_baselines(self, data: PreparedData, params: P, trees: int = 0) -> list[Future]:
        """Begin to fit the baselines; `trees` is the size of the forest, if one is among them."""
        if params.profile == "smoke":
            trees = min(SMOKE_TREES, trees)
        fitted = fit_baselines.submit(data.parts[0], params.peers, trees, params.seed)
        return [fitted] if params.peers else []

    def fit_all(self, data: PreparedData, params: P) -> dict[str, list[Ref]]:
        """Train all candidates, and the models that are blended."""
        # estimators first: they are fitted beside the networks
        models = (*self.estimators, *self.models)
        names = networks_to_train(params.candidates, models, self.blends)
        trained = gather({name: [self.fit(name, data, params)] for name in names})
        outputs = {}
        for name in params.candidates:
            if name in self.blends:
                parts = {part: trained[part][0] for part in self.blends[name]}
                blended = blend_series.with_label(name)(data.parts[0], parts, data.problem)
                outputs[name] = [blended]
            else:
                outputs[name] = trained[name]
        return outputs

    def fit(self, name: str, data: PreparedData, params: P) -> Future:
        """Begin to train one model.

        Raises
        ------
        CasebookError
            There is no model of that name.
        """
        if name in self.estimators:
            return self.fit_estimator(name, data, params)
        if name not in self.models:
            names = ", ".join((*self.models, *self.estimators, *self.blends))
            raise CasebookError(f"--candidates {name}: there are {names}.")
        model = self.models[name]
        settings = self.settings(model, params)
        return train_series.with_label(name).submit(
            data.parts[0], model.network, settings, params.seed
        )

    def fit_estimator(self, name: str, data: PreparedData, params: P) -> Future:
        """Begin to fit a model of scikit-learn's to the features of each step ahead."""
        estimator = self.estimators[name]
        settings = dict(estimator.settings)
        if params.profile == "smoke":
            settings |= {key: SMOKE_SIZE[key] for key in settings.keys() & SMOKE_SIZE}
        features = describe_windows(data.parts[0], params.device)
        return fit_step_estimators.with_label(name).submit(
            features, estimator.build, settings, data.problem, params.seed
        )

    def settings(self, model: SeriesModel, params: P) -> SeriesSettings:
        """Return how a network is trained in this run."""
        epochs = model.settings.epochs
        if params.profile == "smoke":
            epochs = min(self.smoke_epochs, epochs)
        return model.settings.model_copy(update={"epochs": epochs, "device": params.device})
