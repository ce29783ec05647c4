"""A menu's nutrition facts: what the lab asks of them, and menus that are wrong."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from samples.mcdonalds import make_menu
from tests.flows.house import House, house_after, real_findings
from tests.rehearsal.notebooks import check_notebook


@pytest.fixture(scope="module")
def explored(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the case ran on its sample, in Korean."""
    folder = tmp_path_factory.mktemp("menu")
    return house_after(
        folder,
        prefect_server,
        "flows.mcdonalds",
        "--source",
        "sample",
        "--daily-sodium",
        "1000",
        "--language",
        "ko",
    )


def test_findings_are_those_of_the_sample(explored: House) -> None:
    run, menu = explored.runs("mcdonalds")[0], make_menu(260, seed=0)
    findings = explored.record(run, "metrics.json")["findings"]
    assert findings["most_sodium"] == {
        "item": menu["Item"][menu["Sodium"].idxmax()],
        "mg": menu["Sodium"].max(),
    }
    assert len(findings["over_a_day"]) == (menu["Sodium"] > 1000).sum()
    assert findings["protein_and_fat"]["r"] == pytest.approx(
        menu["Protein"].corr(menu["Total Fat"])
    )
    assert sum(findings["trans_fat"].values()) == (menu["Trans Fat"] > 0).sum()
    assert findings["calories_off"] == {} and findings["ounces_off"] == {}
    assert {path.stem for path in (run / "plots").iterdir()} >= {
        "sodium",
        "sodium_bins",
        "joint",
        "calories",
        "sodium_box",
        "sugars",
        "sugars_bins",
        "nutrients",
        "correlation",
    }


def test_the_page_is_korean_where_it_is_asked_to_be(explored: House) -> None:
    page = (explored.runs("mcdonalds")[0] / "report.html").read_text(encoding="utf-8")
    assert (
        "맥도날드 메뉴의 영양 성분" in page
        and "피어슨 상관계수" in page
        and "포화 지방 (g)" in page
    )
    assert "Serving sizes" not in page and ">upper fence<" not in page


def fails(house: House, frame: pd.DataFrame, path: Path, *words: str) -> None:
    frame.to_csv(path, index=False)
    house.here("flows.mcdonalds", "--source", str(path)).complains(*words)


def test_wrong_menus_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    good, path = make_menu(100, seed=0), tmp_path / "menu.csv"
    fails(empty, good.drop(columns="Trans Fat"), path, "menu.csv", "lacks the column Trans Fat")
    fails(empty, good.assign(Sodium=good["Sodium"] * 1000), path, "Sodium", "another unit")
    fails(empty, good.assign(**{"Serving Size": "a handful"}), path, "'a handful'", "16 fl oz cup")


@pytest.fixture(scope="module")
def findings(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run on the real menu finds."""
    return real_findings(tmp_path_factory.mktemp("real"), prefect_server, "mcdonalds")


@pytest.mark.realdata
def test_sodium_sugar_and_fat_as_the_lab_prints_them(findings: dict[str, Any]) -> None:
    assert findings["most_sodium"] == {"item": "Chicken McNuggets (40 piece)", "mg": 3600}
    assert findings["over_a_day"] == {"Chicken McNuggets (40 piece)": 3600}
    assert [*findings["sodium"].values()] == pytest.approx(
        [260, 495.75, 577.026323, 0, 107.5, 190, 865, 3600]
    )
    assert [*findings["sugars"].values()] == pytest.approx(
        [260, 29.423077, 28.679797, 0, 5.75, 17.5, 48, 128]
    )
    assert findings["protein_and_fat"]["r"] == pytest.approx(0.807773, abs=1e-6)
    assert findings["protein_and_fat"]["p"] < 1e-60
    assert sum(findings["trans_fat"].values()) == 56
    assert findings["outliers"]["Sodium"] == 5


@pytest.mark.realdata
def test_labels_that_disagree_with_themselves(findings: dict[str, Any]) -> None:
    assert len(findings["calories_off"]) == 8
    assert {name.rsplit(" ", 1)[0] for name in findings["calories_off"]} == {
        "Coca-Cola Classic",
        "Dr Pepper",
        "Diet Dr Pepper",
        "Sprite",
    }
    assert findings["calories_off"]["Coca-Cola Classic (Large)"] == 24
    assert (
        set(findings["ounces_off"].values()) == {"9.6 oz (251 g)"}
        and len(findings["ounces_off"]) == 2
    )
    assert next(iter(findings["saltiest_by_weight"])) == "Sausage Biscuit (Regular Biscuit)"


def test_the_notebook_runs_to_its_end(explored: House) -> None:
    check_notebook(explored, "mcdonalds")
