"""A household's power, from hours to a published forecast, and the responses to wrong files."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from casebook.catalog import data_set
from samples.household_power import make_household
from serving import bundle
from tasks.evaluation.horizon_metrics import by_horizon
from tasks.series.baselines import answered
from tasks.series.meter import load
from tasks.series.read import complete, filled
from tasks.series.windowing import windows
from tasks.stories.household_power.days import HELD_OUT
from tests.flows.house import SMOKE, House, house_after
from tests.flows.recomputed import check_figures
from tests.rehearsal.notebooks import check_notebook
from tests.rehearsal.page_faults import check_page

WEEK = [1500.0, 1600.0, 1400.0, 1450.0, 1550.0, 1800.0, 1900.0]


@pytest.fixture(scope="module")
def power(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the forecast ran once on the sample."""
    return house_after(
        tmp_path_factory.mktemp("power"), prefect_server, "flows.household_power", *SMOKE
    )


def test_a_run_leaves_figures_by_horizon_and_pictures(power: House) -> None:
    run = power.runs("household_power")[0]
    metrics = power.record(run, "metrics.json")
    assert metrics["primary_metric"] == "rmse_next_week"
    assert set(metrics["peers"]) == {
        "yesterday",
        "last_week",
        "seasonal_naive",
        "ridge",
        "extra_trees",
    }
    errors = {"rmse_next_day", "rmse_next_week", "rmse_next_month"}
    shares = {"coverage_next_day", "coverage_next_week", "coverage_next_month"}
    assert set(metrics["candidates"]) == {"course", "network", "trees", "linear", "ours"}
    for kind, names in (("candidates", errors | shares), ("peers", errors)):
        for figures in metrics[kind].values():
            assert set(figures) - {"rmse_next_year"} == names
    for figures in (*metrics["candidates"].values(), *metrics["peers"].values()):
        for figure in figures.values():
            assert figure["low"] <= figure["value"] <= figure["high"]
    assert (
        "rmse_next_year" in metrics["candidates"]["ours"]
        and "rmse_next_year" in metrics["peers"]["seasonal_naive"]
    )
    plots = {path.stem for path in (run / "plots").iterdir()}
    assert {"years", "months", "weeks", "days", "next_days", "horizon", "year", "learning"} < plots
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Sample data" in page and "skill" in page and "The band is to hold 80%" in page
    assert "the next 7 days, within the band" in page
    assert "test days lack measured minutes" in page


def test_the_published_graph_forecasts_from_raw_numbers_and_a_date(power: House) -> None:
    version = power.artifacts / "models" / "household_power" / "1"
    predictor = bundle.load(version)
    (prediction,) = predictor.predict(
        [{"window": WEEK * 4, "hours": [WEEK[-1] / 24] * 24, "date": "2010-11-26"}]
    )
    low, middle, high = (prediction[name] for name in ("low", "forecast", "high"))
    assert isinstance(low, list) and isinstance(middle, list) and isinstance(high, list)
    assert len(middle) == 30
    assert all(0 <= a <= b <= c for a, b, c in zip(low, middle, high, strict=True))
    signature = json.loads((version / "signature.json").read_text(encoding="utf-8"))
    assert [(entry["name"], entry.get("length")) for entry in signature["inputs"]] == [
        ("window", 28),
        ("hours", 24),
        ("date", None),
    ]


def test_a_file_of_days_has_no_hours_to_ask_for(empty: House, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    make_household(760, seed=0).resample("D", on="datetime").sum().reset_index().to_csv(
        path, index=False
    )
    done = empty.here(
        "flows.household_power", "--source", str(path), "--profile", "smoke", "--peers"
    )
    assert done.code == 0, done.err
    (exported,) = empty.artifacts.glob("store/household_power/export_series/*/signature.json")
    assert [
        entry["name"] for entry in json.loads(exported.read_text(encoding="utf-8"))["inputs"]
    ] == ["window", "date"]


def fails(house: House, frame: pd.DataFrame, path: Path, *words: str) -> None:
    frame.to_csv(path, index=False)
    house.here(
        "flows.household_power", "--source", str(path), "--profile", "smoke", "--peers"
    ).complains(*words)


def test_wrong_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    days = make_household(720, seed=0).resample("D", on="datetime").sum().reset_index()
    fails(
        empty, days.drop(columns="Voltage"), tmp_path / "a.csv", "a.csv", "lacks the column Voltage"
    )
    fails(empty, days.assign(Voltage="high"), tmp_path / "b.csv", "Voltage", "row 1", "'high'")
    fails(empty, days[::-1], tmp_path / "c.csv", "not in order", "row 2")
    fails(
        empty,
        pd.concat([days[:9], days[8:]]),
        tmp_path / "d.csv",
        "not in order",
        "row 10",
        "repeats",
    )
    fails(empty, days[:600], tmp_path / "e.csv", "Only 600 days", "too few to forecast")
    large = days.assign(Global_active_power=days["Global_active_power"] * 60)
    fails(empty, large, tmp_path / "f.csv", "Global_active_power", "validation.html")


@pytest.mark.realdata
def test_the_naive_figures_are_those_published_for_the_public_file() -> None:
    path = (
        Path(os.environ["CASEBOOK_DATA_MIRROR"])
        / "household_power"
        / "household_power_hourly.parquet"
    )
    hours, step, _ = load(path, data_set("household_power"))
    steps, lacking = complete(hours, step)
    days = filled(steps, lacking, step)["Global_active_power"].resample("D").sum().to_numpy()
    test = len(days) - HELD_OUT
    year_before = np.stack([days[i - 364 : i - 357] for i in range(test, len(days))])
    rows = {**windows(days, test, len(days), 28, 7), "year_before": year_before}
    forecasts = {
        name: answered(name, {}, rows, 0, 0)
        for name in ("yesterday", "last_week", "seasonal_naive")
    }
    errors = {
        n: by_horizon(rows["y"], forecast, np.ones((1, HELD_OUT)))["rmse_next_week"][0]
        for n, forecast in forecasts.items()
    }
    assert errors == pytest.approx(
        {"yesterday": 511.9, "last_week": 469.4, "seasonal_naive": 465.3}, abs=0.2
    )


def test_figures_are_those_that_scikit_learn_computes(power: House) -> None:
    check_figures(power, "household_power")


def test_nothing_can_be_said_against_the_page(power: House) -> None:
    check_page(power.runs("household_power")[0] / "report.html")


def test_the_notebook_runs_to_its_end(power: House) -> None:
    check_notebook(power, "household_power")
