"""A forecast's band holds the share of what comes that it is to hold."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from casebook.store import Ref
from tasks.series.band import LEVEL, conformal, covered, ends, floor, judge_band, offsets
from tasks.series.export import run
from tasks.series.graph import with_band
from tasks.training.onnx_format import IR_VERSION, opsets


@pytest.mark.parametrize("errors", [9, 14, 40])
def test_the_next_error_lies_within_the_band_as_often_as_stated(errors: int) -> None:
    """Few errors, of which plain quantiles would hold too little."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_t(3, (errors + 1, 20_000))
    low, high = conformal(drawn[:-1])
    held = ((low <= drawn[-1]) & (drawn[-1] <= high)).mean()
    assert LEVEL - 0.01 < held < LEVEL + 2 / (errors + 1)
    plain = np.quantile(drawn[:-1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    assert ((plain[0] <= drawn[-1]) & (drawn[-1] <= plain[1])).mean() < held


def test_what_is_not_known_is_no_error_and_a_band_holds_its_forecast() -> None:
    errors = np.array([[1.0, np.nan], [2.0, -3.0], [3.0, -1.0]])
    low, high = conformal(errors)
    assert low.tolist() == [0.0, -3.0] and high.tolist() == [3.0, 0.0]


def parts_and_model(keep_arrays: Callable[..., Ref], size: float) -> tuple[Ref, Ref]:
    """Return a series of which a model misses the earlier period by three times as much."""
    rng = np.random.default_rng(0)
    y = {
        name: rng.normal(size, 10, (rows, 7)) for name, rows in (("validation", 658), ("test", 700))
    }
    period = np.repeat([0, 1], 329)
    noise = rng.normal(0, 10, (658, 7)) * np.where(period == 0, 3, 1)[:, None]
    parts = keep_arrays(
        train={"y": y["test"]},
        validation={"y": y["validation"], "period": period},
        test={"y": y["test"]},
    )
    scores = {
        "validation": y["validation"] + noise,
        "test": y["test"] + rng.normal(0, 10, (700, 7)),
    }
    return parts, keep_arrays(scores=scores)


def test_the_band_is_made_of_the_last_period_alone(keep_arrays: Callable[..., Ref]) -> None:
    parts, model = parts_and_model(keep_arrays, 1000)
    low, high = offsets(parts, model)
    assert low == pytest.approx(np.full(7, -12.8), abs=2) and high == pytest.approx(-low, abs=3)


def test_each_candidate_is_judged_by_how_many_days_its_band_holds(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    parts, model = parts_and_model(keep_arrays, 1000)
    judged = keep(judge_band.fn, parts, {"ours": model}, 0)
    figures = json.loads(judged.path("figures.json").read_text())["candidates"]["ours"]
    assert list(figures) == ["coverage_next_day", "coverage_next_week"]
    for figure in figures.values():
        assert figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert figure["low"] < LEVEL < figure["high"]


def test_shares_are_counted_by_horizon() -> None:
    y = np.zeros((14, 7))
    low, high = np.full(y.shape, -1.0), np.full(y.shape, 1.0)
    low[0, 1:] = 0.5  # the first week is held on its first day alone
    figures = covered(y, low, high, seed=0)
    assert figures["coverage_next_day"]["value"] == 1.0
    assert figures["coverage_next_week"]["value"] == pytest.approx((1 / 7 + 1) / 2)
    assert "coverage_next_month" not in figures


def test_nothing_below_zero_is_said_of_what_is_never_negative(
    keep_arrays: Callable[..., Ref],
) -> None:
    above, around = (parts_and_model(keep_arrays, size)[0] for size in (1000, 0))
    assert floor(above) == 0 and floor(around) == -np.inf
    low, high = ends(np.array([[5.0]]), np.array([-9.0]), np.array([2.0]), floor(above))
    assert (low.item(), high.item()) == (0.0, 7.0)


def score(shape: list[int | str]) -> onnx.ModelProto:
    """Return the graph that answers with its window."""
    info = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name in ("window", "score")
    ]
    node = helper.make_node("Identity", ["window"], ["score"])
    graph = helper.make_graph([node], "score", info[:1], info[1:])
    return helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION)


def test_the_graph_has_the_band_that_is_judged(tmp_path: Path) -> None:
    window = np.array([[5.0, 20.0], [1.0, 2.0]], "float32")
    low, high = np.array([-9.0, -3.0]), np.array([2.0, 4.0])
    given = run(with_band(score(["n", 2]), low, high, 0.0), {"window": window}, "score")
    expected = np.stack([window, *ends(window, low, high, 0.0)], axis=1)
    assert given.tolist() == expected.tolist()
