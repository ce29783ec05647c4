"""Every run notes which test part it read, and later ones count it."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from casebook import paths
from casebook.params import CaseParams
from casebook.run import Run, under_way
from casebook.store import Facts, Ref
from casebook.tables import write_arrays
from tasks.evaluation.evaluate import RESULTS
from tasks.problem.definition import Problem
from tasks.publication.ledger import note_test_part, optimism
from tasks.tables.inputs import Rows

PROBLEM = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
FIGURES = '{"champion": "ours", "candidates": {"ours": {"rmse": {"low": 1, "high": 3}}}}'


@pytest.fixture
def note(
    keep_tables: Callable[..., Ref], keep: Callable[..., Ref]
) -> Callable[[list[int], float], dict[str, Any]]:
    """Return a function that has a run read test rows, with a champion that answers a number."""

    def evaluated(out: Any, answer: float) -> Facts:
        (out / RESULTS).write_text(FIGURES)
        write_arrays(out, "curves", ours=np.array([answer]))
        return {"champion": "ours"}

    def noted(rows: list[int], answer: float) -> dict[str, Any]:
        test = pd.DataFrame({"x": rows, "y": [2.0 * row for row in rows]})
        with under_way(Run("shop", CaseParams())):
            return note_test_part.fn(
                [keep_tables(test=test)], keep(evaluated, answer), PROBLEM, Rows()
            )

    return noted


def test_runs_and_champions_of_one_test_part_are_counted(
    note: Callable[[list[int], float], dict[str, Any]],
) -> None:
    first = note([1, 2, 3], 1.0)
    assert (first["runs"], first["champions"], first["optimism"]) == (1, 1, 0.0)
    again = note([3, 1, 2], 1.0)
    assert (again["runs"], again["champions"]) == (2, 1) and again["sha256"] == first["sha256"]
    better = note([1, 2, 3], 2.0)
    assert (better["runs"], better["champions"]) == (3, 2) and better["optimism"] > 0
    other = note([1, 2, 4], 2.0)
    assert (other["runs"], other["champions"]) == (1, 1) and other["sha256"] != first["sha256"]


def test_a_note_that_can_not_be_read_is_passed_over_with_a_word(
    note: Callable[[list[int], float], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(logging.getLogger("casebook"), "propagate", True)
    note([1], 1.0)
    (paths.ledger("shop") / "a.json").write_text("{}")
    assert note([1], 1.0)["runs"] == 2
    assert "a.json can't be read: that run is not counted." in caplog.text


@pytest.mark.parametrize("champions", [2, 5, 20])
def test_the_best_of_several_is_too_good_by_as_much_as_in_a_simulation(champions: int) -> None:
    drawn = np.random.default_rng(0).normal(0.5, 0.1, (50_000, champions))
    figure = {"low": 0.5 - 0.196, "high": 0.5 + 0.196}
    simulated = drawn.max(axis=1).mean() - 0.5
    assert optimism(figure, champions) == pytest.approx(simulated, rel=0.05)


def test_machines_that_share_artifacts_count_together(
    note: Callable[[list[int], float], dict[str, Any]],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    for number, machine in enumerate(("first", "second"), 1):
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / machine))
        assert note([1], 1.0)["runs"] == number
