"""The sentences say what is shown, and how many test rows would show more."""

import pytest

from tasks.evaluation.paired import Difference
from tasks.problem.definition import Problem
from tasks.tables.learning_findings import Comparison, learned, needed, section

PROBLEM = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
ROWS = [10, 20, 40, 70, 100]
MEANS = [Difference(value, value - 0.1, value + 0.1) for value in (0.5, 0.6, 0.7, 0.75, 0.8)]


def compared(value: float, low: float, high: float) -> Comparison:
    return Comparison("ours", "ridge", Difference(value, low, high), 100)


@pytest.mark.parametrize(
    ("difference", "rows", "words"),
    [
        (
            (0.1, -0.1, 0.3),
            400,
            "no difference between ours and the best baseline, ridge, is shown",
        ),
        ((-0.1, -0.3, 0.1), 400, "about 400 test rows are needed"),
        ((0.2, 0.1, 0.3), 25, "takes about 25 test rows to show"),
        ((-0.2, -0.3, -0.1), 25, "differs from the best baseline, ridge, by -0.2000"),
        ((0.0, -0.1, 0.1), None, "are equal"),
    ],
)
def test_the_number_of_test_rows_follows_the_interval(
    difference: tuple[float, float, float], rows: int | None, words: str
) -> None:
    finding = needed(compared(*difference))
    assert finding.value == rows
    assert words in str(finding.sentence)


def test_a_lopsided_interval_is_measured_on_the_side_of_zero() -> None:
    shown, hidden = compared(0.1, 0.01, 0.5), compared(0.1, -0.01, 0.11)
    assert shown.rows_needed is not None and shown.rows_needed < 100
    assert hidden.rows_needed is not None and hidden.rows_needed > 100


def test_repeated_folds_do_not_make_more_rows() -> None:
    judged = {
        "champion": "ours",
        "peers": {"ridge": {"auprc": {"value": 0.7}}, "dummy": {"auprc": {"value": 0.1}}},
        "test": {"rows": 300},
        "differences": {"ridge": {"value": 0.1, "low": 0.0, "high": 0.2}},
    }
    comparison = Comparison.of(judged, PROBLEM, 100)
    assert comparison == Comparison("ours", "ridge", Difference(0.1, 0.0, 0.2), 100)
    assert Comparison.of({**judged, "peers": {}}, PROBLEM, 100) is None


@pytest.mark.parametrize(("low", "words"), [(0.01, "expects twice as many"), (-0.01, "no gain")])
def test_a_gain_is_only_told_where_it_is_shown(low: float, words: str) -> None:
    doubling = Difference(0.02, low, 0.05)
    page = section("ours", "ours", ROWS, MEANS, doubling, None, 5, PROBLEM)
    assert words in str(page.findings[1].sentence)
    assert "extrapolation" in str(page.findings[1].sentence)
    assert [finding.name for finding in page.findings] == ["learning_curve", "doubling"]
    assert [row["training rows"] for row in page.tables[0]] == ["10", "20", "40", "70", "100"]


def test_a_part_of_a_blend_is_called_one() -> None:
    sentence = str(learned("trees", "blend", ROWS, MEANS).sentence)
    assert sentence.startswith("trees, the part of blend with the greatest weight,")
    assert "0.5000 with 10 rows, and 0.8000 with all 100" in sentence
    assert str(learned("trees", "trees", ROWS, MEANS).sentence).startswith("trees was fitted")
