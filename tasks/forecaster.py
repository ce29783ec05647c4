"""Forecaster: a network that goes on with a series of days, knowing the calendar, from raw numbers and a date."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tasks.horizons import WEEK

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

YEAR = 365.2425  # days
THURSDAY = 4  # the weekday of 1970-01-01, counted from Sunday


def forecaster(
    train: "Arrays", ahead: int, *, units: tuple[int, ...], members: int, waves: int, dropout: float
) -> "keras.Model":
    """Return an ensemble that corrects the window's mean, for each day ahead by the same weights.

    What each day ahead is told: the last days and their means over one week, two and all, the same weekday in each week
    of the window, the weekday and the season of the day itself, and how far ahead it is. A straight line through all of
    it is added to the members' answers, so that they learn what it can't.

    Parameters
    ----------
    train
        The training part, of which the scale is taken.
    ahead
        How many days are answered for.
    units, members, dropout
        The rectified layers of each member, how many members there are, and the dropout behind each layer.
    waves
        How many harmonics of the year tell the season.

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
    recent = window / scale
    told = described(recent, date, ahead, waves)
    line = layers.Dense(1, kernel_initializer="zeros")(told)
    hidden = ops.repeat(ops.expand_dims(told, 1), members, axis=1)
    for inner, outer in pairwise((told.shape[-1], *units)):
        hidden = layers.Dropout(dropout)(_dense(hidden, inner, outer, members, ahead, "relu"))
    own = ops.squeeze(_dense(hidden, units[-1], 1, members, ahead, None), -1)
    mean = ops.mean(recent, axis=1, keepdims=True)
    answer = ops.expand_dims(mean + ops.squeeze(line, -1), 1) + own
    return keras.Model([window, date], ops.maximum(answer, 0.0) * scale, name="forecaster")


def described(recent: Any, date: Any, ahead: int, waves: int) -> Any:
    """Return what is told of each day ahead, shape (rows, ahead, features), from scaled numbers and the last date."""
    import numpy as np
    from keras import ops

    steps = np.arange(1, ahead + 1, dtype="float32")
    near = 1 / steps
    means = [ops.mean(recent[:, -days:], axis=1, keepdims=True) for days in (WEEK, 2 * WEEK, recent.shape[1])]
    level = ops.concatenate([recent[:, -1:], recent[:, -2:-1], recent[:, -3:-2], *means], axis=-1) - 1
    level = ops.repeat(ops.expand_dims(level, 1), ahead, axis=1)
    weeks = ops.transpose(ops.reshape(recent, (-1, recent.shape[1] // WEEK, WEEK)), (0, 2, 1))
    same = ops.take(weeks, np.arange(ahead) % WEEK, axis=1) - 1
    far = np.stack([near, np.sqrt(near), steps / ahead], axis=-1)[None]
    far = ops.zeros_like(level[:, :, :3]) + far.astype("float32")
    return ops.concatenate([level, same, calendar(date + steps[None], waves), far, level[:, :, :4] * far[:, :, :1]], -1)


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
