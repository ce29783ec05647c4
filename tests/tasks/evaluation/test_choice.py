"""The best on validation is the champion, unless one that ties with it is much faster."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook import files
from casebook.store import Facts, Ref
from tasks.evaluation.choice import (
    COSTS,
    FLOOR,
    Choice,
    Cost,
    choose,
    find_faster,
    much_faster,
    read_faster,
)
from tasks.evaluation.evaluate import evaluate, results
from tasks.evaluation.paired import Difference
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem

NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
FIGURES = {"linear": 0.80, "network": 0.90, "blend": 0.91}
TIE, CLEAR = Difference(0.01, -0.01, 0.03), Difference(0.11, 0.05, 0.17)


def costs(**one_row_ms: float) -> dict[str, Cost]:
    return {
        name: Cost(one_row_ms=time, thousand_rows_ms=1.0, size_mb=1.0)
        for name, time in one_row_ms.items()
    }


def chosen(times: Mapping[str, float], differences: Mapping[str, Difference]) -> Choice:
    return choose(FIGURES, 1, much_faster(costs(**times)), lambda best: differences)


def test_the_best_is_champion_if_none_that_ties_is_ten_times_faster() -> None:
    times = {"linear": 0.01, "network": 0.5, "blend": 4.9}
    differences = {"linear": CLEAR, "network": TIE}
    assert chosen(times, differences) == Choice("blend", "blend")


def test_one_that_ties_and_is_ten_times_faster_is_champion() -> None:
    times = {"linear": 0.01, "network": 0.5, "blend": 5.1}
    differences = {"linear": CLEAR, "network": TIE}
    assert chosen(times, differences) == Choice("network", "blend", TIE)


def test_of_those_that_tie_the_best_that_is_fast_enough_is_champion() -> None:
    differences = {"linear": TIE, "network": TIE}
    fast = {"linear": 0.1, "network": 0.9, "blend": 5.0}
    slow = {"linear": 0.1, "network": 1.1, "blend": 5.0}
    assert chosen(fast, differences).champion == "network"
    assert chosen(slow, differences).champion == "linear"


def test_where_no_time_was_measured_the_best_is_champion() -> None:
    assert choose(FIGURES, 1, {}, lambda best: {}) == Choice("blend", "blend")
    assert choose(FIGURES, -1, {}, lambda best: {}) == Choice("linear", "linear")


@given(st.lists(st.floats(1e-4, FLOOR), min_size=3, max_size=3))
def test_tenths_of_a_millisecond_decide_nothing(times: list[float]) -> None:
    fast = dict(zip(FIGURES, times, strict=True))
    assert chosen(fast, {"linear": TIE, "network": TIE}) == Choice("blend", "blend")


@pytest.fixture
def candidates(keep_arrays: Callable[..., Ref]) -> tuple[list[Ref], dict[str, list[Ref]]]:
    """Return three folds, and candidates of which two tie on validation.

    On the test part the third one is best.
    """
    folds, trained = [], {name: [] for name in ("best", "as_good", "bad")}
    rng = np.random.default_rng(0)
    for _ in range(3):
        y = {name: rng.normal(size=200) for name in ("train", "validation", "test")}
        folds.append(keep_arrays(**{name: {"y": values} for name, values in y.items()}))
        noise = rng.normal(size=200)
        errors = {"best": 0.5 * noise, "as_good": 0.5 * noise + rng.normal(0, 0.08, 200)}
        errors["bad"] = 1.5 * noise
        for name, error in errors.items():
            on_test = y["test"] + (0.1 if name == "bad" else 0.5) * noise
            scores = {"validation": y["validation"] + error, "test": on_test}
            trained[name].append(keep_arrays(scores=scores))
    return folds, trained


def write_costs(folder: object, one_row_ms: Mapping[str, float]) -> Facts:
    kept = {name: cost.model_dump() for name, cost in costs(**one_row_ms).items()}
    files.write_json(folder / COSTS, kept)  # type: ignore[operator]
    return {}


@pytest.mark.parametrize("count", [1, 3])
def test_validation_alone_says_what_ties(
    count: int,
    candidates: tuple[list[Ref], dict[str, list[Ref]]],
    keep: Callable[..., Ref],
) -> None:
    folds, trained = candidates
    first = {name: refs[:count] for name, refs in trained.items()}
    measured = keep(write_costs, {"best": 9.0, "as_good": 0.3, "bad": 0.01})
    faster = keep(find_faster.fn, measured)
    assert read_faster(faster) == {"best": ["as_good", "bad"], "as_good": ["bad"], "bad": []}
    result = results(
        keep(evaluate.fn, folds[:count], first, [], NUMBER, ThresholdPolicy(), 0, None, 1, faster)
    )
    assert (result["champion"], result["choice"]["best"]) == ("as_good", "best")
    difference = result["choice"]["difference"]
    assert difference["low"] <= 0 <= difference["high"]
    means = result["validation"]
    assert difference["value"] == pytest.approx(means["best"] - means["as_good"])
    assert "as_good" not in result["differences"]
