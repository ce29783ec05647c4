"""Networks that forecast the next thirty days of a household: the lab's, and ours."""

from __future__ import annotations

import keras
from keras import layers, ops

from casebook.array_types import NamedArrays
from tasks.evaluation.horizon_metrics import WEEK
from tasks.series.forecaster import Shape, forecaster
from tasks.stories.household_power.days import AHEAD, LENGTH

SHAPE: Shape = {"units": (32,), "members": 8, "dropout": 0.5}  # chosen on validation


def course_network(train: NamedArrays) -> keras.Model:
    """Return the lab's network on the last seven days.

    It has a convolution, two LSTMs, and an output for each day ahead.

    The lab gives it all the meter's sums and predicts one day; here it gets the power alone, as all
    others do.
    """
    mean, spread = float(train["window"].mean()), float(train["window"].std())
    window = keras.Input((LENGTH,), name="window")
    hidden = ops.expand_dims((window[:, -WEEK:] - mean) / spread, -1)
    hidden = layers.Conv1D(32, 5, activation="relu")(hidden)
    hidden = layers.LSTM(50)(layers.LSTM(100, return_sequences=True)(hidden))
    answer = layers.Dense(AHEAD)(hidden) * spread + mean
    return keras.Model(window, ops.expand_dims(answer, 1), name="course")


def our_network(train: NamedArrays) -> keras.Model:
    """Return an ensemble that corrects the mean of all days by weekday, season and recent days."""
    return forecaster(train, AHEAD, **SHAPE)
