"""A time limit: rows first, then folds; a smoke run where there is time for neither."""

import pytest

from casebook.errors import CasebookError
from tasks.drafting.draft import Draft, draft
from tasks.drafting.request import Request
from tasks.drafting.time_limit import measure, plan, plans, seconds_of
from tests.tasks.drafting.test_draft import customers

DAY = 24 * 60


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    path = tmp_path_factory.mktemp("table") / "customers.csv"
    customers().to_csv(path, index=False)
    return draft(Request(str(path), "churn"))


def test_with_time_all_folds_and_rows_are_used(drafted: Draft) -> None:
    planned = plan(DAY, 0.0, drafted)
    assert planned.params == {"profile": "standard", "folds": 10, "max_rows": 1_000}
    assert "300 of 300 rows in 10 of ten folds" in str(planned.described(DAY, drafted.rows))


def test_without_time_a_smoke_run_remains(drafted: Draft) -> None:
    planned = plan(0.1, 0.0, drafted)
    assert planned.params == {"profile": "smoke"}
    assert "too few" in str(planned.described(0.1, drafted.rows))
    assert plan(10, 600.0, drafted).params == {"profile": "smoke"}


def test_a_limit_is_a_positive_number(drafted: Draft) -> None:
    with pytest.raises(CasebookError, match="--minutes -1"):
        plan(-1, 0.0, drafted)


def test_the_features_are_those_of_the_encoder(drafted: Draft) -> None:
    measured = measure(drafted)
    assert measured.rows == 300
    assert measured.features > 5
    assert measured.seconds > 0


def test_more_rows_and_folds_take_longer(drafted: Draft) -> None:
    measured = measure(drafted)
    small, many_folds, many_rows = (
        seconds_of(folds, rows, measured, drafted.problem)
        for folds, rows in ((1, 1_000), (5, 1_000), (1, 50_000))
    )
    assert small < many_folds
    assert small < many_rows


def test_rows_come_before_folds_and_a_split_by_time_has_one() -> None:
    tried = list(plans(30_000, 10, one_fold=False))
    assert tried[:5] == [(10, 30_000), (5, 30_000), (3, 30_000), (2, 30_000), (1, 30_000)]
    assert tried[-1] == (1, 2_000)
    assert {folds for folds, _ in plans(30_000, 10, one_fold=True)} == {1}


def test_so_many_numbers_never_lie_in_memory_at_once() -> None:
    assert next(plans(10**9, 100, one_fold=False))[1] * 100 <= 2e8
