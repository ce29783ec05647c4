"""Forecaster: a network that continues a series of days, from raw numbers and a date.

It knows the calendar.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, TypedDict, Unpack

import keras
import numpy as np
from keras import layers, ops

from casebook.array_types import NamedArrays
from tasks.evaluation.horizon_metrics import WEEK

YEAR = 365.2425  # days
WAVES = 2  # harmonics of the year that tell the season
THURSDAY = 4  # the weekday of 1970-01-01, counted from Sunday
HOURS = 24
# hours of the night, morning, day, evening and late evening
SPANS = ((1, 6), (6, 10), (10, 18), (18, 24), (22, 24))
LOW = 3  # hours in which a house runs by itself, whatever the time


class Shape(TypedDict):
    """What a forecaster is made of: see there."""

    units: tuple[int, ...]
    members: int
    dropout: float


def forecaster(train: NamedArrays, ahead: int, **shape: Unpack[Shape]) -> keras.Model:
    """Return an ensemble that corrects the mean of all days.

    It uses the same weights for each day ahead. Besides the features of a day, it gets how far
    ahead the day is and, once more, the current state divided by that distance, as the state says
    most about the next day. It starts from the mean of all days, not of the last ones, so it has to
    learn how far the last ones may be trusted.

    Parameters
    ----------
    train
        The training part, of which the scale is taken.
    ahead
        How many days are predicted.
    shape
        `units`, `members`, `dropout`: the rectified layers of each member, how many members there
        are, and the dropout behind each layer.

    Returns
    -------
    A model from `window` (rows, length), perhaps `hours` (rows, 24), those of the window's last
    day, and `date` (rows, 1), that day in days since 1970, to answers (rows, members, ahead).
    """
    inputs, scale, steps = (
        raw_inputs(train),
        float(train["window"].mean()),
        np.arange(1, ahead + 1, dtype="float32"),
    )
    features = described(inputs, ahead, scale)
    far = np.stack([1 / steps, steps**-0.5, steps / ahead], axis=-1)[None]
    soon = ops.cast(ops.expand_dims(standing(inputs, scale), 1), "float32") * far[:, :, :1]
    features = ops.concatenate([features, soon, ops.zeros_like(features[:, :, :3]) + far], axis=-1)
    members, units = shape["members"], shape["units"]
    hidden = ops.repeat(ops.expand_dims(features, 1), members, axis=1)
    for inner, outer in pairwise((features.shape[-1], *units)):
        hidden = layers.Dropout(shape["dropout"])(
            _dense(hidden, inner, outer, members, ahead, "relu")
        )
    answer = 1 + ops.squeeze(_dense(hidden, units[-1], 1, members, ahead, None), -1)
    return keras.Model(list(inputs.values()), ops.maximum(answer, 0.0) * scale, name="forecaster")


def raw_inputs(rows: NamedArrays) -> dict[str, keras.KerasTensor]:
    """Return a network's inputs for the raw numbers that these rows have, by name."""
    return {
        name: keras.Input(rows[name].shape[1:], name=name)
        for name in ("window", "hours", "date")
        if name in rows
    }


def described(inputs: Mapping[str, Any], ahead: int, scale: float = 1.0) -> Any:
    """Return the features of each day ahead, shape (rows, ahead, features).

    How things stand, the same weekday in each week of the window, and season and weekday of the day
    itself. All is computed in 64 bits, since trees decide by a hair: a sum in another order, as
    another library may take it, must not lead to another leaf.
    """
    recent = _beyond(inputs["window"], scale)
    state = ops.repeat(ops.expand_dims(standing(inputs, scale), 1), ahead, axis=1)
    weeks = ops.transpose(ops.reshape(recent, (-1, recent.shape[1] // WEEK, WEEK)), (0, 2, 1))
    same = ops.take(weeks, np.arange(ahead) % WEEK, axis=1)
    days = calendar(ops.cast(inputs["date"], "float64") + np.arange(1.0, ahead + 1)[None])
    return ops.cast(ops.concatenate([state, same, days], axis=-1), "float32")


def standing(inputs: Mapping[str, Any], scale: float) -> Any:
    """Return the current state, shape (rows, features).

    It consists of levels of the last days, and the parts of the last one.
    """
    features = [levels(_beyond(inputs["window"], scale))]
    if "hours" in inputs:
        features.append(parts_of_day(_beyond(HOURS * inputs["hours"], scale)))
    return ops.concatenate(features, axis=-1)


def _beyond(numbers: Any, scale: float) -> Any:
    """Return by how many times `scale` numbers are greater than it, in 64 bits."""
    return ops.cast(numbers, "float64") / scale - 1


def levels(recent: Any) -> Any:
    """Return the last three numbers, and means, minima and maxima of the recent ones.

    The means are of a week, of two and of all numbers; the minima and maxima of a week and of all.
    """
    week = recent[:, -WEEK:]
    means = [ops.mean(days, axis=1) for days in (week, recent[:, -2 * WEEK :], recent)]
    ends = [end(days, axis=1) for days in (week, recent) for end in (ops.min, ops.max)]
    return ops.stack([recent[:, -1], recent[:, -2], recent[:, -3], *means, *ends], axis=-1)


def parts_of_day(hours: Any) -> Any:
    """Return the means of some spans of the day and of its lowest hours, and its highest hour.

    The shape is (rows, 7).
    """
    ordered = ops.sort(hours, axis=1)
    spans = [hours[:, begin:end] for begin, end in SPANS]
    return ops.stack(
        [*(ops.mean(span, axis=1) for span in (*spans, ordered[:, :LOW])), ordered[:, -1]], axis=-1
    )


def calendar(day: Any) -> Any:
    """Return season and weekday of days since 1970, shape (…, 2 · WAVES + 7)."""
    angle = day * (2 * np.pi / YEAR)
    features = [
        wave(number * angle) for number in range(1, WAVES + 1) for wave in (ops.sin, ops.cos)
    ]
    weekday = day + THURSDAY - WEEK * ops.floor((day + THURSDAY) / WEEK)
    features += [
        ops.cast(ops.abs(weekday - number) < 0.5, features[0].dtype) for number in range(WEEK)
    ]
    return ops.stack(features, axis=-1)


def _dense(
    hidden: Any, inner: int, outer: int, members: int, ahead: int, activation: str | None
) -> Any:
    """Return a dense layer's output for each member and day.

    Weights are initialized as by He et al.; those of the last layer start small.
    """
    limit = (6.0 / inner) ** 0.5 if activation else 0.02
    return keras.layers.EinsumDense(
        "bmsi,mio->bmso",
        (members, ahead, outer),
        bias_axes="mo",
        activation=activation,
        kernel_initializer=keras.initializers.RandomUniform(-limit, limit),
    )(hidden)
