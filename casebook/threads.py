"""Threads of numerical libraries: one, where the other cores have work of their own."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

import threadpoolctl

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
