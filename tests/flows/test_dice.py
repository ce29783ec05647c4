"""Dice from throws to a report that says simulated; returns of one's own; files that can't be."""

import json
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from flows.dice import Market
from tests.flows.house import SMOKE, House, house
from tests.rehearsal.notebooks import check_notebook

PICTURES = {
    "sums.png",
    "paths.png",
    "normal.png",
    "returns.png",
    "coverage.png",
    "histograms.png",
    "boxes.png",
}


@pytest.fixture(scope="module")
def thrown(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which dice ran once, as it does of itself."""
    workspace = house(tmp_path_factory.mktemp("thrown"), prefect_server)
    done = workspace.here("flows.dice", "--profile", "smoke")
    assert done.code == 0, done.err
    assert "Simulated data." in done.out
    return workspace


def test_the_flow_tells_what_is_exact_and_what_is_simulated(thrown: House) -> None:
    run = thrown.runs("dice")[0]
    metrics = thrown.record(run, "metrics.json")
    findings = metrics["findings"]
    assert metrics["data"]["source"] == "simulated" and metrics["data"]["rows"] == 30
    assert findings["exact"]["mean"] == "7" and Fraction(findings["exact"]["variance"]) == Fraction(
        35, 6
    )
    assert (
        abs(findings["simulated"]["mean_off"]) < 4
        and abs(findings["simulated"]["variance_off"]) < 4
    )
    assert findings["goodness_of_fit"]["freedom"] == 10
    assert findings["normal_error_powers"]["plain"] == pytest.approx(-0.5, abs=0.01)
    assert findings["normal_error_powers"]["corrected"] == pytest.approx(-1, abs=0.03)
    assert {path.name for path in (run / "plots").iterdir()} == PICTURES
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Simulated data" in page and "Real data" not in page and "35/6" in page


def test_the_labs_population(thrown: House) -> None:
    findings = thrown.record(thrown.runs("dice")[0], "metrics.json")["findings"]
    assert findings["population"]["mean"] == 43.0
    # as the lab prints it, by pandas
    assert findings["population"]["by_less"] == pytest.approx(25.20581943387942)
    assert findings["variance_of_samples"]["by_less"] == pytest.approx(
        findings["variance_of_samples"]["population"]
    )
    means = findings["std_of_sample_means"]
    # (N - n) / (N - 1)
    assert means["not_replaced"] == pytest.approx(means["replaced"] * (5 / 9) ** 0.5)


def test_intervals_and_their_coverage(thrown: House) -> None:
    findings = thrown.record(thrown.runs("dice")[0], "metrics.json")["findings"]
    (t_low, t_high), (z_low, z_high) = findings["intervals"]["t"], findings["intervals"]["z"]
    assert t_low < z_low < findings["mean_return"]["mean"] < z_high < t_high
    assert findings["t_on_normal"]["low"] < 0.95 < findings["t_on_normal"]["high"]
    assert (
        findings["z_on_normal"]["low"]
        < findings["z_on_normal"]["exact"]
        < findings["z_on_normal"]["high"]
        < 0.95
    )


def test_a_seed_fixes_all(thrown: House) -> None:
    first = thrown.record(thrown.runs("dice")[0], "metrics.json")["findings"]
    assert thrown.here("flows.dice", "--profile", "smoke", "--refresh").code == 0
    again, other = (
        Market(shape="normal", mean=10, deviation=5),
        Market(shape="student", mean=10, deviation=5),
    )
    assert thrown.record(thrown.runs("dice")[-1], "metrics.json")["findings"] == first
    assert again(30, 0).equals(again(30, 0)) and not again(30, 0).equals(again(30, 1))
    assert not again(30, 0).equals(other(30, 0))


def test_a_sample_run_says_so_and_other_dice_can_be_thrown(empty: House) -> None:
    flags = (
        "--dice",
        "10",
        "--sides",
        "100",
        "--returns",
        "lognormal",
        "--confidence",
        "0.9",
        "--language",
        "ko",
    )
    done = empty.here("flows.dice", *SMOKE, *flags)
    assert done.code == 0, done.err
    run = empty.runs("dice")[0]
    assert empty.record(run, "metrics.json")["findings"]["exact"]["mean"] == "505"
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "샘플 데이터" in page and "큰 수의 법칙" in page and "Law of large" not in page


def test_returns_of_ones_own(empty: House, tmp_path: Path) -> None:
    pd.DataFrame({"return": [1.0, 2.0, 3.0, 4.0, None, 7.5, 8, 2, 1, 0, 3, 2]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    done = empty.here("flows.dice", "--source", str(tmp_path / "a.csv"), "--profile", "smoke")
    assert done.code == 0, done.err
    run = empty.runs("dice")[0]
    metrics = empty.record(run, "metrics.json")
    assert metrics["data"]["source"] == "real"
    assert metrics["findings"]["mean_return"]["years"] == 11
    assert "hold_the_truth" not in metrics["findings"]  # nobody knows the true mean of a file
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["status"] == "completed"


def test_wrong_files_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    def fails(frame: pd.DataFrame, *words: str) -> None:
        frame.to_csv(tmp_path / "a.csv", index=False)
        done = empty.here("flows.dice", "--source", str(tmp_path / "a.csv"), "--profile", "smoke")
        done.complains(*words)

    fails(pd.DataFrame({"yield": [1, 2, 3]}), "a.csv", "lacks the column return")
    fails(pd.DataFrame({"return": ["1", "2", "3 %"]}), "return", "row 3", "'3 %'")
    fails(pd.DataFrame({"return": [4.0, 4, 4, 4]}), "return", "all equal", "validation.html")
    fails(pd.DataFrame({"return": [4.0, 5]}), "fewer returns")


def test_the_notebook_runs_to_its_end(thrown: House) -> None:
    check_notebook(thrown, "dice")
