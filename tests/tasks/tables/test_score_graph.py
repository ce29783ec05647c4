"""A graph of trees sends each number the way that the trees do, however near to a threshold."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn import ensemble

from tasks.problem.definition import Problem
from tasks.tables.estimators import scored
from tasks.tables.score_graph import score_graph

PRICE = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
SOLD = Problem(problem_type="binary", target="y", primary_metric="f1", metrics=("f1",))
MODELS = [
    (ensemble.HistGradientBoostingRegressor(max_iter=30, min_samples_leaf=2), PRICE),
    (ensemble.HistGradientBoostingClassifier(max_iter=30, min_samples_leaf=2), SOLD),
    (ensemble.ExtraTreesRegressor(30, random_state=0), PRICE),
]


@pytest.mark.parametrize(("model", "problem"), MODELS, ids=lambda value: type(value).__name__)
def test_a_number_halfway_between_two_that_were_trained_on_goes_the_same_way(
    model: Any, problem: Problem
) -> None:
    rng = np.random.default_rng(0)
    # a grid that was standardized: a threshold halfway between two numbers is another of the grid
    grid = ((np.arange(200) - 97.3) / 57.9).astype("float32")
    x = rng.choice(grid[::2], (2_000, 3))
    y = x.sum(axis=1) + 0.1 * rng.normal(size=len(x))
    fitted = model.fit(x, y > 0 if problem.classes else y)
    between = rng.choice(grid, (2_000, 3))
    graph = score_graph(fitted, 3, problem, log_target=False)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    answers = session.run(None, {"features": between})[0].ravel()
    expected = scored(fitted, between, problem, log_target=False)
    assert answers == pytest.approx(expected, abs=1e-3)
