"""Immigration to Canada.

The tests check the lab's printed values, the rules for totals and unknown values, and wrong sheets.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.errors import CasebookError
from flows.canada import YEARS, lead_changes, named_plainly, with_totals, without_checked_total
from samples.canada import make_migrants
from tests.flows.house import House, house, real_findings
from tests.rehearsal.notebooks import check_notebook
from tests.rehearsal.page_faults import check_page

SHEET = "Canada by Citizenship"


def test_the_sample_has_the_sheets_columns_and_adds_up() -> None:
    frame = make_migrants(60, seed=3)
    assert len(frame) == 62
    assert list(frame.columns) == ["OdName", "AreaName", "RegName", "DevName", *YEARS]
    cleaned = with_totals(named_plainly(without_checked_total(frame)))
    assert "Total" not in set(cleaned["Country"]) and "Unknown" in set(cleaned["Country"])
    assert {"Vietnam", "United States"} <= set(cleaned["Country"])
    assert cleaned["Total"].is_monotonic_decreasing
    assert (cleaned["Total"] == cleaned[YEARS].sum(axis=1)).all()


def test_rows_that_do_not_add_up_to_the_total_are_told_with_their_year() -> None:
    frame = make_migrants(60, seed=3)
    frame.loc[5, "1996"] += 7
    with pytest.raises(
        CasebookError, match=r"year 1996 add up to [\d,]+, but the row 'Total' says"
    ):
        without_checked_total(frame)


def test_the_lead_changes_where_the_greater_becomes_the_smaller() -> None:
    years = pd.RangeIndex(2000, 2006)
    assert lead_changes(
        pd.Series([3, 3, 1, 2, 2, 5], years), pd.Series([1, 3, 3, 2, 4, 1], years)
    ) == [2002, 2005]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_lead_changes_are_the_same_the_other_way_round(pairs: list[tuple[int, int]]) -> None:
    one, other = pd.Series([a for a, _ in pairs]), pd.Series([b for _, b in pairs])
    changes = lead_changes(one, other)
    assert changes == lead_changes(other, one) == sorted(set(changes))


@pytest.fixture(scope="module")
def explored(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the case ran on its sample with two countries and fewer bars.

    The first run was in Korean.
    """
    workspace = house(tmp_path_factory.mktemp("canada"), prefect_server)
    flags = (
        "--source",
        "sample",
        "--compared",
        "Japan",
        "Kenya",
        "--bins",
        "5",
        "--listed",
        "8",
        "--language",
        "ko",
    )
    done = workspace.here("flows.canada", *flags)
    assert done.code == 0, done.err
    return workspace


def test_the_sample_has_every_chart_and_no_finding_is_made_up(explored: House) -> None:
    run = explored.runs("canada")[0]
    findings = explored.record(run, "metrics.json")["findings"]
    sample = with_totals(named_plainly(without_checked_total(make_migrants(120, seed=0))))
    countries = sample[sample["Country"] != "Unknown"].set_index("Country")
    assert findings["total"] == countries["Total"].sum()
    assert findings["unknown"] == 500 * len(YEARS)
    assert findings["greatest"] == countries["Total"].head(8).to_dict()
    assert sum(findings["histogram"]["counts"]) == 120 and len(findings["histogram"]["counts"]) == 5
    assert findings["compared"] == countries["Total"][["Japan", "Kenya"]].to_dict()
    assert {path.stem for path in (run / "plots").iterdir()} >= {
        "all",
        "cloud",
        "area",
        "greatest",
        "giants",
        "giants_box",
        "haiti",
        "iceland",
        "one_year",
        "continents",
        "japan",
        "decades",
        "waffle",
        "compared",
        "compared_lines",
        "compared_trend",
        "bubbles",
    }


def test_the_page_is_korean_where_it_is_asked_to_be(explored: House) -> None:
    page = (explored.runs("canada")[0] / "report.html").read_text(encoding="utf-8")
    assert "국적별 캐나다 이민" in page and "표준편차" in page and "95% 신뢰구간" in page
    assert "All immigrants" not in page and ">mean<" not in page


def fails(
    house: House, frame: pd.DataFrame, path: Path, *words: str, flags: tuple[str, ...] = ()
) -> None:
    with pd.ExcelWriter(path) as book:
        pd.DataFrame().to_excel(book, sheet_name="Regions by Citizenship")
        frame.to_excel(book, sheet_name=SHEET, startrow=20, index=False)
    house.here("flows.canada", "--source", str(path), *flags).complains(*words)


def test_wrong_sheets_end_in_one_paragraph(empty: House, tmp_path: Path) -> None:
    good, path = make_migrants(60, seed=0), tmp_path / "mine.xlsx"
    fails(empty, good.drop(columns="1999"), path, "mine.xlsx", "lacks the column 1999")
    fails(
        empty,
        good[good["OdName"] != "Haiti"],
        path,
        "expect_column_distinct_values_to_contain_set",
        "OdName",
    )
    fails(
        empty,
        good,
        path,
        "--compared Atlantis",
        "no such country",
        flags=("--compared", "Japan", "Atlantis"),
    )
    good.to_excel(path, sheet_name="Sheet1", index=False)
    empty.here("flows.canada", "--source", str(path)).complains(
        "no sheet 'Canada by Citizenship'", "it has Sheet1"
    )


@pytest.fixture(scope="module")
def findings(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run on the real sheet finds."""
    return real_findings(tmp_path_factory.mktemp("real"), prefect_server, "canada")


def near(*values: float) -> Callable[[object], bool]:
    """Return a check of printed values, to their last digit."""
    return lambda printed: printed == pytest.approx(values, rel=1e-6)


@pytest.mark.realdata
def test_totals_as_the_lab_prints_them(findings: dict[str, Any]) -> None:
    assert findings["total"] == 6_409_153 and findings["unknown"] == 515_059
    assert list(findings["greatest"].items())[:5] == [
        ("India", 691_904),
        ("China", 659_962),
        ("United Kingdom", 551_500),
        ("Philippines", 511_391),
        ("Pakistan", 241_600),
    ]
    assert list(findings["greatest"])[-1] == "Romania"
    assert findings["continents"] == {
        "Asia": 3_317_794,
        "Europe": 1_410_947,
        "Latin America and the Caribbean": 765_148,
        "Africa": 618_948,
        "Northern America": 241_142,
        "Oceania": 55_174,
    }
    assert findings["compared"] == {"Denmark": 3901, "Norway": 2327, "Sweden": 5866}
    assert findings["decades"] == {"1980s": 1_057_473, "1990s": 1_954_191, "2000s": 2_360_580}


@pytest.mark.realdata
def test_line_histogram_and_descriptions_as_the_lab_prints_them(findings: dict[str, Any]) -> None:
    line, japan = findings["trend"], findings["japan"]
    assert near(5.56709228e03, -1.09261952e07)([line["slope"], line["intercept"]])
    assert near(34, 814.911765, 337.219771, 198, 529, 902, 1079, 1284)([*japan.values()])
    assert near(34, 20350.117647, 10007.342579, 4211, 10637.75, 20235, 28699.5, 36210)(
        [*findings["india_and_china"]["India"].values()]
    )
    assert near(34, 19410.647059, 13568.230790, 1527, 5512.75, 19945, 31568.5, 42584)(
        [*findings["india_and_china"]["China"].values()]
    )
    assert findings["histogram"]["counts"] == [178, 11, 1, 2, 0, 0, 0, 0, 1, 2]
    assert near(0, 3412.9, 34129)([findings["histogram"]["edges"][i] for i in (0, 1, -1)])


@pytest.mark.realdata
def test_events_and_outliers_of_the_real_sheet(findings: dict[str, Any]) -> None:
    assert findings["haiti"] == {"2009": 2080, "2010": 4744, "2011": 6503}
    assert near(12.857143, 35, 72)([*findings["iceland"].values()])
    assert findings["lead_changes"] == [1991, 1992, 1998, 2006, 2008, 2010, 2011]
    assert findings["standing_out"]["2000s"] == {"China": 340_385, "India": 303_591}
    assert findings["peaks"] == {"Brazil": 2010, "Argentina": 2003}
    assert findings["most_changed_continent"]["name"] == "Europe"


def test_nothing_can_be_said_against_the_page(explored: House) -> None:
    check_page(explored.runs("canada")[0] / "report.html")


def test_the_notebook_runs_to_its_end(explored: House) -> None:
    check_notebook(explored, "canada")
