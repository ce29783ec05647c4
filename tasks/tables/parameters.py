"""Tuned: a plain network as the user's parameters say, which `flows.tune` can search."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

import keras
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from casebook.array_types import Float32Array
from casebook.device import DeviceChoice
from casebook.params import CaseParams
from tasks.problem.calibration import ThresholdPolicy
from tasks.tables.baselines import Baseline, Baselines, NumberBaseline, NumberBaselines
from tasks.tables.boosting_libraries import all_installed, installed
from tasks.training.networks import perceptron, plain
from tasks.training.train import Optimizer, Settings

Units = Annotated[int, Field(ge=1, le=4096)]


class NetworkParams(CaseParams):
    """What can be set of the candidate `tuned`, the same in every case that models."""

    heading: ClassVar[str] = "the candidate tuned, and where to train"

    layers: tuple[Units, ...] = Field(
        (64, 64), max_length=8, description="units of each layer of `tuned`"
    )
    dropout: Annotated[
        float, Field(ge=0, lt=1, description="share of units of `tuned` left out in a step")
    ] = 0.0
    l1: Annotated[
        float, Field(ge=0, le=1, description="penalty on the size of weights of `tuned`")
    ] = 0.0
    l2: Annotated[
        float, Field(ge=0, le=1, description="the same on their squares; with l1, an elastic net")
    ] = 0.0
    optimizer: Optimizer = Field("adam", description="what `tuned` is trained by")
    learning_rate: Annotated[float, Field(gt=0, le=1, description="learning rate of `tuned`")] = (
        1e-3
    )
    batch_size: Annotated[
        int, Field(ge=8, le=65536, description="rows per training step of `tuned`")
    ] = 32
    epochs: Annotated[
        int, Field(ge=1, le=5000, description="maximum number of epochs of `tuned`")
    ] = 200
    patience: Annotated[
        int, Field(ge=1, le=5000, description="epochs without better validation to wait")
    ] = 20
    device: DeviceChoice = Field("auto", description="where to train")


AnyBaselines: TypeAlias = Annotated[
    tuple[Baseline | NumberBaseline, ...], AfterValidator(all_installed)
]
Candidate = Literal[
    "course", "tuned", "ensemble", "gaussian", "support_vectors", "forest", "boosting", "blend"
]


class TableParams(NetworkParams):
    """What can be set where an answer is predicted from a table."""

    heading: ClassVar[str] = "models"

    candidates: tuple[str, ...] = Field(
        ("course", "ensemble"),
        min_length=1,
        description="networks to train: the lab's, our ensemble, yours",
    )
    peers: AnyBaselines = Field(
        ("dummy", "logistic_regression", "extra_trees", "gradient_boosting"),
        description="plain models to compare with",
    )
    trees: Annotated[
        int, Field(ge=10, le=5000, description="size of forests and boosting among the baselines")
    ] = 200
    sample_rows: Annotated[
        int, Field(ge=100, le=1_000_000, description="size of the embedded sample")
    ] = 400

    @property
    def baselines(self) -> tuple[Baseline | NumberBaseline, ...]:
        """What candidates are compared with.

        These are `peers`; and in the full profile, beside any of them, each boosting library that
        is installed.
        """
        if self.profile != "full" or not self.peers:
            return self.peers
        return (*self.peers, *(name for name in installed() if name not in self.peers))


class ThresholdParams(TableParams):
    """What can be set where a threshold is chosen by what an error costs, or by F-beta."""

    heading: ClassVar[str] = "what errors cost"

    peers: Baselines = Field(
        ("dummy", "logistic_regression", "extra_trees", "gradient_boosting"),
        description="plain models to compare with",
    )
    trees: Annotated[
        int, Field(ge=10, le=5000, description="size of the forests among the baselines")
    ] = 300
    threshold_by: Literal["cost", "f_beta"] = Field(
        "cost", description="what the threshold is chosen by"
    )
    cost_missed: Annotated[float, Field(gt=0, le=1e9, description="cost of a missed row")] = 100.0
    cost_alert: Annotated[float, Field(gt=0, le=1e9, description="cost of checking an alert")] = 5.0
    beta: Annotated[
        float, Field(gt=0, le=10, description="how much more recall counts than precision")
    ] = 1.0

    def threshold_policy(self) -> ThresholdPolicy:
        """Return how the threshold is chosen."""
        return ThresholdPolicy(
            by=self.threshold_by,
            cost_missed=self.cost_missed,
            cost_alert=self.cost_alert,
            beta=self.beta,
        )


class RepeatedFoldsParams(TableParams):
    """What can be set where a small table is split into ten folds again and again."""

    repeats: Annotated[
        int, Field(ge=1, le=20, description="times ten folds in the full profile")
    ] = 3
    folds: Annotated[
        int | None,
        Field(ge=1, le=10, description="of the ten, if not as many as the profile takes"),
    ] = None


class SmallTableParams(RepeatedFoldsParams):
    """What can be set where a number is predicted from a small table, in repeated folds."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ensemble", "gaussian", "support_vectors", "forest", "boosting", "blend"),
        min_length=1,
        description="models to train: the lab's network, our ensemble, other kinds, a blend, yours",
    )
    peers: NumberBaselines = Field(
        ("dummy", "least_squares", "ridge", "extra_trees", "gradient_boosting"),
        description="plain models to compare with",
    )


class TunedNetwork(BaseModel):
    """The network of `tuned`.

    It has rectified linear layers, each followed by dropout; l1 and l2 penalties keep their weights
    small. It is called as every network is, with x of one fold (rows, features) or of several
    (folds, rows, features).
    """

    model_config = ConfigDict(frozen=True)
    layers: tuple[int, ...]
    l1: float
    l2: float

    def __call__(self, x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
        """Build it."""
        build = perceptron if x.ndim == 3 else plain
        return build(x, self.layers, dropout, "tuned", l1=self.l1, l2=self.l2)


def tuned_network(params: NetworkParams) -> TunedNetwork:
    """Return what builds the network that the parameters describe."""
    return TunedNetwork(layers=params.layers, l1=params.l1, l2=params.l2)


def tuned_settings(params: NetworkParams) -> Settings:
    """Return how `tuned` is trained; it keeps its best epoch on validation."""
    return Settings(
        epochs=params.epochs,
        patience=params.patience,
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
        dropout=params.dropout,
        optimizer=params.optimizer,
        device=params.device,
    )
