"""Compare series: fit what a practitioner reaches for in five minutes to go on with a series."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn import ensemble, linear_model, pipeline, preprocessing

from casebook.array_types import Float64Array, NamedArrays
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from casebook.threads import fit_in_all_cores, one_thread
from tasks.tables.baselines import NormalEquation

SeriesBaseline = Literal["yesterday", "last_week", "seasonal_naive", "ridge", "extra_trees"]
StepBaseline = Literal["last_value", "least_squares"]
WEEK = 7
YEAR = 365.2425  # days
WAVES = 2  # harmonics of the year among the calendar's features


@stage(process="worker")
def fit_baselines(
    out: Path, parts: Ref, names: tuple[SeriesBaseline | StepBaseline, ...], trees: int, seed: int
) -> Facts:
    """Fit each baseline on training and validation rows together, and predict the test rows.

    Writes `scores.npz`. A baseline needs no early stopping, so the rows on which candidates are
    chosen are training rows to it.
    """
    train, validation, test = (read_arrays(parts, name) for name in ("train", "validation", "test"))
    fit_rows = {name: np.concatenate([train[name], validation[name]]) for name in train}
    with one_thread():
        scores = {name: answered(name, fit_rows, test, trees, seed) for name in names}
    write_arrays(out, "scores", **scores)
    return {"rows": len(fit_rows["y"])}


def answered(
    name: SeriesBaseline | StepBaseline,
    train: NamedArrays,
    test: NamedArrays,
    trees: int,
    seed: int,
) -> Float64Array:
    """Return one baseline's answers, of the truth's shape.

    `yesterday` repeats the last number, `last_week` the last seven, `seasonal_naive` the same
    weekdays 52 weeks before; `ridge` and `extra_trees` are fitted for each step ahead on recent
    numbers, means, and the calendar. `last_value` says that what came last comes again, and
    `least_squares` is a plane through the window's numbers.

    Examples
    --------
    >>> test = {"window": np.arange(7.0)[None], "y": np.zeros((1, 9))}
    >>> answered("last_week", {}, test, trees=0, seed=0).tolist()
    [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0, 1.0]]
    """
    window = test["window"].astype("float64")
    if name == "last_value":
        return 2 * window[:, -1]
    if name == "least_squares":
        return NormalEquation().fit(train["window"], train["y"]).predict(window)
    steps = test["y"].shape[1]
    if name == "yesterday":
        return np.repeat(window[:, -1:], steps, axis=1)
    if name == "last_week":
        return window[:, np.arange(steps) % WEEK - WEEK]
    if name == "seasonal_naive":
        return test["year_before"].astype("float64")
    return np.stack(
        [_fitted(name, train, test, step, trees, seed) for step in range(1, steps + 1)], axis=1
    )


def _fitted(
    name: SeriesBaseline | StepBaseline,
    train: NamedArrays,
    test: NamedArrays,
    step: int,
    trees: int,
    seed: int,
) -> Any:
    """Return one step's answers of a model that is fitted where the truth of that step is known."""
    y = train["y"][:, step - 1]
    there = np.isfinite(y)
    forest = ensemble.ExtraTreesRegressor(trees, min_samples_leaf=3, random_state=seed, n_jobs=1)
    model = (
        forest
        if name == "extra_trees"
        else pipeline.make_pipeline(
            preprocessing.StandardScaler(), linear_model.RidgeCV(np.logspace(0, 5, 20))
        )
    )
    fitted = fit_in_all_cores(model, columns(train, step)[there], y[there])
    return fitted.predict(columns(test, step))


def columns(rows: NamedArrays, step: int) -> Float64Array:
    """Return the inputs of a plain model for one step ahead.

    They are recent numbers, means, the same weekdays, and the calendar.
    """
    window, day = rows["window"].astype("float64"), rows["date"][:, 0].astype("int64") + step
    weeks = range(1, window.shape[1] // WEEK + 1)
    angle = 2 * np.pi * day / YEAR
    features = [window[:, -1], window[:, -2], window[:, -3]]
    features += [
        window[:, -WEEK:].mean(axis=1),
        window[:, -2 * WEEK :].mean(axis=1),
        window.mean(axis=1),
    ]
    features += [window[:, (step - 1) % WEEK - WEEK * back] for back in weeks]
    features += [
        wave(number * angle) for number in range(1, WAVES + 1) for wave in (np.sin, np.cos)
    ]
    features += [(day % WEEK == weekday).astype("float64") for weekday in range(WEEK)]
    return np.stack(features, axis=1)
