"""Counting: from five numbers in a row, predict twice the next one (lab 270).

The question is also asked of numbers beyond those in training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from casebook.case import case
from casebook.cli import main
from casebook.language import msg
from casebook.origin import Origin
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays
from tasks.data.fetch import own
from tasks.data.ingest import ingest
from tasks.evaluation.leakage_checks import in_order_of_time
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.series.baselines import StepBaseline
from tasks.series.case import SeriesCase, SeriesModel, SeriesParams
from tasks.series.export import Window
from tasks.series.train import SeriesSettings
from tasks.stories.counting.beyond import explain
from tasks.stories.counting.networks import course_network, our_network
from tasks.tables.explore import explore

DATA = "counting"
TARGET = "twice_next"
GIVEN = ("first", "second", "third", "fourth", "fifth")
HELD_OUT = 5  # the last of so many equal stretches is the test part, the one before it validation

Candidate = Literal["course", "ours"]


class CountingParams(SeriesParams):
    """What can be set: how far is counted, which networks, how long."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ours"), min_length=1, description="networks to train: the lab's, ours"
    )
    peers: tuple[StepBaseline, ...] = Field(
        ("last_value", "least_squares"), description="plain ways to go on, to compare with"
    )
    windows: Annotated[
        int, Field(ge=50, le=5000, description="how many windows of five numbers are made")
    ] = 100
    epochs: Annotated[int, Field(ge=1, le=5000, description="epochs of either network")] = 150


@case
def counting(params: CountingParams = CountingParams()) -> Summary:
    """Predict twice the number that follows five, also beyond the training range (lab 270)."""
    numbers = series_case(params.windows, params.epochs)
    data = numbers.prepare(params)
    profile = explore.submit(data.table, numbers.dataset, numbers.problem)
    baselines = numbers.fit_baselines(data, params)
    trained = numbers.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile, explain=explain))


def series_case(windows: int, epochs: int) -> SeriesCase[CountingParams]:
    """Return the case of so many windows.

    The absolute error is scaled by the range of the targets, as in the lab.
    """
    course = SeriesSettings(epochs=epochs, batch_size=16)
    ours = course.model_copy(update={"learning_rate": 2e-2, "schedule": "cosine"})
    return SeriesCase(
        dataset=DATA,
        problem=Problem(
            problem_type="regression",
            input_kind="series",
            target=TARGET,
            output=TARGET,
            primary_metric="scaled_mae",
            metrics=("scaled_mae", "mae", "rmse"),
            span=2.0 * (windows - 1),
        ),
        window=Window(
            descriptions={"window": "five numbers that follow each other, such as 1, 2, 3, 4, 5."}
        ),
        protocol=msg(
            "the last fifth of the numbers held out, beyond all that was learnt; the fifth before "
            "it for validation"
        ),
        read=read_numbers,
        split=split_numbers,
        models={
            "course": SeriesModel(course_network, course),
            "ours": SeriesModel(our_network, ours),
        },
        smoke_epochs=20,
    )


def read_numbers(params: CountingParams) -> tuple[Origin, Ref]:
    """Make the numbers, or read yours."""
    origin = numbers_origin(params.source)
    return origin, ingest(origin, count, params.windows, params.seed)


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


def count(rows: int, seed: int) -> pd.DataFrame:
    """Make the data: windows 0 to 4, 1 to 5 and so on, and twice the number that follows.

    Nothing is random.
    """
    numbers = np.arange(rows)[:, None] + np.arange(len(GIVEN) + 1.0)
    return pd.DataFrame(numbers, columns=[*GIVEN, TARGET]).assign(**{TARGET: 2 * numbers[:, -1]})


def split_numbers(table: Ref, raw: Ref, params: CountingParams) -> Ref:
    """Split the windows in order."""
    return part(table)


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


if __name__ == "__main__":
    raise SystemExit(main("flows.counting"))
