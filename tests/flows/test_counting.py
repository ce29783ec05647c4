"""Counting, from generated numbers to a published model, and the response to a wrong file."""

import json
from pathlib import Path

import pandas as pd
import pytest

from casebook.run import Run, under_way
from flows.counting import CountingParams, count, numbers_origin
from serving.bundle import load
from tests.flows.house import SMOKE, House, fails_at_the_end, house_after
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook


@pytest.fixture(scope="module")
def counted(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which counting ran once, marked as a sample."""
    folder = tmp_path_factory.mktemp("counted")
    return house_after(
        folder, prefect_server, "flows.counting", *SMOKE, "--windows", "50", "--epochs", "10"
    )


def test_a_run_leaves_figures_and_says_why_the_labs_network_fails(counted: House) -> None:
    run = counted.runs("counting")[0]
    metrics = counted.record(run, "metrics.json")
    assert metrics["primary_metric"] == "scaled_mae"
    assert metrics["test"]["rows"] == 10
    assert set(metrics["candidates"]) == {"course", "ours"}
    assert metrics["peers"]["last_value"]["scaled_mae"]["value"] == pytest.approx(2 / 98)
    assert metrics["peers"]["least_squares"]["scaled_mae"]["value"] == pytest.approx(0, abs=1e-9)
    for figures in (*metrics["candidates"].values(), *metrics["peers"].values()):
        assert set(figures) == {"scaled_mae", "mae", "rmse", "r2"}
        assert figures["mae"]["value"] == pytest.approx(98 * figures["scaled_mae"]["value"])
    assert {"range.png", "predicted.png", "learning.png"} < {
        path.name for path in (run / "plots").iterdir()
    }
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Beyond the numbers learnt" in page and "level off" in page
    assert "Sample data" in page


def test_the_published_model_goes_on_where_nobody_counted_to(counted: House) -> None:
    version = counted.artifacts / "models" / "counting" / "1"
    signature = json.loads((version / "signature.json").read_text(encoding="utf-8"))
    assert signature["inputs"] == [
        {
            "name": "window",
            "dtype": "series",
            "length": 5,
            "unit": None,
            "optional": False,
            "minimum": 0.0,
            "maximum": 43.0,
            "description": "five numbers that follow each other, such as 1, 2, 3, 4, 5.",
        }
    ]
    predictor = load(version)
    near, far = predictor.predict(
        [{"window": [40, 41, 42, 43, 44]}, {"window": [400, 410, 420, 430, 440]}]
    )
    assert far["twice_next"] == pytest.approx(10 * float(str(near["twice_next"])), rel=0.01)


def test_the_made_numbers_are_the_real_data_and_say_so() -> None:
    with under_way(Run("counting", CountingParams())) as run:
        origin = numbers_origin("auto")
    assert run.data == {"counting": {"kind": "real", "sha256": ""}}
    assert (origin.kind, origin.note) == ("real", "made in code")
    assert "made in code" in origin.location


def fails(house: House, frame: pd.DataFrame, path: Path, *words: str) -> None:
    frame.to_csv(path, index=False)
    house.here("flows.counting", "--source", str(path), "--profile", "smoke", "--peers").complains(
        *words
    )


def test_wrong_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    frame = count(60, 0)
    fails(empty, frame.drop(columns="third"), tmp_path / "a.csv", "a.csv", "lacks the column third")
    fails(empty, frame.assign(fifth="five"), tmp_path / "b.csv", "fifth", "row 1", "'five'")
    fails(
        empty, frame.sample(frac=1, random_state=0), tmp_path / "c.csv", "time windows", "shuffled"
    )


def test_a_run_that_fails_at_its_end_publishes_nothing(counted: House) -> None:
    fails_at_the_end(counted, "counting", *SMOKE, "--windows", "50", "--epochs", "10")


def test_figures_are_those_that_scikit_learn_computes(counted: House) -> None:
    check_figures(counted, "counting")


def test_the_notebook_runs_to_its_end(counted: House) -> None:
    check_notebook(counted, "counting")
