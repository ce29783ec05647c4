"""Text case: what a case declares whose models take a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

import pandas as pd
from pydantic import Field

from casebook.device import DeviceChoice
from casebook.errors import CasebookError
from casebook.futures import Future, gather
from casebook.language import Message
from casebook.params import CaseParams
from casebook.store import Ref
from casebook.words import Unit
from tasks.data.clean import clean
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.texts.baselines import TextBaseline, fit_baselines
from tasks.texts.blend import blend
from tasks.texts.features import encode
from tasks.texts.halves import both, fetch_halves, join
from tasks.texts.inputs import Texts
from tasks.texts.linear import LinearModel, fit_linear
from tasks.texts.split import split_texts
from tasks.texts.train import TextNetwork, TextSettings, train_texts
from tasks.training.blend import networks_to_train

SMOKE_EPOCHS = 1
SMOKE_BUCKETS = 65_521


class TextParams(CaseParams):
    """What can be set where texts are classified."""

    heading: ClassVar[str] = "models"

    candidates: tuple[str, ...] = Field((), description="models to train")
    peers: tuple[TextBaseline, ...] = Field(
        ("dummy", "linear_on_characters", "linear_on_words"),
        description="plain models to compare with",
    )
    device: DeviceChoice = Field("auto", description="where to train")
    sample_rows: Annotated[
        int, Field(ge=400, le=100_000, description="size of the embedded sample")
    ] = 2000


@dataclass(frozen=True)
class Encoding:
    """How texts are written as numbers.

    Attributes
    ----------
    unit
        Whether a text is read by words or by characters.
    tokens
        How many of them the vocabulary has.
    length
        How many of a text are read.
    """

    unit: Unit
    tokens: int
    length: int


@dataclass(frozen=True)
class TextModel:
    """A network to train.

    Attributes
    ----------
    network
        Builds it for so many numbers of tokens.
    settings
        How it is trained.
    encoding
        The name of the encoding that it reads.
    small
        Builds a smaller one for the smoke profile.
    """

    network: TextNetwork
    settings: TextSettings
    encoding: str
    small: TextNetwork | None = None


@dataclass(frozen=True)
class PreparedTexts(PreparedData):
    """Texts that are checked, split and encoded.

    Attributes
    ----------
    encodings
        What each encoding made of the texts, by its name; `encoded` has the first.
    """

    encodings: Mapping[str, Ref] = field(default_factory=dict)


@dataclass(frozen=True)
class TextCase:
    """A set of texts with a test part of its own, and the models that are compared.

    Attributes
    ----------
    dataset
        The name of its suite of expectations.
    halves
        The names of the training file and the test file in the catalog.
    problem
        What is predicted, and how it is judged.
    protocol
        How the figures come about, in a sentence.
    sample
        Makes so many texts of a sample with a seed.
    encodings
        How the texts are written as numbers, by name.
    models
        The networks by name.
    linear
        Linear models on n-grams, by name.
    blends
        Candidates whose logit is the weighted sum of those of several models that read the same
        encoding.
    """

    dataset: str
    halves: tuple[str, str]
    problem: Problem
    protocol: Message
    sample: Callable[[int, int], pd.DataFrame]
    encodings: Mapping[str, Encoding]
    models: Mapping[str, TextModel]
    linear: Mapping[str, LinearModel] = field(default_factory=dict)
    blends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def prepare(self, params: TextParams) -> PreparedTexts:
        """Fetch, validate, split and encode the texts."""
        origins = fetch_halves(self.halves, params.source)
        train, test = (
            ingest.with_label(origin.dataset)(
                origin, self.sample, params.sample_rows, params.seed + number
            )
            for number, origin in enumerate(origins)
        )
        raw = join(train, test)
        checked = validate(raw, suite_text(self.dataset))
        enforce(checked, self.dataset)
        table = clean(checked, ())
        parts = split_texts(table, self.problem.text_column, params.seed)
        encodings = self._encode(parts)
        return PreparedTexts(
            problem=self.problem,
            policy=ThresholdPolicy(by="likelier"),
            origin=both(*origins),
            raw=raw,
            checked=checked,
            table=table,
            parts=[parts],
            encoded=[next(iter(encodings.values()))],
            kind=Texts(self.problem.text_column),
            protocol=self.protocol,
            seed=params.seed,
            encodings=encodings,
        )

    def fit_baselines(self, data: PreparedTexts, params: TextParams) -> list[Future]:
        """Begin to fit the baselines on counts of n-grams."""
        fitted = fit_baselines.submit(
            data.parts[0],
            self.problem.text_column,
            self.problem.target,
            params.peers,
            params.seed,
        )
        return [fitted] if params.peers else []

    def fit_all(self, data: PreparedTexts, params: TextParams) -> dict[str, list[Ref]]:
        """Train all candidates, and the models that are blended."""
        models: dict[str, TextModel | LinearModel] = {**self.models, **self.linear}
        names = networks_to_train(params.candidates, models, self.blends)
        trained = gather({name: [self.fit(name, data, params)] for name in names})
        outputs = {}
        for name in params.candidates:
            if name in self.blends:
                parts = {part: trained[part][0] for part in self.blends[name]}
                encoded = data.encodings[models[self.blends[name][0]].encoding]
                outputs[name] = [blend.with_label(name)(encoded, parts, data.problem)]
            else:
                outputs[name] = trained[name]
        return outputs

    def fit(self, name: str, data: PreparedTexts, params: TextParams) -> Future:
        """Begin to train one model; the smoke profile trains a smaller one.

        Raises
        ------
        CasebookError
            There is no model of that name.
        """
        smoke = params.profile == "smoke"
        if name in self.linear:
            return self._fit_linear(name, data, params.seed, smoke=smoke)
        if name not in self.models:
            names = ", ".join((*self.models, *self.linear, *self.blends))
            raise CasebookError(f"--candidates {name}: there are {names}.")
        model = self.models[name]
        network, epochs = model.network, model.settings.epochs
        if smoke:
            network, epochs = model.small or network, min(SMOKE_EPOCHS, epochs)
        settings = model.settings.model_copy(update={"epochs": epochs, "device": params.device})
        return train_texts.with_label(name).submit(
            data.encodings[model.encoding], network, settings, params.seed
        )

    def _fit_linear(self, name: str, data: PreparedTexts, seed: int, *, smoke: bool) -> Future:
        model = self.linear[name]
        if smoke:
            model = replace(model, grams=replace(model.grams, buckets=SMOKE_BUCKETS))
        return fit_linear.with_label(name).submit(data.encodings[model.encoding], model, seed)

    def _encode(self, parts: Ref) -> dict[str, Ref]:
        return {
            name: encode.with_label(name)(
                parts,
                self.problem.text_column,
                self.problem.target,
                encoding.unit,
                encoding.tokens,
                encoding.length,
            )
            for name, encoding in self.encodings.items()
        }
