"""Forecaster: a network that goes on with a series of days, knowing the calendar, from raw numbers and a date."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from tasks.build import quantile_bins
from tasks.horizons import WEEK

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Arrays = dict[str, NDArray[Any]]

YEAR = 365.2425  # days
THURSDAY = 4  # the weekday of 1970-01-01, counted from Sunday


class Shape(TypedDict):
    """What a forecaster is made of: see there."""

    units: tuple[int, ...]
    members: int
    waves: int
    bins: int
    dropout: float


def forecaster(train: "Arrays", ahead: int, **shape: Unpack[Shape]) -> "keras.Model":
    """Return an ensemble that corrects the mean of all days, for each day ahead by the same weights.

    What each day ahead is told: the last days, means over three days, a week, two and the whole window, the same
    weekday in each week of the window, the weekday and the season of the day itself, and how far ahead it is. Beginning
    with the mean of all days, not of the last ones, it has to learn how far the last ones may be trusted.

    Parameters
    ----------
    train
        The training part, of which scale and bins are taken.
    ahead
        How many days are answered for.
    shape
        `units`, `members`, `dropout`: the rectified layers of each member, how many members there are, and the dropout
        behind each layer; `waves`: how many harmonics of the year tell the season; `bins`: into how many quantile bins
        each recent number is put besides, as in `tasks.build.piecewise`, since a house that nobody is in shows by a
        step, not by a slope.

    Returns
    -------
    A model from `window` (rows, length) and `date` (rows, 1), the day of the window's last number in days since 1970,
    to answers (rows, members, ahead).
    """
    import keras
    from keras import layers, ops

    scale = float(train["window"].mean())
    window = keras.Input(train["window"].shape[1:], name="window")
    date = keras.Input((1,), name="date")
    learnt: Floats = (train["window"] / scale).astype("float32")
    told = described(window / scale, date, learnt, ahead, shape["waves"], shape["bins"])
    members, units = shape["members"], shape["units"]
    hidden = ops.repeat(ops.expand_dims(told, 1), members, axis=1)
    for inner, outer in pairwise((told.shape[-1], *units)):
        hidden = layers.Dropout(shape["dropout"])(_dense(hidden, inner, outer, members, ahead, "relu"))
    answer = 1 + ops.squeeze(_dense(hidden, units[-1], 1, members, ahead, None), -1)
    return keras.Model([window, date], ops.maximum(answer, 0.0) * scale, name="forecaster")


def described(recent: Any, date: Any, learnt: "Floats", ahead: int, waves: int, bins: int) -> Any:
    """Return what is told of each day ahead, shape (rows, ahead, features).

    Parameters
    ----------
    recent, date
        Scaled windows (rows, length), and the day of the last number (rows, 1).
    learnt
        The scaled windows of the training part, of which the bins are taken.
    ahead, waves, bins
        As in `forecaster`.
    """
    import numpy as np
    from keras import ops

    steps = np.arange(1, ahead + 1, dtype="float32")
    level = levels(recent)
    each = ops.repeat(ops.expand_dims(level - 1, 1), ahead, axis=1)
    weeks = ops.transpose(ops.reshape(recent, (-1, recent.shape[1] // WEEK, WEEK)), (0, 2, 1))
    same = ops.take(weeks, np.arange(ahead) % WEEK, axis=1)
    usual = ops.mean(same, axis=-1, keepdims=True)
    placed = ops.repeat(ops.expand_dims(_placed(level, np.asarray(levels(learnt)), bins), 1), ahead, axis=1)
    placed_same = _placed(usual, learnt.reshape(-1, 1), bins)
    far = np.stack([1 / steps, steps**-0.5, steps / ahead], axis=-1)[None].astype("float32")
    far = ops.zeros_like(each[:, :, :3]) + far
    soon = each[:, :, :5] * far[:, :, :1]
    found = (each, same - 1, usual - 1, placed, placed_same, calendar(date + steps[None], waves), far, soon)
    return ops.concatenate(found, axis=-1)


def levels(recent: Any) -> Any:
    """Return the last three numbers, and the means of the last three, of a week, of two and of all: (rows, 7)."""
    from keras import ops

    means = [ops.mean(recent[:, -days:], axis=1, keepdims=True) for days in (3, WEEK, 2 * WEEK, recent.shape[1])]
    return ops.concatenate([recent[:, -1:], recent[:, -2:-1], recent[:, -3:-2], *means], axis=-1)


def _placed(values: Any, learnt: "Floats", bins: int) -> Any:
    """Return each value's position, from 0 to 1, in each of its quantile bins: (…, values · bins)."""
    from keras import ops

    low, width = quantile_bins(learnt, bins)
    places = ops.clip((ops.expand_dims(values, -1) - low) / width, 0.0, 1.0)
    return ops.reshape(places, (*[-1 if size is None else size for size in values.shape[:-1]], low.size))


def calendar(day: Any, waves: int) -> Any:
    """Return season and weekday of days since 1970, shape (…, 2 · waves + 7)."""
    import numpy as np
    from keras import ops

    angle = day * (2 * np.pi / YEAR)
    found = [wave(number * angle) for number in range(1, waves + 1) for wave in (ops.sin, ops.cos)]
    weekday = day + THURSDAY - WEEK * ops.floor((day + THURSDAY) / WEEK)
    found += [ops.cast(ops.abs(weekday - number) < 0.5, "float32") for number in range(WEEK)]
    return ops.stack(found, axis=-1)


def _dense(hidden: Any, inner: int, outer: int, members: int, ahead: int, activation: str | None) -> Any:
    """Return a dense layer's answers for each member and day, started as He et al. do; the last one starts small."""
    import keras

    limit = (6.0 / inner) ** 0.5 if activation else 0.02
    return keras.layers.EinsumDense(
        "bmsi,mio->bmso", (members, ahead, outer), bias_axes="mo", activation=activation,
        kernel_initializer=keras.initializers.RandomUniform(-limit, limit),
    )(hidden)  # fmt: skip
