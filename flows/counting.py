"""Counting: from five numbers in a row, predict twice the next one (lab 270).

The question is also asked of numbers beyond those in training.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import keras
import numpy as np
import pandas as pd
from keras import layers, ops
from numpy import typing as npt
from pydantic import Field

from casebook.array_types import Float64Array, NamedArrays
from casebook.case import case
from casebook.cli import main
from casebook.device import DeviceChoice
from casebook.futures import Future, gather
from casebook.language import msg
from casebook.origin import Origin
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, read_table, write_arrays
from tasks.data.clean import clean, drop_repeats
from tasks.data.fetch import own
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate
from tasks.evaluation.evaluate import results
from tasks.evaluation.leakage_checks import in_order_of_time
from tasks.pages.notes import Notes
from tasks.pages.plot_style import figure, save
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.series.baselines import StepPeer, compare_series
from tasks.series.export import Window
from tasks.series.inputs import Series
from tasks.series.train import SeriesNetwork, SeriesSettings, train_series
from tasks.tables.explore import explore

DATA = "counting"
TARGET = "twice_next"
GIVEN = ("first", "second", "third", "fourth", "fifth")
HELD_OUT = 5  # the last of so many equal stretches is the test part, the one before it validation
PROTOCOL = msg(
    "the last fifth of the numbers held out, beyond all that was learnt; the fifth before it for "
    "validation"
)

Candidate = Literal["course", "ours"]


class CountingParams(CaseParams):
    """What can be set: how far is counted, which networks, how long."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ours"), min_length=1, description="networks to train: the lab's, ours"
    )
    peers: tuple[StepPeer, ...] = Field(
        ("last_value", "least_squares"), description="plain ways to go on, to compare with"
    )
    windows: Annotated[
        int, Field(ge=50, le=5000, description="how many windows of five numbers are made")
    ] = 100
    epochs: Annotated[int, Field(ge=1, le=5000, description="epochs of either network")] = 150
    device: DeviceChoice = Field("auto", description="where to train")


WINDOW = Window(
    descriptions={"window": "five numbers that follow each other, such as 1, 2, 3, 4, 5."}
)


@case
def counting(params: CountingParams = CountingParams()) -> Summary:
    """Predict twice the number that follows five, also beyond the training range (lab 270)."""
    data = prepare(params)
    profile = explore.submit(data.table, DATA, data.problem)
    peers = compare_series.submit(data.parts[0], params.peers, 0, params.seed)
    trained = gather({name: [train_candidate(name, data, params)] for name in params.candidates})
    baselines = [peers] if params.peers else []
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile, explain=explain))


def prepare(params: CountingParams) -> PreparedData:
    """Make the numbers (or read yours), validate and split them."""
    problem = aim_of(params.windows)
    origin = numbers_origin(params.source)
    raw = ingest(origin, count, params.windows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (drop_repeats,))
    parts = part(table)
    return PreparedData(
        problem,
        ThresholdPolicy(),
        origin,
        raw,
        checked,
        table,
        [parts],
        [parts],
        Series(WINDOW),
        PROTOCOL,
        params.seed,
    )


def numbers_origin(source: str) -> Origin:
    """Return where the numbers come from: this file, unless a path is given.

    There is no data set elsewhere that the numbers made here would stand for: they are what the
    question is about, so a model of them is as real as one can be. `--source sample` makes the same
    numbers and marks them as a sample, for runs that must not promote anything.
    """
    description = (
        "made in code by flows/counting.py: numbers in a row are this case's own data, no sample "
        "of any other"
    )
    return own(DATA, source, description)


def aim_of(windows: int) -> Problem:
    """Return what is predicted.

    The absolute error is scaled by the range of the targets, as in the lab.
    """
    return Problem(
        kind="regression",
        takes="series",
        target=TARGET,
        output=TARGET,
        primary="scaled_mae",
        shown=("scaled_mae", "mae", "rmse"),
        span=2.0 * (windows - 1),
    )


def count(rows: int, seed: int) -> pd.DataFrame:
    """Make the data: windows 0 to 4, 1 to 5 and so on, and twice the number that follows.

    Nothing is random.
    """
    numbers = np.arange(rows)[:, None] + np.arange(len(GIVEN) + 1.0)
    return pd.DataFrame(numbers, columns=[*GIVEN, TARGET]).assign(**{TARGET: 2 * numbers[:, -1]})


@stage
def part(out: Path, table: Ref) -> Facts:
    """Split the windows in order.

    Three fifths are for training, one for validation, and the last one for the test.

    Raises
    ------
    CasebookError
        The windows are not in the order of their numbers.
    """
    frame = read_table(table)
    ends = [0, len(frame) * 3 // HELD_OUT, len(frame) * 4 // HELD_OUT, len(frame)]
    window, y = frame[list(GIVEN)].to_numpy("float32"), frame[TARGET].to_numpy("float32")
    day = np.floor(window[:, -1]).astype("int64") + 1  # which number is asked for
    names = ("train", "validation", "test")
    cuts = {name: slice(*ends[i : i + 2]) for i, name in enumerate(names)}
    parts = {
        name: {"window": window[cut], "y": y[cut], "day": day[cut]} for name, cut in cuts.items()
    }
    in_order_of_time(parts)
    for name, arrays in parts.items():
        write_arrays(out, name, **arrays)
    return {name: {"rows": len(arrays["y"])} for name, arrays in parts.items()}


def train_candidate(name: Candidate, data: PreparedData, params: CountingParams) -> Future:
    """Train one candidate."""
    return train_series.with_label(name).submit(
        data.parts[0], NETWORKS[name], settings(name, params), params.seed
    )


def settings(name: Candidate, params: CountingParams) -> SeriesSettings:
    """Return how a candidate is trained; the smoke profile trains for few epochs."""
    epochs = min(params.epochs, 20) if params.profile == "smoke" else params.epochs
    if name == "course":
        return SeriesSettings(epochs=epochs, batch_size=16, device=params.device)
    return SeriesSettings(
        epochs=epochs, batch_size=16, learning_rate=2e-2, schedule="cosine", device=params.device
    )


def course_network(train: NamedArrays) -> keras.Model:
    """Return the lab's network: an LSTM on numbers scaled by the range of the training part.

    What it passes on lies between -1 and 1, however large the numbers get, and so do the sums that
    its last layer can make of it: beyond the numbers learned its predictions level off.
    """
    inputs = keras.Input(train["window"].shape[1:], name="window")
    low, wide, top = _range(train["window"]), _range(train["y"]), float(train["y"].min())
    scaled = ops.expand_dims((inputs - float(train["window"].min())) / low, -1)
    answer = layers.Dense(1)(layers.LSTM(32)(scaled))
    return keras.Model(inputs, ops.expand_dims(answer * wide + top, 1), name="course")


def our_network(train: NamedArrays) -> keras.Model:
    """Return a network that sees only how the five numbers relate to each other.

    It never sees how far is counted. Its inputs are the differences from the last number, and that
    number itself, all divided by the largest absolute value of the five, and its output is
    multiplied by that again. So the prediction for numbers ten times as large is ten times as
    large, whether they were learned or not (a function homogeneous of degree 1).
    """
    inputs = keras.Input(train["window"].shape[1:], name="window")
    size = ops.maximum(ops.max(ops.abs(inputs), axis=1, keepdims=True), 1e-6)
    last = inputs[:, -1:]
    shape = ops.concatenate([inputs[:, :-1] - last, last], axis=1) / size
    correction = layers.Dense(1, use_bias=False, kernel_initializer="zeros")(
        layers.Dense(16, "tanh", use_bias=False)(shape)
    )
    answer = (layers.Dense(1, use_bias=False)(shape) + correction) * size
    return keras.Model(inputs, ops.expand_dims(answer, 1), name="ours")


def _range(values: npt.NDArray[Any]) -> float:
    return float(values.max() - values.min()) or 1.0


NETWORKS: dict[Candidate, SeriesNetwork] = {"course": course_network, "ours": our_network}


@stage(process="worker")
def explain(
    out: Path, evaluation: Ref, trained: Mapping[str, Ref], parts: Ref, problem: Problem
) -> Facts:
    """Report how well each network counts within and beyond its training range.

    Draw its predictions over the whole range.
    """
    rows = {name: read_arrays(parts, name) for name in ("train", "validation", "test")}
    whole = {
        key: np.concatenate([arrays[key] for arrays in rows.values()]) for key in ("window", "y")
    }
    learnt = len(whole["y"]) - len(rows["test"]["y"])
    predictions = {}
    for name, ref in trained.items():
        network = keras.saving.load_model(ref.path("network.keras"), compile=False, safe_mode=True)
        predictions[name] = np.asarray(network(whole["window"], training=False), "float64")[:, 0]
    draw_range(out, whole["y"], predictions, learnt)
    table = tuple(
        _row(name, answers, whole["y"], learnt, problem) for name, answers in predictions.items()
    )
    champion = str(results(evaluation)["champion"])
    Notes(
        title=msg("Beyond the numbers learnt"),
        paragraphs=(
            msg(
                "An LSTM hands on numbers between -1 and 1. Within the numbers learnt its last "
                "layer stretches these over the targets; beyond them they hardly grow any more, "
                "so its answers level off while the truth goes on. No longer training mends that: "
                "it was asked to learn places on a line, not how to take a step."
            ),
            msg(
                "{champion} was chosen on the fifth before the last, which its training part ends "
                "before: a network that only knows its way within what it learnt loses there "
                "already. `ours` is asked in a form that has no scale (differences from the last "
                "number, divided by the largest of the five), and answers in the same form. The "
                "relation is a plane, which least squares finds to the last digit; no network can "
                "do better.",
                champion=champion,
            ),
        ),
        tables=(table,),
        pictures=(("range", msg("Answers over the whole range")),),
    ).keep(out)
    return {"learnt": learnt, "asked": len(whole["y"])}


def _row(
    name: str, answers: Float64Array, y: Float64Array, learnt: int, problem: Problem
) -> dict[str, str]:
    error = abs(answers - y)
    inside, beyond = error[:learnt].mean() / problem.span, error[learnt:].mean() / problem.span
    return {
        "network": name,
        "scaled MAE within the numbers learnt": f"{inside:.5f}",
        "beyond them": f"{beyond:.5f}",
        "largest error beyond": f"{error[learnt:].max():.3f}",
        "answer to the last window": f"{answers[-1]:.2f} (true: {y[-1]:g})",
    }


def draw_range(
    out: Path, y: Float64Array, predictions: Mapping[str, Float64Array], learnt: int
) -> None:
    """Draw each network's predictions against the truth over all numbers.

    The range not in training is shaded.
    """
    fig, axis = figure(6.4, 4.2)
    axis.axvspan(y[learnt], y[-1], color="grey", alpha=0.15, label="not learnt")
    axis.plot(y, y, color="grey", linewidth=1, label="truth")
    for name, answers in predictions.items():
        axis.plot(y, answers, linewidth=1.4, label=name)
    axis.set(xlabel="twice the next number", ylabel="answer", title="Answers over the whole range")
    axis.legend(fontsize=8)
    save(fig, out / "range.png")


if __name__ == "__main__":
    raise SystemExit(main("flows.counting"))
