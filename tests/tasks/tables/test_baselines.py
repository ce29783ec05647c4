"""Peers learn from training and validation rows and are scored on the test rows."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.problem.definition import Problem
from tasks.tables.baselines import NormalEquation, NumberPeer, Peer, fit_baselines, peer

CLASS = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


def part(rows: int, seed: int, problem: Problem) -> dict[str, Any]:
    x = np.random.default_rng(seed).normal(size=(rows, 3)).astype("float32")
    y = 2 * x[:, 0] - x[:, 1]
    return {"x": x, "y": (y > 0).astype("float32") if problem.problem_type == "binary" else y}


@pytest.mark.parametrize(
    ("problem", "peers"), [(CLASS, get_args(Peer)), (NUMBER, get_args(NumberPeer))]
)
def test_every_peer_scores_the_test_rows(
    keep: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
    problem: Problem,
    peers: tuple[Any, ...],
) -> None:
    parts = {
        "train": part(80, 0, problem),
        "validation": part(20, 1, problem),
        "test": part(30, 2, problem),
    }
    ref = keep(fit_baselines.fn, keep_arrays(**parts), peers, 20, problem, 0)
    scores = read_arrays(ref, "scores")
    assert set(scores) == set(peers)
    assert ref.facts["rows"] == 100
    for name, values in scores.items():
        assert values.shape == (30,)
        assert name == "dummy" or np.corrcoef(values, parts["test"]["y"])[0, 1] > 0.5


def test_a_peer_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="ridge is no peer of a binary model"):
        peer("ridge", 10, CLASS, 0)


@given(st.integers(0, 1000), st.integers(1, 5))
def test_the_normal_equation_is_least_squares(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, columns)), rng.normal(size=30)
    expected = LinearRegression().fit(x, y).predict(x)
    assert NormalEquation().fit(x, y).predict(x) == pytest.approx(expected, abs=1e-6)


def test_columns_that_depend_on_each_other_do_no_harm() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    wide, y = np.column_stack([x, x.sum(axis=1)]), x @ [1.0, 2.0] + 3
    assert NormalEquation().fit(wide, y).predict(wide) == pytest.approx(y, abs=1e-6)
