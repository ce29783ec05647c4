"""The two regression cases on their samples.

Their metrics, pictures and notes are checked, and a model that takes raw rows.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from casebook.language import Language
from samples.boston import make_tracts
from samples.mpg import make_cars
from serving.bundle import load
from tests.flows.house import SMOKE, House, house
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook
from tests.rehearsal.offline_model import check_offline_model
from tests.rehearsal.page_faults import check_page

CAR = {
    "cylinders": 8,
    "displacement": 300,
    "horsepower": 78,
    "weight": 3500,
    "acceleration": 20,
    "year": 76,
}
CARS = {**CAR, "origin": 1}


@pytest.fixture(scope="module")
def trained(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which both cases ran once on their samples."""
    workspace = house(tmp_path_factory.mktemp("small"), prefect_server)
    for case in ("boston", "mpg"):
        done = workspace.here(f"flows.{case}", *SMOKE)
        assert done.code == 0, done.err
    return workspace


@pytest.mark.parametrize("case", ["boston", "mpg"])
def test_a_run_leaves_figures_with_intervals_and_pictures(trained: House, case: str) -> None:
    run = trained.runs(case)[0]
    metrics = trained.record(run, "metrics.json")
    assert metrics["primary_metric"] == "rmse"
    assert {"dummy", "least_squares", "ridge", "extra_trees", "gradient_boosting"} == set(
        metrics["peers"]
    )
    for figures in (*metrics["candidates"].values(), *metrics["peers"].values()):
        assert set(figures) == {"rmse", "mae", "r2"}
        assert figures["rmse"]["low"] <= figures["rmse"]["value"] <= figures["rmse"]["high"]
    assert {"predicted.png", "residuals.png", "learning.png"} < {
        path.name for path in (run / "plots").iterdir()
    }


def test_the_report_says_what_column_b_is(trained: House) -> None:
    page = (trained.runs("boston")[0] / "report.html").read_text(encoding="utf-8")
    assert "scikit-learn removed the set" in page
    assert "normal equation" in page


def test_ranges_for_the_service_come_from_the_training_data(trained: House) -> None:
    version = trained.artifacts / "models" / "mpg" / "1"
    signature = json.loads((version / "signature.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in signature["inputs"]] == list(CARS)
    weight = next(entry for entry in signature["inputs"] if entry["name"] == "weight")
    assert 1600 <= weight["minimum"] < weight["maximum"] <= 5200
    assert signature["output"]["unit"] == "miles per gallon"


def test_the_published_model_answers_a_row_typed_by_hand(trained: House) -> None:
    predictor = load(trained.artifacts / "models" / "mpg" / "1")
    answers = predictor.predict([CARS, {**CARS, "horsepower": None}])
    assert all(5 < answer["mpg"] < 60 for answer in answers)  # type: ignore[operator]
    tract = make_tracts(10, seed=1).drop(columns="MEDV").iloc[0].to_dict()
    assert 0 < load(trained.artifacts / "models" / "boston" / "1").predict([tract])[0]["medv"] < 100  # type: ignore[operator]


def test_sample_rows_have_their_true_numbers(trained: House) -> None:
    version = trained.artifacts / "models" / "mpg" / "1"
    truth = json.loads((version / "sample_truth.json").read_text(encoding="utf-8"))["truth"]
    rows = json.loads((version / "sample_request.json").read_text(encoding="utf-8"))["instances"]
    assert len(truth) == len(rows)
    assert all(5 < value < 60 for value in truth)
    assert load(version).truth == truth


def fails(house: House, case: str, frame: pd.DataFrame, path: Path, *words: str) -> None:
    frame.to_csv(path, index=False)
    house.here(f"flows.{case}", "--source", str(path), "--profile", "smoke", "--peers").complains(
        *words
    )


def test_wrong_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    tracts, cars = make_tracts(200, seed=0), make_cars(200, seed=0)
    fails(
        empty,
        "boston",
        tracts.drop(columns="RM"),
        tmp_path / "a.csv",
        "a.csv",
        "lacks the column RM",
    )
    fails(
        empty,
        "boston",
        tracts.assign(MEDV=tracts["MEDV"] * 1000),
        tmp_path / "b.csv",
        "MEDV",
        "another unit",
    )
    fails(
        empty, "mpg", cars.assign(weight="heavy"), tmp_path / "c.csv", "weight", "row 1", "'heavy'"
    )
    fails(empty, "mpg", cars.assign(origin=7), tmp_path / "d.csv", "origin", "1 America")


@pytest.mark.parametrize("case", ["boston", "mpg"])
def test_figures_are_those_that_scikit_learn_computes(trained: House, case: str) -> None:
    check_figures(trained, case)


def test_nothing_can_be_said_against_the_page(trained: House) -> None:
    check_page(trained.runs("boston")[0] / "report.html")


@pytest.mark.parametrize("case", ["boston", "mpg"])
def test_the_page_answers_as_the_published_graph_does(trained: House, case: str) -> None:
    check_offline_model(trained, case)


@pytest.mark.parametrize(("case", "language"), [("boston", "en"), ("mpg", "ko")])
def test_the_notebook_runs_to_its_end(trained: House, case: str, language: Language) -> None:
    check_notebook(trained, case, language)
