"""The forest plot: every model with its interval, the best first, inside the picture."""

import re
from typing import Any

from tasks.pages.forest_plot import EDGE, NAMES, VALUES, WIDTH, forest_plot, lines_of
from tasks.problem.definition import Problem

ERROR = Problem(
    problem_type="regression",
    target="y",
    output="price",
    primary_metric="rmse",
    metrics=("rmse",),
)


def figure(value: float) -> dict[str, Any]:
    return {"rmse": {"value": value, "low": value - 1, "high": value + 1}}


METRICS = {
    "champion": "ours",
    "candidates": {"course": figure(9.0), "ours": figure(3.0)},
    "peers": {"forest": figure(4.0), "dummy": figure(1_000.0), "a<b": figure(5.0)},
}


def test_the_best_is_first_and_of_an_error_that_is_the_least() -> None:
    assert [line.name for line in lines_of(METRICS, ERROR)][:2] == ["ours", "forest"]


def test_the_constant_answer_does_not_squeeze_the_others() -> None:
    plot = forest_plot(METRICS, ERROR, "RMSE of each model")
    centres = [float(x) for x in re.findall(r'cx="([\d.]+)"', plot)]
    assert centres[0] < centres[1] < centres[2] < centres[3] <= centres[4]
    assert centres[3] - centres[0] > 200
    left, right = NAMES + EDGE, WIDTH - VALUES - EDGE
    assert all(left <= x <= right for x in centres)


def test_names_are_escaped_and_the_champion_is_marked() -> None:
    plot = forest_plot(METRICS, ERROR, 'of "each"')
    assert "a&lt;b" in plot and "a<b" not in plot
    assert '<g class="champion"><text x="0" y="16.0">ours</text>' in plot
    assert 'aria-label="of &#34;each&#34;"' in plot


def test_one_model_alone_is_drawn() -> None:
    alone = {"champion": "ours", "candidates": {"ours": figure(3.0)}, "peers": {}}
    assert "3.00 (2.00 – 4.00)" in forest_plot(alone, ERROR, "RMSE")
