"""Choices are made on validation, the test part is only read, and every figure has its interval."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import evaluate, results
from tasks.evaluation.figures import base_weights
from tasks.evaluation.judging import judge
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem

CLASS = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


def labels(rows: int, seed: int) -> Any:
    return (np.random.default_rng(seed).random(rows) < 0.3).astype("float32")


@pytest.fixture
def fold(keep_arrays: Callable[..., Ref]) -> Callable[[int], Ref]:
    """Return a function that keeps the labels of one fold's parts."""

    def kept(seed: int) -> Ref:
        parts = {"train": 60, "validation": 60, "test": 80}
        return keep_arrays(
            **{
                name: {"y": labels(rows, 10 * seed + i)}
                for i, (name, rows) in enumerate(parts.items())
            }
        )

    return kept


@pytest.fixture
def scored(keep_arrays: Callable[..., Ref]) -> Callable[..., Ref]:
    """Return a function that keeps logits of a given skill on the validation and test labels."""

    def kept(ref: Ref, on_validation: float, on_test: float) -> Ref:
        rng = np.random.default_rng(0)
        skills = {"validation": on_validation, "test": on_test}
        y = {name: read_arrays(ref, name)["y"] for name in skills}
        return keep_arrays(
            scores={
                n: skill * (2 * y[n] - 1) + rng.normal(size=len(y[n]))
                for n, skill in skills.items()
            }
        )

    return kept


def test_the_champion_is_best_on_validation_also_where_it_loses_on_test(
    keep: Callable[..., Ref], fold: Callable[[int], Ref], scored: Callable[..., Ref]
) -> None:
    ref = fold(1)
    trained = {"course": [scored(ref, 0.5, 3.0)], "ours": [scored(ref, 2.0, 0.5)]}
    result = results(keep(evaluate.fn, [ref], trained, [], CLASS, ThresholdPolicy(), 0))
    assert result["champion"] == "ours"
    assert (
        result["candidates"]["course"]["auprc"]["value"]
        > result["candidates"]["ours"]["auprc"]["value"]
    )
    assert result["validation"]["ours"] > result["validation"]["course"]
    for figures in result["candidates"].values():
        assert all(
            figure["low"] <= figure["value"] <= figure["high"] for figure in figures.values()
        )


def test_the_threshold_knows_nothing_of_the_test_labels(
    keep_arrays: Callable[..., Ref], fold: Callable[[int], Ref], scored: Callable[..., Ref]
) -> None:
    ref, other = fold(1), fold(2)
    y = {"validation": read_arrays(ref, "validation")["y"], "test": read_arrays(ref, "test")["y"]}
    scores = scored(ref, 1.0, 1.0)
    one = judge(scores, y, CLASS, ThresholdPolicy())
    two = judge(scores, {**y, "test": read_arrays(other, "test")["y"]}, CLASS, ThresholdPolicy())
    assert (one.threshold, one.slope, one.shift) == (two.threshold, two.slope, two.shift)
    assert judge(scores, y, CLASS, ThresholdPolicy(by="likelier")).threshold == 0.5


def test_over_folds_figures_are_means_and_peers_stand_beside(
    keep: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
    fold: Callable[[int], Ref],
    scored: Callable[..., Ref],
) -> None:
    folds = [fold(1), fold(2), fold(3)]
    trained = {"course": [scored(ref, 1.0, 1.0) for ref in folds]}
    baselines = [
        keep_arrays(validation={"dummy": np.full(60, -0.8)}, test={"dummy": np.full(80, -0.8)})
        for _ in folds
    ]
    result = results(
        keep(evaluate.fn, folds, trained, baselines, CLASS, ThresholdPolicy(), 0, 0.001, 2)
    )
    course = result["candidates"]["course"]["auprc"]
    assert course["value"] == pytest.approx(np.mean(result["folds"]["course"]))
    assert result["peers"]["dummy"]["roc_auc"]["value"] == pytest.approx(0.5)
    assert result["test"] == {
        "split": "test",
        "folds": 3,
        "rows": 240,
        "positives": result["test"]["positives"],
    }
    assert result["consequences"]["rows"] == 160


def test_of_numbers_less_error_is_better(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    rng = np.random.default_rng(0)
    y = {name: rng.normal(size=50) for name in ("train", "validation", "test")}
    ref = keep_arrays(**{name: {"y": values} for name, values in y.items()})
    near = {name: y[name] + 0.1 for name in ("validation", "test")}
    far = {name: y[name] + 1.0 for name in ("validation", "test")}
    trained = {"far": [keep_arrays(scores=far)], "near": [keep_arrays(scores=near)]}
    result = results(keep(evaluate.fn, [ref], trained, [], NUMBER, ThresholdPolicy(), 0))
    assert result["champion"] == "near"
    assert result["candidates"]["near"]["rmse"]["value"] == pytest.approx(0.1)
    assert result["consequences"] is None


def test_weights_bring_the_share_of_positives_to_the_population_s() -> None:
    y = np.repeat([1.0, 0.0], [20, 80])
    weights = base_weights(y, 0.01)
    assert weights[y == 1].sum() / weights.sum() == pytest.approx(0.01)
    assert base_weights(y, None).tolist() == [1.0] * 100


def test_the_champion_is_compared_with_all_others_on_the_same_rows(
    keep: Callable[..., Ref],
    fold: Callable[[int], Ref],
    scored: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
) -> None:
    ref = fold(1)
    trained = {"course": [scored(ref, 0.5, 0.5)], "ours": [scored(ref, 2.0, 2.0)]}
    baselines = [
        keep_arrays(validation={"dummy": np.full(60, -0.8)}, test={"dummy": np.full(80, -0.8)})
    ]
    result = results(keep(evaluate.fn, [ref], trained, baselines, CLASS, ThresholdPolicy(), 0))
    assert list(result["differences"]) == ["course", "dummy"]
    champion = result["candidates"]["ours"]["auprc"]["value"]
    for name, kind in (("course", "candidates"), ("dummy", "peers")):
        difference = result["differences"][name]
        assert difference["value"] == pytest.approx(champion - result[kind][name]["auprc"]["value"])
        assert 0 < difference["low"] < difference["high"]
    several = results(
        keep(
            evaluate.fn,
            [ref, fold(2)],
            {name: [*refs, scored(fold(2), 1.0, 1.0)] for name, refs in trained.items()},
            [],
            CLASS,
            ThresholdPolicy(),
            0,
        )
    )
    assert list(several["differences"]) == ["course"]


def test_a_candidate_and_a_peer_of_one_name_are_refused(
    keep: Callable[..., Ref],
    fold: Callable[[int], Ref],
    scored: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
) -> None:
    ref = fold(1)
    baselines = [
        keep_arrays(validation={"ours": np.full(60, -0.8)}, test={"ours": np.full(80, -0.8)})
    ]
    with pytest.raises(CasebookError, match="ours is the name of a candidate and of a baseline"):
        keep(
            evaluate.fn,
            [ref],
            {"ours": [scored(ref, 1.0, 1.0)]},
            baselines,
            CLASS,
            ThresholdPolicy(),
            0,
        )


def test_a_peer_is_calibrated_and_thresholded_as_a_candidate_is(
    keep: Callable[..., Ref],
    fold: Callable[[int], Ref],
    scored: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
) -> None:
    ref = fold(1)
    ours = scored(ref, 1.0, 1.0)
    scores = read_arrays(ours, "scores")
    baseline = keep_arrays(**{part: {"plain": values} for part, values in scores.items()})
    policy = ThresholdPolicy(by="f_beta")
    result = results(keep(evaluate.fn, [ref], {"ours": [ours]}, [baseline], CLASS, policy, 0))
    assert result["peers"]["plain"] == result["candidates"]["ours"]
    assert result["calibration"]["plain"] == result["calibration"]["ours"]
    assert result["calibration"]["plain"]["threshold"] != 0.5


def test_the_answers_of_a_peer_to_texts_are_taken_as_they_are(
    keep: Callable[..., Ref],
    fold: Callable[[int], Ref],
    scored: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
) -> None:
    ref = fold(1)
    problem = CLASS.model_copy(update={"input_kind": "text"})
    truth = read_arrays(ref, "test")["y"]
    baselines = [keep_arrays(scores={"plain": 0.2 + 0.6 * truth})]
    trained = {"ours": [scored(ref, 1.0, 1.0)]}
    result = results(
        keep(evaluate.fn, [ref], trained, baselines, problem, ThresholdPolicy(by="likelier"), 0)
    )
    assert result["peers"]["plain"]["brier"]["value"] == pytest.approx(0.04)
    assert result["peers"]["plain"]["f1"]["value"] == 1.0
