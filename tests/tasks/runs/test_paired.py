"""Models of two runs are compared on the test rows of both, and on none where those are few."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from casebook import paths
from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from tasks.evaluation.paired import Answers
from tasks.evaluation.row_answers import FILE, RowAnswers, read, to_arrays
from tasks.problem.definition import Problem
from tasks.runs.paired import Paired, on_same_rows
from tasks.runs.shared_rows import shared_rows

NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
CLASS = Problem(problem_type="binary", target="y", primary_metric="f1", metrics=("f1",))
TRUTH = np.random.default_rng(0).normal(size=300)


def rows_of(
    numbers: Sequence[int],
    y: Float64Array,
    models: dict[str, Float64Array],
    problem: Problem = NUMBER,
    folds: Sequence[int] | None = None,
) -> RowAnswers:
    """Return the answers of a run that tested the rows of these numbers."""
    count = len(numbers)
    return RowAnswers(
        problem=problem,
        folds=np.array(folds if folds is not None else [0] * count),
        hashes=np.array(numbers, "uint64"),
        y=y,
        test_share=0.2,
        models={name: Answers(answers, np.full(count, 0.5)) for name, answers in models.items()},
    )


def noise(seed: int, size: float) -> Float64Array:
    return np.random.default_rng(seed).normal(0, size, len(TRUTH))


def run(name: str, rows: RowAnswers | None, champion: str = "ours") -> dict[str, Any]:
    """Keep a run's answers, and return its records."""
    folder = paths.runs("shop") / name
    folder.mkdir(parents=True)
    if rows is not None:
        np.savez_compressed(folder / FILE, allow_pickle=False, **to_arrays(rows))
    metric = rows.problem.primary_metric if rows else "rmse"
    return {"run": {"run_id": name}, "metrics": {"primary_metric": metric, "champion": champion}}


def compared(first: RowAnswers | None, second: RowAnswers | None, *champions: str) -> Paired:
    names = champions or ("ours", "ours")
    return on_same_rows("shop", run("1", first, names[0]), run("2", second, names[1]))


@pytest.mark.usefixtures("artifacts")
def test_rows_are_known_again_in_another_order_and_among_others() -> None:
    order = np.random.default_rng(1).permutation(300)
    first = rows_of(range(300), TRUTH, {"ours": TRUTH + noise(1, 0.5)})
    second = rows_of(
        [*order[:200], *range(300, 400)],
        np.concatenate([TRUTH[order[:200]], np.full(100, 9.0)]),
        {"ours": np.concatenate([(TRUTH + noise(2, 0.2))[order[:200]], np.zeros(100)])},
    )
    paired = compared(first, second)
    (pair,) = paired.pairs
    kept = np.sort(order[:200])
    expected = [
        metrics.root_mean_squared_error(TRUTH[kept], (TRUTH + noise(seed, size))[kept])
        for seed, size in ((1, 0.5), (2, 0.2))
    ]
    assert (pair.first_figure, pair.second_figure) == pytest.approx(expected)
    assert pair.difference.value == pytest.approx(expected[1] - expected[0])
    assert (paired.rows, paired.folds, pair.outcome) == (200, 0, "better")
    assert pair.difference.low < pair.difference.value < pair.difference.high < 0
    assert str(paired).startswith("On the 200 test rows of both, rmse of the champion ours: -0.")


@pytest.mark.usefixtures("artifacts")
def test_champions_come_first_and_models_of_one_name_follow() -> None:
    one = {"ours": TRUTH + noise(1, 0.2), "dummy": TRUTH * 0}
    other = {"dummy": TRUTH * 0, "ours": TRUTH + noise(1, 0.2), "blend": TRUTH + noise(3, 0.6)}
    first, second = (rows_of(range(300), TRUTH, models) for models in (one, other))
    paired = compared(first, second, "ours", "blend")
    assert [(pair.first, pair.second, pair.outcome) for pair in paired.pairs] == [
        ("ours", "blend", "worse"),
        ("ours", "ours", "no difference shown"),
        ("dummy", "dummy", "no difference shown"),
    ]
    assert str(paired).endswith("of 3 comparisons: 1 worse, 2 no difference shown.")


@pytest.mark.usefixtures("artifacts")
def test_equal_folds_give_the_mean_over_folds_and_others_the_rows_of_both() -> None:
    folds = np.arange(300) // 100
    models = {"ours": TRUTH + noise(1, 0.5)}, {"ours": TRUTH + noise(2, 0.4)}
    first, second = (rows_of(range(300), TRUTH, m, folds=folds.tolist()) for m in models)
    paired = compared(first, second)
    by_fold = [
        [metrics.root_mean_squared_error(TRUTH[folds == f], m["ours"][folds == f]) for m in models]
        for f in range(3)
    ]
    assert paired.folds == 3
    (pair,) = paired.pairs
    assert [pair.first_figure, pair.second_figure] == pytest.approx(np.mean(by_fold, axis=0))
    shuffled = second._replace(folds=np.arange(300) % 3)
    assert shared_rows(first, second).folds is not None
    assert shared_rows(first, shuffled).folds is None
    assert len(shared_rows(first, shuffled).first) == 300


def test_a_row_that_several_shuffles_test_counts_once_and_repeats_count_each() -> None:
    y, answers = np.zeros(8), {"ours": np.zeros(8)}
    repeated = rows_of([1, 1, 2, 3, 1, 1, 2, 3], y, answers, folds=[0, 0, 1, 1, 2, 2, 3, 3])
    single = rows_of([3, 1, 1, 1], np.zeros(4), {"ours": np.zeros(4)})
    shared = shared_rows(repeated, single)
    assert shared.first.tolist() == [0, 1, 3]
    assert shared.second.tolist() == [1, 2, 0]


def test_a_row_whose_answer_was_put_right_is_not_shared_but_one_that_became_known_is() -> None:
    first = rows_of([1, 2, 3], np.array([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0]]), {})
    second = rows_of([1, 2, 3], np.array([[1.0, 2.0], [2.0, 3.0], [4.0, 6.0]]), {})
    assert shared_rows(first, second).first.tolist() == [0, 1]


@pytest.mark.usefixtures("artifacts")
@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (range(300), range(271, 571), "Only 29 test rows are in both runs, and 30 are needed"),
        (range(300), range(300, 600), "Only 0 test rows are in both runs, and 30 are needed"),
    ],
    ids=["few", "none"],
)
def test_too_few_rows_show_no_difference(
    first: Sequence[int], second: Sequence[int], reason: str
) -> None:
    y = np.zeros(300)
    one, other = (rows_of(numbers, y, {"ours": TRUTH}) for numbers in (first, second))
    paired = compared(one, other)
    assert paired.pairs == ()
    assert reason in str(paired)


@pytest.mark.usefixtures("artifacts")
def test_too_few_of_a_class_show_no_difference() -> None:
    y = (np.arange(300) < 4).astype("float64")
    same = rows_of(range(300), y, {"ours": np.full(300, 0.4)}, CLASS)
    assert "Of the 300 test rows in both runs fewer than 5" in str(compared(same, same))


@pytest.mark.usefixtures("artifacts")
def test_runs_that_kept_nothing_or_predict_something_else_say_so() -> None:
    kept = rows_of(range(300), TRUTH, {"ours": TRUTH})
    other = kept._replace(problem=NUMBER.model_copy(update={"primary_metric": "mae"}))
    assert "predict or in the metric" in str(compared(kept, other))
    lacking = run("3", None), run("4", kept)
    assert "Run 3 did not keep" in str(on_same_rows("shop", *lacking))
    assert "Run 3 did not keep" in str(on_same_rows("shop", *lacking[::-1]))


@pytest.mark.usefixtures("artifacts")
def test_each_row_is_decided_by_the_threshold_of_its_fold() -> None:
    y = np.tile([0.0, 1.0], 100)
    answers = np.where(y == 1, 0.6, 0.4) - np.repeat([0.0, 0.4], 100)
    thresholds = np.repeat([0.5, 0.1], 100)
    right = rows_of(range(200), y, {"ours": answers}, CLASS)
    right.models["ours"].threshold[:] = thresholds  # type: ignore[index]
    (pair,) = compared(rows_of(range(200), y, {"ours": answers}, CLASS), right).pairs
    assert pair.second_figure == 1.0
    assert pair.first_figure < 0.7
    assert pair.outcome == "better"


def test_what_is_kept_is_read_as_it_was_and_damage_is_named(tmp_path: Path) -> None:
    rows = rows_of(range(300), TRUTH, {"ours": TRUTH, "answers of": -TRUTH}, folds=[1] * 300)
    path = tmp_path / FILE
    np.savez_compressed(path, allow_pickle=False, **to_arrays(rows))
    again = read(path)
    assert again.problem == NUMBER
    assert list(again.models) == ["ours", "answers of"]
    assert np.array_equal(again.models["answers of"].answers, -TRUTH)
    assert again.folds.tolist() == [1] * 300
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CasebookError, match=r"answers\.npz can't be read as npz"):
        read(path)
