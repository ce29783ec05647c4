"""Threads of numerical libraries: one, where the other cores have work of their own."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import threadpoolctl
from sklearn import ensemble

from casebook.array_types import AnyArray

LOADED = ("sklearn.ensemble", "scipy.linalg")  # what brings the pools that are limited


@contextmanager
def one_thread() -> Iterator[None]:
    """Let scikit-learn and the linear algebra below it compute in one thread meanwhile.

    The other core trains networks, and threads that wait for each other spin: boosted trees took
    forty times as long. A library that isn't loaded yet has no threads to limit and would begin
    with many, so all are loaded first.
    """
    for name in LOADED:
        importlib.import_module(name)
    with threadpoolctl.threadpool_limits(1):
        yield


def fit_in_all_cores(model: Any, x: AnyArray, y: AnyArray) -> Any:
    """Fit a model of scikit-learn's, and return it; a forest grows in a thread for each core.

    It answers in one thread: a sum over trees that end in any order differs in its last digit.
    """
    if not isinstance(model, ensemble.BaseEnsemble) or "n_jobs" not in model.get_params():
        return model.fit(x, y)
    return model.set_params(n_jobs=-1).fit(x, y).set_params(n_jobs=1)
