"""The price of cars: the lab's printed values, a model for rows with gaps, and wrong files.

The findings stand beside the model.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from casebook.catalog import data_set
from casebook.language import messages
from flows.car_price import CASE, CATEGORIES, NUMBERS, STEPS, course_network
from samples.car_price import make_autos
from serving.bundle import load
from tasks.data.ingest import conform, read
from tasks.pages.findings import Section
from tasks.reading.form import form
from tasks.stories.car_price.association import anova, by_pairs, pearson
from tasks.stories.car_price.findings_steps import merged, step_sections
from tests.flows.house import SMOKE, House, house_after
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook
from tests.rehearsal.offline_model import check_offline_model

FAST = ("--profile", "smoke", "--candidates", "course", "--peers")


@pytest.fixture(scope="module")
def priced(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the case ran once on its sample, with our candidate and one baseline."""
    folder = tmp_path_factory.mktemp("priced")
    return house_after(
        folder,
        prefect_server,
        "flows.car_price",
        *SMOKE,
        "--sample-rows",
        "150",
        "--candidates",
        "ensemble",
        "--peers",
        "ridge",
    )


def test_findings_stand_beside_the_figures(priced: House) -> None:
    run = priced.runs("car_price")[0]
    metrics = priced.record(run, "metrics.json")
    assert metrics["primary_metric"] == "rmse"
    assert set(metrics["candidates"]) == {"ensemble"}
    findings = metrics["findings"]
    assert set(findings["missing"]) <= set(make_autos(1, 0).columns)
    assert sum(findings["horsepower-binned"].values()) == 150 - findings["dropped_without_price"]
    assert set(findings["pearson"]) == set(NUMBERS)
    assert set(findings["anova"]) <= set(CATEGORIES)
    assert len(findings["drivers"]) == 21
    page = (run / "report.html").read_text(encoding="utf-8")
    for title in (
        "Missing values",
        "Formatting",
        "Skew",
        "Normalization",
        "Binning",
        "Categories to numbers",
    ):
        assert f">{title}</h2>" in page
    plots = {path.stem for path in (run / "plots").iterdir()}
    assert {
        "skew_price",
        "bins_horsepower",
        "numbers",
        "groups",
        "means",
        "ranking",
        "predicted",
    } < plots


def test_everything_found_is_told_in_korean_too(priced: House) -> None:
    translations, kept = messages("ko"), list((priced.artifacts / "store").rglob("findings.json"))
    sections = [
        Section.model_validate(content)
        for path in kept
        for content in json.loads(path.read_text(encoding="utf-8"))
    ]
    assert len(kept) == 2 and len(sections) == 10
    for section in sections:
        for message in (
            section.title,
            *(f.sentence for f in section.findings),
            *(shows for _, shows in section.pictures),
        ):
            assert message.text in translations
            assert message.render("ko") != str(message)
        assert {header for table in section.tables for header in table[0]} - {
            "drive-wheels"
        } <= set(translations)


def test_the_labs_regression_sees_its_four_drivers_alone() -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 7)).astype("float32")  # folds, rows, features
    network = course_network(x, x[..., 0], 0.0)
    assert network.count_params() == 2 * (4 + 1)
    rows = x.swapaxes(0, 1)
    other = rows.copy()
    other[..., 4:] += 9
    assert np.array_equal(network.predict_on_batch(rows), network.predict_on_batch(other))


def test_the_published_model_answers_dollars_for_a_row_with_gaps(priced: House) -> None:
    folder = priced.artifacts / "models" / "car_price" / "1"
    inputs = json.loads((folder / "signature.json").read_text(encoding="utf-8"))["inputs"]
    optional = {entry["name"] for entry in inputs if entry["optional"]}
    assert optional == {"num-of-doors", "bore", "stroke", "horsepower", "peak-rpm"}
    assert len(inputs) == 21
    car = make_autos(5, seed=1)[[entry["name"] for entry in inputs]].replace(
        {"make": {"peugot": "peugeot"}}
    )
    car = car.assign(make="volvo").iloc[0].to_dict()
    car |= {
        "num-of-doors": "two",
        "horsepower": 110.0,
        "bore": 3.2,
        "stroke": 3.1,
        "peak-rpm": 5200.0,
    }
    model = load(folder)
    whole, nothing, left_out = model.predict(
        [
            car,
            {**car, **dict.fromkeys(optional)},
            {k: v for k, v in car.items() if k not in optional},
        ]
    )
    assert nothing == left_out
    assert all(1000 < answer["price"] < 200_000 for answer in (whole, nothing))  # type: ignore[operator]


def fails(house: House, frame: pd.DataFrame, path: Path, *words: str) -> None:
    frame.to_csv(path, index=False)
    house.here("flows.car_price", "--source", str(path), *FAST).complains(*words)
    assert not (house.artifacts / "models").exists()


def test_wrong_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    cars = make_autos(150, seed=0)
    fails(
        empty,
        cars.drop(columns="curb-weight"),
        tmp_path / "a.csv",
        "a.csv",
        "lacks the column curb-weight",
    )
    fails(empty, cars.assign(width="wide"), tmp_path / "b.csv", "width", "row 1", "'wide'")
    fails(
        empty, cars.assign(price=cars["price"] / 1000), tmp_path / "c.csv", "price", "another unit"
    )
    seven = cars.assign(**{"num-of-cylinders": "seven"})
    fails(empty, seven, tmp_path / "d.csv", "num-of-cylinders", "no place in their order")
    fails(empty, cars.assign(horsepower=None), tmp_path / "e.csv", "horsepower")


def step_findings(frame: pd.DataFrame) -> list[Section]:
    """Return what is told of each step when all are applied."""
    sections = []
    for step in STEPS:
        after = step(frame)
        sections += step_sections(step, frame, after)
        frame = after
    return merged(sections)


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    """The public file, read as the catalog says."""
    path = Path(os.environ["CASEBOOK_DATA_MIRROR"]) / "automobile_price" / "imports-85.data"
    entry = data_set(CASE.dataset)
    return conform(read(path, form(entry, path)), entry, path)


@pytest.mark.realdata
def test_the_labs_cleaning(raw: pd.DataFrame) -> None:
    gaps = raw.isna().sum()
    assert raw.shape == (205, 26)
    assert gaps[gaps > 0].to_dict() == {
        "normalized-losses": 41,
        "num-of-doors": 2,
        "bore": 4,
        "stroke": 4,
        "horsepower": 2,
        "peak-rpm": 2,
        "price": 4,
    }
    findings: dict[str, Any] = {
        f.name: f.value for section in step_findings(raw) for f in section.findings
    }
    assert findings["filled_with_mean"] == pytest.approx(
        {
            "normalized-losses": 122.0,
            "bore": 3.3298,
            "stroke": 3.2554,
            "horsepower": 104.2562,
            "peak-rpm": 5125.3695,
        },
        abs=1e-4,
    )
    assert findings["filled_with_most_frequent"] == {"num-of-doors": "four"}
    assert findings["spellings_make"] == {"alfa-romero": "alfa-romeo", "peugot": "peugeot"}
    assert findings["horsepower-binned"] == {"Low": 153, "Medium": 43, "High": 5}
    assert (
        findings["dummies"]["fuel-type-diesel"] == 20
        and findings["dummies"]["aspiration-turbo"] == 36
    )
    clean = cleaned(raw)
    assert len(clean) == 201 and clean.isna().sum().sum() == 0
    assert clean["city-L/100km"].head(3).round(4).to_list() == [11.1905, 11.1905, 12.3684]
    assert clean[["length", "width", "height"]].iloc[0].round(4).to_list() == [
        0.8111,
        0.8903,
        0.8161,
    ]


@pytest.mark.realdata
def test_the_labs_correlations_and_their_p_values(raw: pd.DataFrame) -> None:
    correlations = pearson(cleaned(raw), "price")
    printed = {
        "wheel-base": (0.5846, 8.0765e-20),
        "horsepower": (0.8096, 6.3691e-48),
        "length": (0.6906, 8.0165e-30),
        "width": (0.7513, 9.2003e-38),
        "curb-weight": (0.8344, 2.1896e-53),
        "engine-size": (0.8723, 9.2655e-64),
        "bore": (0.5432, 8.0492e-17),
        "city-mpg": (-0.6866, 2.3211e-29),
        "highway-mpg": (-0.7047, 1.7495e-31),
    }
    for name, (r, p) in printed.items():
        assert correlations[name].r == pytest.approx(r, abs=1e-4)
        assert correlations[name].p == pytest.approx(p, rel=1e-3)
    weak = {"stroke": 0.0823, "peak-rpm": -0.1016, "compression-ratio": 0.0711}
    assert {name: correlations[name].r for name in weak} == pytest.approx(weak, abs=1e-4)


@pytest.mark.realdata
def test_the_labs_groups_and_analyses_of_variance(raw: pd.DataFrame) -> None:
    cars = cleaned(raw)
    prices = cars.groupby("drive-wheels")["price"]
    assert prices.size().to_dict() == {"4wd": 8, "fwd": 118, "rwd": 75}
    assert prices.mean().to_dict() == pytest.approx(
        {"4wd": 10241.0, "fwd": 9244.7797, "rwd": 19757.6133}
    )
    whole, pairs = anova(cars, "drive-wheels", "price"), by_pairs(cars, "drive-wheels", "price")
    assert whole is not None
    assert (whole.f, whole.p) == (
        pytest.approx(67.9541, abs=1e-4),
        pytest.approx(3.3945e-23, rel=1e-3),
    )
    assert {pair: analysis.f for pair, analysis in pairs.items()} == pytest.approx(
        {("4wd", "fwd"): 0.6655, ("4wd", "rwd"): 8.5807, ("fwd", "rwd"): 130.5533}, abs=1e-4
    )
    assert pairs["fwd", "rwd"].p == pytest.approx(2.2355e-23, rel=1e-3)


def cleaned(frame: pd.DataFrame) -> pd.DataFrame:
    for step in STEPS:
        frame = step(frame)
    return frame


def test_figures_are_those_that_scikit_learn_computes(priced: House) -> None:
    check_figures(priced, "car_price")


def test_the_page_answers_as_the_published_graph_does(priced: House) -> None:
    check_offline_model(priced, "car_price")


def test_the_notebook_runs_to_its_end(priced: House) -> None:
    check_notebook(priced, "car_price")
