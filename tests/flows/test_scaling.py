"""Scaling, from a table to a report.

The tests check the numbers of agreement, outlier and leak, custom tables, and wrong columns.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from samples.scaling import OUTLIER, make_people
from tests.flows.house import SMOKE, House, house_after
from tests.rehearsal.notebooks import check_notebook


@pytest.fixture(scope="module")
def scaled(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which scaling ran once, as it does of itself."""
    return house_after(tmp_path_factory.mktemp("scaled"), prefect_server, "flows.scaling")


def test_formulas_and_scikit_learn_agree_to_1e_12(scaled: House) -> None:
    run = scaled.runs("scaling")[0]
    metrics = scaled.record(run, "metrics.json")
    findings = metrics["findings"]
    assert metrics["data"]["source"] == "simulated"
    assert set(findings["largest_difference"]) == {
        "maximum",
        "min_max",
        "mean_range",
        "standard",
        "robust",
    }
    assert max(findings["largest_difference"].values()) < 1e-12
    assert findings["pandas_std"]["factor"] == pytest.approx(0.99**0.5)
    assert (
        findings["pandas_std"]["apart"] > 0.01 > 1e-12 > findings["pandas_std"]["apart_with_ddof_1"]
    )
    assert {path.name for path in (run / "plots").iterdir()} >= {
        "scales.png",
        "outlier.png",
        "histograms.png",
    }


def test_the_outlier_squeezes_all_but_robust_scaling(scaled: House) -> None:
    findings = scaled.record(scaled.runs("scaling")[0], "metrics.json")["findings"]
    assert (findings["outlier"]["column"], findings["outlier"]["number"]) == ("income", OUTLIER)
    left = findings["range_left"]
    assert (
        left["min_max"] < 0.1
        and left["maximum"] < 0.1
        and left["standard"] < 0.2
        and left["robust"] > 0.9
    )
    incomes = make_people(100, 0)["income"]
    others = incomes[incomes < OUTLIER]
    width = (others.max() - others.min()) / (incomes.max() - incomes.min())
    assert left["min_max"] == pytest.approx(width)
    assert (
        9
        < findings["z_of_outlier"]["z"]
        < findings["z_of_outlier"]["most"]
        == pytest.approx(99**0.5)
    )


def test_a_scaler_that_saw_the_training_rows_alone_is_surprised(scaled: House) -> None:
    run = scaled.runs("scaling")[0]
    findings = scaled.record(run, "metrics.json")["findings"]
    assert (
        findings["outside_honestly"]["splits"] > 0.5
        and findings["outside_honestly"]["farthest"] > 10
    )
    assert findings["outside_with_leak"] == {"splits": 0.0, "mean": 0.0, "farthest": 0.0}
    assert "Simulated data" in (run / "report.html").read_text(encoding="utf-8")


def test_a_table_of_ones_own_with_a_constant_column_and_a_gap(empty: House, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mine = pd.DataFrame(
        {"name": "a", "price": rng.normal(50, 5, 40), "same": 0.1, "tax": np.arange(40)}
    )
    mine.loc[3, "tax"] = None
    mine.to_csv(tmp_path / "mine.csv", index=False)
    done = empty.here("flows.scaling", "--source", str(tmp_path / "mine.csv"), "--language", "ko")
    assert done.code == 0, done.err
    run = empty.runs("scaling")[0]
    assert empty.record(run, "metrics.json")["data"]["source"] == "real"
    assert empty.record(run, "metrics.json")["findings"]["pandas_std"]["rows"] == 39
    assert max(empty.record(run, "metrics.json")["findings"]["largest_difference"].values()) < 1e-12
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "이상치의 영향" in page and "What an outlier does" not in page
    done = empty.here("flows.scaling", "--source", str(tmp_path / "mine.csv"), "--columns", "price")
    assert done.code == 0, done.err
    assert (
        empty.record(empty.runs("scaling")[-1], "metrics.json")["findings"]["outlier"]["column"]
        == "price"
    )


def test_wrong_columns_and_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    def fails(frame: pd.DataFrame, flags: tuple[str, ...], *words: str) -> None:
        frame.to_csv(tmp_path / "a.csv", index=False)
        empty.here("flows.scaling", "--source", str(tmp_path / "a.csv"), *flags).complains(*words)

    people = make_people(30, 0)
    fails(
        people,
        ("--columns", "height", "weight"),
        "a.csv",
        "lacks the column weight",
        "height, income",
    )
    fails(
        people.assign(job="smith"),
        ("--columns", "job"),
        "column job holds numbers",
        "row 1",
        "'smith'",
    )
    fails(people[[]].assign(job=["smith"] * 30), (), "0 numeric columns", "--columns")
    fails(pd.DataFrame(np.ones((20, 9))), (), "9 numeric columns", "--columns")
    fails(people.head(5), (), "fewer rows")
    empty.here("flows.scaling", *SMOKE, "--columns", "shoe").complains(
        "made in code", "lacks the column shoe"
    )


def test_the_notebook_runs_to_its_end(scaled: House) -> None:
    check_notebook(scaled, "scaling")
