"""The figures of merit are scikit-learn's, for any rows and any weights."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
    roc_curve,
    root_mean_squared_error,
)

from tasks.evaluation.intervals import across_folds, bootstrap, resamples
from tasks.evaluation.metrics import (
    binary,
    decided,
    multiclass,
    precision_at,
    probable,
    ranked,
    recall_at,
    recall_at_false_alarms,
    regression,
)

Rows = tuple[Any, Any, Any]


@st.composite
def weighted_rows(draw: st.DrawFn) -> Rows:
    """Return labels of both classes, scores with many ties, and integer weights.

    Each class has some weight.
    """
    row = st.tuples(st.integers(0, 1), st.integers(0, 10), st.integers(0, 4))
    rows = [
        (1, draw(st.integers(0, 10)), 1),
        (0, draw(st.integers(0, 10)), 2),
        *draw(st.lists(row, max_size=40)),
    ]
    y, scores, weights = np.array(rows, dtype="float64").T
    return y, scores / 10, weights


@given(weighted_rows())
def test_ranking_figures_are_those_of_scikit_learn_with_ties_and_weights(rows: Rows) -> None:
    y, scores, weights = rows
    auprc, area = ranked(y, scores, weights[None, :])
    assert auprc[0] == pytest.approx(
        average_precision_score(y, scores, sample_weight=weights), abs=1e-9
    )
    assert area[0] == pytest.approx(roc_auc_score(y, scores, sample_weight=weights), abs=1e-9)


@given(weighted_rows())
def test_a_weight_counts_as_so_many_rows(rows: Rows) -> None:
    y, scores, weights = rows
    times = weights.astype(int)
    many, alone = np.repeat(y, times), np.ones((1, times.sum()))
    for share in (0.1, 0.5):
        once = recall_at(y, scores, weights[None, :], share)
        assert once[0] == pytest.approx(recall_at(many, np.repeat(scores, times), alone, share)[0])
    assert ranked(y, scores, weights[None, :])[0][0] == pytest.approx(
        ranked(many, np.repeat(scores, times), alone)[0][0]
    )


@given(weighted_rows(), st.floats(0.01, 1))
def test_precision_and_recall_at_a_share_of_alerts_count_the_same_rows(
    rows: Rows, share: float
) -> None:
    y, scores, weights = rows
    recall = recall_at(y, scores, weights[None, :], share)[0]
    precision = precision_at(y, scores, weights[None, :], share)[0]
    alerts, positives = share * weights.sum(), (weights * y).sum()
    assert precision * alerts == pytest.approx(recall * positives)
    assert precision <= min(1, positives / alerts) + 1e-9
    assert recall <= min(1, alerts / positives) + 1e-9


@given(weighted_rows(), st.integers(0, 10))
def test_answers_and_probabilities_are_judged_as_scikit_learn_does(rows: Rows, limit: int) -> None:
    y, scores, weights = rows
    alerts = (scores >= limit / 10).astype("float64")
    figures = {name: value[0] for name, value in decided(y, alerts, weights[None, :]).items()}
    assert figures["precision"] == pytest.approx(
        precision_score(y, alerts, sample_weight=weights, zero_division=0)
    )
    assert figures["recall"] == pytest.approx(recall_score(y, alerts, sample_weight=weights))
    assert figures["f1"] == pytest.approx(
        f1_score(y, alerts, sample_weight=weights, zero_division=0)
    )
    assert figures["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(y, alerts, sample_weight=weights)
    )
    inner = scores * 0.98 + 0.01
    chances = probable(y, inner, weights[None, :])
    assert chances["brier"][0] == pytest.approx(brier_score_loss(y, inner, sample_weight=weights))
    assert chances["log_loss"][0] == pytest.approx(log_loss(y, inner, sample_weight=weights))


@given(weighted_rows())
def test_recall_at_few_false_alarms_is_read_off_the_roc_curve(rows: Rows) -> None:
    y, scores, weights = rows
    false_alarms, recall, _ = roc_curve(y, scores, sample_weight=weights, drop_intermediate=False)
    for share in (0.01, 0.1, 0.5):
        result = recall_at_false_alarms(y, scores, weights[None, :], share)[0]
        assert result == pytest.approx(recall[false_alarms <= share + 1e-12].max(), abs=1e-9)


@given(
    st.lists(
        st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.integers(1, 4)), min_size=2, max_size=30
    )
)
def test_regression_figures_are_those_of_scikit_learn(rows: list[tuple[float, float, int]]) -> None:
    y, predicted, weights = np.array(rows).T
    figures = regression(y, predicted, weights[None, :])
    assert figures["rmse"][0] == pytest.approx(
        root_mean_squared_error(y, predicted, sample_weight=weights)
    )
    assert figures["mae"][0] == pytest.approx(
        mean_absolute_error(y, predicted, sample_weight=weights)
    )
    if np.ptp(y) > 0.1:
        assert figures["r2"][0] == pytest.approx(
            r2_score(y, predicted, sample_weight=weights), rel=1e-6, abs=1e-6
        )


def test_r2_is_right_however_large_the_mean_is() -> None:
    y = 1e9 + np.arange(4.0)
    assert regression(y, y + 0.5, np.ones((1, 4)))["r2"][0] == pytest.approx(0.8)


def test_recall_counts_the_part_of_an_alert_that_is_within_the_share() -> None:
    y, scores = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.8, 0.2, 0.1])
    shares = [recall_at(y, scores, np.ones((1, 4)), share)[0] for share in (0.125, 0.25, 0.5, 1.0)]
    assert shares == pytest.approx([0.25, 0.5, 1.0, 1.0])


def test_each_resample_keeps_the_number_of_rows_of_each_class() -> None:
    y = np.array([1.0] * 5 + [0.0] * 45)
    blocks = np.concatenate(list(resamples(y, seed=1)))
    assert blocks.shape == (500, 50)
    assert set(blocks[:, :5].sum(axis=1)) == {5.0}
    assert set(blocks[:, 5:].sum(axis=1)) == {45.0}


def test_a_bootstrap_interval_holds_its_value_and_a_seed_fixes_it() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([1.0, 0.0], [60, 240])
    probability = np.clip(rng.normal(0.3 + 0.3 * y, 0.2), 0.01, 0.99)

    def of(weights: Any) -> Any:
        return binary(y, probability, 0.5, np.ones(300), weights)

    figures = bootstrap(of, y, seed=3)
    assert set(figures) == set(of(np.ones((1, 300))))
    assert all(figure["low"] <= figure["value"] <= figure["high"] for figure in figures.values())
    assert figures["auprc"]["low"] < figures["auprc"]["high"]
    assert figures == bootstrap(of, y, seed=3)
    assert figures != bootstrap(of, y, seed=4)


def over_folds(name: str, values: list[float], spread: float = 0.0, rows: int = 100) -> Any:
    folds = [{name: value} for value in values]
    return across_folds(folds, 0.25, [{name: spread}] * len(values), lambda _: rows)[name]


def test_over_folds_the_interval_is_of_the_mean() -> None:
    figure = over_folds("rmse", [0.7, 0.8, 0.9])
    assert figure["value"] == pytest.approx(0.8)
    # t, 2 d.f.
    assert figure["high"] - 0.8 == pytest.approx(4.302653 * 0.1 * np.sqrt(1 / 3 + 1 / 3), rel=1e-5)
    assert 0.8 - figure["low"] == pytest.approx(figure["high"] - 0.8)


@pytest.mark.parametrize(
    ("name", "minimum", "maximum"),
    [
        ("recall", 0.0, 1.0),
        ("roc_auc", 0.0, 1.0),
        ("brier", 0.0, 1.0),
        ("log_loss", 0.0, np.inf),
        ("rmse", 0.0, np.inf),
        ("mae", 0.0, np.inf),
        ("scaled_mae", 0.0, np.inf),
        ("rmse_next_week", 0.0, np.inf),
        ("rmse_next_year", 0.0, np.inf),
        ("r2", -np.inf, 1.0),
    ],
)
def test_an_interval_does_not_leave_the_range_of_its_figure(
    name: str, minimum: float, maximum: float
) -> None:
    figure = over_folds(name, [0.01, 0.5, 0.99])
    assert (
        figure["low"]
        == max(minimum, figure["low"])
        < figure["value"]
        < figure["high"]
        == min(maximum, figure["high"])
    )
    assert (figure["low"] < 0) is (minimum < 0)
    assert (figure["high"] > 1) is (maximum > 1)


def test_folds_that_agree_leave_the_doubt_of_their_test_rows() -> None:
    figure = over_folds("log_loss", [0.3, 0.3], spread=0.05)
    assert figure["value"] == 0.3
    assert figure["high"] - 0.3 == pytest.approx(1.959964 * 0.05 / np.sqrt(2), rel=1e-5)
    assert over_folds("log_loss", [0.2, 0.4], spread=0.05) == over_folds("log_loss", [0.2, 0.4])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_no_row_was_wrong_or_none_right_the_interval_is_that_of_so_many_rows(
    value: float,
) -> None:
    figure = over_folds("accuracy", [value, value], rows=20)
    unseen = 1 - 0.025 ** (1 / 20)
    assert figure["high"] - figure["low"] == pytest.approx(unseen)
    assert value in (figure["low"], figure["high"])


def test_a_perfect_model_has_an_interval_too() -> None:
    y = np.repeat([0.0, 1.0], [40, 10])
    figures = bootstrap(lambda w: binary(y, y * 0.8 + 0.1, 0.5, np.ones(50), w), y, seed=0)
    assert figures["accuracy"]["low"] == pytest.approx(0.025 ** (1 / 50))
    assert figures["roc_auc"]["low"] == figures["f1"]["low"] == pytest.approx(0.025 ** (1 / 10))
    assert figures["roc_auc"]["high"] == 1.0


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_figures_of_several_classes_are_scikit_learns(seed: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(40) % 4)
    logits = rng.normal(size=(40, 4)) + 2 * np.eye(4)[y] * rng.random((40, 1))
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    weights = rng.integers(1, 4, 40).astype(float) if weighted else np.ones(40)
    figures = {
        name: value[0]
        for name, value in multiclass(y.astype(float), probability, weights[None]).items()
    }
    predicted, same = probability.argmax(axis=1), {"sample_weight": weights}
    assert figures["accuracy"] == pytest.approx(np.average(predicted == y, weights=weights))
    assert figures["balanced_accuracy"] == pytest.approx(
        balanced_accuracy_score(y, predicted, **same)
    )
    assert figures["f1"] == pytest.approx(f1_score(y, predicted, average="macro", **same))
    assert figures["log_loss"] == pytest.approx(log_loss(y, probability, **same))
