"""Cases of one's own with three classes of rows train, publish and answer over HTTP."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sklearn import datasets

from casebook import paths
from serving.app import create_app
from serving.registry import Registry
from tests.flows.house import House, with_cases
from tests.flows.runner import Runner, another
from tests.rehearsal.offline_model import check_offline_model

CASES = Path(__file__).parents[1] / "own_cases"
GROWER = ("1", "2", "3")
FLOWERS = {0: "setosa", 1: "versicolor", 2: "virginica"}
ROUNDED = 1e-4  # what the service's and the file's numbers may differ by


@pytest.fixture(scope="module")
def process() -> Iterator[Runner]:
    with another() as own:
        yield own


@pytest.fixture
def outside(empty: House, process: Runner, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house in which nothing ran yet, and which knows the cases of one's own."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(empty.artifacts))
    return with_cases(empty, CASES, process)


def write(path: Path, columns: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def iris(folder: Path) -> Path:

    data = datasets.load_iris()
    names = ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width", "Species"]
    rows = [[*x, FLOWERS[int(y)]] for x, y in zip(data.data.tolist(), data.target, strict=True)]
    return write(folder / "iris.csv", names, rows)


def wine(folder: Path) -> Path:

    data = datasets.load_wine()
    rows = [[*x, int(y) + 1] for x, y in zip(data.data.tolist(), data.target, strict=True)]
    return write(folder / "wine.csv", [*data.feature_names, "grower"], rows)


def penguins(folder: Path) -> Path:
    mirror = os.environ.get("CASEBOOK_DATA_MIRROR")
    if not mirror:
        pytest.skip("CASEBOOK_DATA_MIRROR is not set")
    return Path(shutil.copy(Path(mirror) / "tables" / "penguins.csv", folder / "penguins.csv"))


def published(house: House, case: str, source: Path) -> FlaskClient:
    """Run a case on a file, and return a client of a service that serves what it published."""
    done = house.here(f"flows.{case}", "--source", str(source))
    assert done.code == 0, done.err
    run = house.runs(case)[0]
    metrics = house.record(run, "metrics.json")
    champion = metrics["candidates"][metrics["champion"]]
    assert champion["log_loss"]["value"] < metrics["peers"]["dummy"]["log_loss"]["value"] / 2
    assert champion["accuracy"]["value"] > 0.85
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "What is taken for what" in page
    models = Registry(paths.models())
    models.look()
    return create_app(models).test_client()


def answers(client: FlaskClient, case: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    response = client.post(f"/v1/models/{case}:predict", json={"instances": rows})
    assert response.status_code == 200, response.text
    predictions: list[dict[str, Any]] = response.get_json()["predictions"]
    for prediction in predictions:
        shares = [entry["probability"] for entry in prediction["top"]]
        assert sum(shares) == pytest.approx(1.0, abs=ROUNDED)
        assert shares == sorted(shares, reverse=True)
        assert prediction["label"] == prediction["top"][0]["label"]
    assert client.get(f"/models/{case}").status_code == 200
    return predictions


def test_flowers_whose_species_is_text_are_told_apart(outside: House, tmp_path: Path) -> None:
    client = published(outside, "iris", iris(tmp_path))
    names = ["Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width"]
    flowers = [[5.0, 3.4, 1.5, 0.2], [6.0, 2.8, 4.2, 1.3], [6.6, 3.0, 5.6, 2.1]]
    predictions = answers(
        client, "iris", [dict(zip(names, flower, strict=True)) for flower in flowers]
    )
    assert [prediction["label"] for prediction in predictions] == list(FLOWERS.values())


def test_penguins_with_gaps_and_text_are_told_apart(outside: House, tmp_path: Path) -> None:
    client = published(outside, "penguins", penguins(tmp_path))
    adelie = {"island": "Torgersen", "bill_length_mm": 39.1, "bill_depth_mm": 18.7}
    adelie |= {"flipper_length_mm": 181.0, "body_mass_g": 3750.0, "sex": "male"}
    gentoo = {"island": "Biscoe", "bill_length_mm": 47.5, "bill_depth_mm": 15.0}
    gentoo |= {"flipper_length_mm": 217.0, "body_mass_g": None, "sex": None}
    assert [
        prediction["label"] for prediction in answers(client, "penguins", [adelie, gentoo])
    ] == [
        "Adelie",
        "Gentoo",
    ]
    check_offline_model(outside, "penguins")


def test_growers_that_are_numbers_from_one_on_are_told_apart(
    outside: House, tmp_path: Path
) -> None:
    source = wine(tmp_path)
    client = published(outside, "wine", source)
    with source.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = [rows[0], rows[70], rows[170]]
    truth = [row.pop("grower") for row in chosen]
    instances = [{name: float(value) for name, value in row.items()} for row in chosen]
    assert truth == list(GROWER)
    assert [prediction["label"] for prediction in answers(client, "wine", instances)] == truth
