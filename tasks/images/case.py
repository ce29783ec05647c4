"""Picture case: what a case declares whose models take a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

import numpy as np
from numpy import typing as npt
from pydantic import AfterValidator, Field

from casebook.device import DeviceChoice
from casebook.errors import CasebookError
from casebook.futures import Future, gather
from casebook.language import msg
from casebook.params import CaseParams
from casebook.store import Ref
from tasks.data.clean import clean, drop_repeated_pictures
from tasks.data.fetch import fetch
from tasks.data.validate import enforce, suite_text, validate
from tasks.images.baselines import PictureBaseline, fit_picture_baselines
from tasks.images.inputs import Pictures
from tasks.images.picture import Shape
from tasks.images.read import decode
from tasks.images.split import split_pictures
from tasks.images.train import PictureNetwork, PictureSettings, train_pictures
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.tables.boosting_libraries import all_installed
from tasks.tables.splitters import SMOKE_TREES

SampleMaker: TypeAlias = "Callable[[int, int], tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]]"

SMOKE_EPOCHS = 1
CENTROIDS, SMOKE_CENTROIDS = 800, 50  # of the baseline on patches
PROTOCOL = msg(
    "the set's own test part; a tenth of the training pictures, stratified, for validation"
)


class PictureParams(CaseParams):
    """What can be set where pictures are classified."""

    heading: ClassVar[str] = "models"

    candidates: tuple[str, ...] = Field((), description="networks to train")
    peers: Annotated[tuple[PictureBaseline, ...], AfterValidator(all_installed)] = Field(
        ("dummy", "extra_trees", "patches"),
        description="plain models to compare with: on the pixels, or on k-means of patches",
    )
    trees: Annotated[
        int, Field(ge=10, le=5000, description="size of the forest among the baselines")
    ] = 100
    epochs: Annotated[int, Field(ge=1, le=200, description="epochs of our networks")] = 12
    device: DeviceChoice = Field("auto", description="where to train")
    sample_rows: Annotated[
        int, Field(ge=200, le=100_000, description="size of the embedded sample")
    ] = 1500


@dataclass(frozen=True)
class PictureModel:
    """A network to train.

    Attributes
    ----------
    network
        Builds it from the training part and the number of classes.
    settings
        How it is trained.
    fixed_epochs
        Whether the settings say for how long; else the parameter `epochs` does.
    """

    network: PictureNetwork
    settings: PictureSettings
    fixed_epochs: bool = False


@dataclass(frozen=True)
class PictureCase:
    """A set of pictures with a test part of its own, and the networks that are compared.

    Attributes
    ----------
    dataset
        Its name in the catalog.
    problem
        What is predicted, and how it is judged.
    shape
        The size that every picture is brought to.
    sample
        Makes so many pictures of a sample, and their labels, with a seed.
    models
        The networks by name.
    """

    dataset: str
    problem: Problem
    shape: Shape
    sample: SampleMaker
    models: Mapping[str, PictureModel]

    def prepare(self, params: PictureParams) -> PreparedData:
        """Fetch, decode, validate, deduplicate and split the pictures."""
        origin = fetch(self.dataset, params.source)
        raw = decode(origin, self.shape, self.sample, params.sample_rows, params.seed)
        checked = validate(raw, suite_text(self.dataset))
        enforce(checked, self.dataset)
        table = clean(checked, (drop_repeated_pictures,))
        parts = split_pictures(table, raw, params.seed)
        return PreparedData(
            problem=self.problem,
            policy=ThresholdPolicy(),
            origin=origin,
            raw=raw,
            checked=checked,
            table=table,
            parts=[parts],
            encoded=[parts],
            kind=Pictures(),
            protocol=PROTOCOL,
            seed=params.seed,
        )

    def fit_baselines(self, data: PreparedData, params: PictureParams) -> list[Future]:
        """Begin to fit the baselines."""
        smoke = params.profile == "smoke"
        fitted = fit_picture_baselines.submit(
            data.encoded[0],
            params.peers,
            SMOKE_TREES if smoke else params.trees,
            SMOKE_CENTROIDS if smoke else CENTROIDS,
            self.problem,
            params.seed,
        )
        return [fitted] if params.peers else []

    def fit_all(
        self, data: PreparedData, params: PictureParams, names: Sequence[str] = ()
    ) -> dict[str, list[Ref]]:
        """Train the named candidates, or those of the parameters."""
        chosen = names or params.candidates
        return gather({name: [self.fit(name, data, params)] for name in chosen})

    def fit(self, name: str, data: PreparedData, params: PictureParams) -> Future:
        """Begin to train one candidate.

        Raises
        ------
        CasebookError
            There is no candidate of that name.
        """
        if name not in self.models:
            raise CasebookError(f"--candidates {name}: there are {', '.join(self.models)}.")
        model = self.models[name]
        epochs = model.settings.epochs if model.fixed_epochs else params.epochs
        if params.profile == "smoke":
            epochs = min(SMOKE_EPOCHS, epochs)
        settings = model.settings.model_copy(update={"epochs": epochs, "device": params.device})
        return train_pictures.with_label(name).submit(
            data.encoded[0], model.network, len(self.problem.labels), settings, params.seed
        )
