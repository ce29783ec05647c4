"""What differs between two runs is told, and what does not is not."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from casebook import paths
from casebook.errors import CasebookError
from tasks.runs.compare import Changed, changes, figures, outcomes, read

RUN: dict[str, Any] = {
    "run": {
        "run_id": "1",
        "seconds": 9.0,
        "parameters": {"seed": 0, "cost": {"missed": 100}},
        "code_version": "abc",
        "python": "3.11",
        "libraries": {"keras": "3.15"},
        "device": {"used": "cpu"},
    },
    "metrics": {
        "data": {"source": "real", "origin": "a", "sha256": "0", "rows": 10},
        "protocol": "one split",
        "primary_metric": "auprc",
        "peers": {"dummy": {"auprc": {"value": 0.1, "low": 0.0, "high": 0.2}}},
        "candidates": {
            "ours": {
                "f1": {"value": 0.7, "low": 0.6, "high": 0.8},
                "auprc": {"value": 0.8, "low": 0.7, "high": 0.9},
            }
        },
    },
}


@pytest.fixture
def other() -> dict[str, Any]:
    return copy.deepcopy(RUN)


def test_a_run_does_not_differ_from_itself(other: dict[str, Any]) -> None:
    assert list(changes(RUN, other)) == []
    assert {figure.gap for figure in figures(RUN, other)} == {0.0}


def test_what_went_in_is_compared_into_its_depth(other: dict[str, Any]) -> None:
    other["run"]["parameters"] = {"seed": 1, "cost": {"missed": 200}, "new": True}
    other["run"]["libraries"]["keras"] = "3.16"
    other["metrics"]["data"]["rows"] = 11
    assert list(changes(RUN, other)) == [
        Changed("parameter", "seed", 0, 1),
        Changed("parameter", "cost missed", 100, 200),
        Changed("parameter", "new", None, True),
        Changed("data", "rows", 10, 11),
        Changed("surroundings", "libraries keras", "3.15", "3.16"),
    ]


def test_figures_stand_side_by_side_the_primary_one_first(other: dict[str, Any]) -> None:
    other["metrics"]["candidates"] = {
        "ours": {"auprc": {"value": 0.95, "low": 0.91, "high": 0.99}},
        "new": {},
    }
    comparisons = figures(RUN, other)
    assert [(figure.model, figure.metric) for figure in comparisons] == [
        ("ours", "auprc"),
        ("ours", "f1"),
        ("dummy", "auprc"),
    ]
    assert [figure.gap for figure in comparisons] == [pytest.approx(0.15), None, 0.0]
    assert comparisons[1].second is None


def test_a_run_is_read_by_its_name_and_a_missing_one_told(artifacts: Path) -> None:
    folder = paths.runs("shop") / "1"
    folder.mkdir(parents=True)
    for name, content in RUN.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    assert read("shop", "1") == RUN
    for run in ("2", "../shop/2", ""):
        with pytest.raises(
            CasebookError, match=r"has no run\.json and no metrics\.json. Runs with figures are: 1"
        ):
            read("shop", run)


def test_what_was_found_is_compared(other: dict[str, Any]) -> None:
    assert list(outcomes(RUN, other)) == []
    other["metrics"] |= {
        "champion": "ours",
        "best": {"figure": 2.5, "parameters": {"layers": [8]}, "seconds": 9},
    }
    assert list(outcomes(RUN, other)) == [
        Changed("result", "champion", None, "ours"),
        Changed("result", "best figure", None, 2.5),
        Changed("result", "best parameters layers", None, [8]),
    ]
    searches = copy.deepcopy(other)
    searches["metrics"]["findings"] = {"trend": {"slope": 2}}
    assert list(outcomes(other, searches)) == [Changed("finding", "trend slope", None, 2)]
