"""One thread: also of libraries that are first used inside."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn import ensemble, linear_model

from casebook.threads import fit_in_all_cores

FIT = """
from sklearn import ensemble
from casebook.threads import one_thread

with one_thread():
    ensemble.HistGradientBoostingRegressor(max_iter=1).fit([[0.0], [1.0]] * 20, [0.0, 1.0] * 20)
    import threadpoolctl
    print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
"""


def test_a_library_that_is_first_used_inside_has_one_thread() -> None:
    command = [sys.executable, "-c", f"import casebook\n{FIT}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "{1}\n"


@pytest.mark.parametrize("forest", [ensemble.ExtraTreesRegressor, ensemble.RandomForestClassifier])
def test_a_forest_that_grew_in_all_cores_is_the_same(forest: Any) -> None:
    x = np.random.default_rng(0).normal(size=(300, 4))
    y = (x[:, 0] > 0).astype(float)
    alone = forest(20, random_state=0, n_jobs=1).fit(x, y)
    together = fit_in_all_cores(forest(20, random_state=0), x, y)
    assert together.n_jobs == 1
    np.testing.assert_array_equal(together.predict(x), alone.predict(x))
    trees = zip(alone.estimators_, together.estimators_, strict=True)
    assert all(np.array_equal(one.tree_.threshold, two.tree_.threshold) for one, two in trees)


def test_a_model_that_is_no_forest_is_fitted_as_it_is() -> None:
    model = fit_in_all_cores(linear_model.LinearRegression(), np.eye(3), np.arange(3.0))
    assert model.predict(np.eye(3)).round(6).tolist() == [0, 1, 2]
