"""A drafted case: what it says of a table, and what it refuses."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from casebook.catalog import Column, DataSet
from casebook.errors import CasebookError
from tasks.data.validate import check
from tasks.drafting.case_files import entry, flow, with_entry, write_case
from tasks.drafting.draft import Draft, draft
from tasks.drafting.request import Request

ROWS = 300


def customers() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    tenure = rng.integers(1, 70, ROWS)
    plan = rng.choice(["month", "year"], ROWS)
    churn = rng.random(ROWS) < 1 / (1 + np.exp(tenure / 20 - 1))
    return pd.DataFrame(
        {
            "customer": [f"C{n:05}" for n in rng.permutation(ROWS)],
            "tenure": tenure,
            "plan": plan,
            "joined": pd.date_range("2020-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "charges": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(50, 10, ROWS)),
            "churn": np.where(churn, "yes", "no"),
        }
    )


def drafted(folder: Path, frame: pd.DataFrame, target: str = "churn", **said: object) -> Draft:
    path = folder / "customers.csv"
    frame.to_csv(path, index=False)
    return draft(Request(str(path), target, **said))  # type: ignore[arg-type]


def test_a_table_is_sorted_and_says_so(tmp_path: Path) -> None:
    case = drafted(tmp_path, customers())
    roles = {name: column.role for name, column in case.entry.columns.items()}
    assert roles == {
        "customer": "identifier",
        "tenure": "number",
        "plan": "category",
        "joined": "date",
        "charges": "number",
        "churn": "target",
    }
    assert case.name == "customers"
    assert case.problem.labels == ("no", "yes")
    assert any("customer" in str(remark) for remark in case.remarks)


def test_the_suite_holds_for_its_table_and_not_for_another(tmp_path: Path) -> None:
    frame = customers()
    suite = json.loads(drafted(tmp_path, frame).suite)
    assert all(result["success"] for result in check(frame, suite))
    other = frame.assign(plan="weekly", tenure=10_000)
    failed = {result["column"] for result in check(other, suite) if not result["success"]}
    assert failed == {"plan", "tenure"}


def test_the_files_are_those_of_a_case_of_ones_own(tmp_path: Path) -> None:
    case = drafted(tmp_path, customers().rename(columns={"plan": 'the "plan"'}))
    read = tomllib.loads(entry(case))["customers"]
    assert DataSet.model_validate({"name": "customers", **read}) == case.entry
    compile(flow(case), "customers.py", "exec")


def test_a_catalog_keeps_its_other_entries(tmp_path: Path) -> None:
    case = drafted(tmp_path, customers())
    once = with_entry("# mine\n[other]\ntitle = 'x'\n", case)
    assert with_entry(once, case) == once
    assert set(tomllib.loads(once)) == {"other", "customers"}


def test_files_that_a_person_edited_are_not_overwritten(tmp_path: Path) -> None:
    case, root = drafted(tmp_path, customers()), tmp_path / "mine"
    write_case(case, root, replace=False)
    write_case(case, root, replace=False)
    suite = root / "expectations" / "customers.json"
    suite.write_text("{}")
    with pytest.raises(CasebookError, match=r"customers\.json is there already"):
        write_case(case, root, replace=False)
    assert suite.read_text() == "{}"


def test_a_column_that_decides_stops_is_dropped_or_is_kept(tmp_path: Path) -> None:
    frame = customers()
    frame["left_on"] = np.where(frame["churn"] == "yes", "2026", "")
    with pytest.raises(CasebookError, match=r"left_on .*--leaks drop.*--leaks keep"):
        drafted(tmp_path, frame)
    dropped = drafted(tmp_path, frame, leaks="drop")
    assert dropped.entry.columns["left_on"].role == "left out"
    assert drafted(tmp_path, frame, leaks="keep").trusted == ("left_on", "left_on (missing)")


def test_parts_of_a_sum_are_noticed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"casual": rng.integers(0, 400, ROWS), "members": rng.permutation(ROWS)})
    frame["bikers"] = frame["casual"] + frame["members"]
    frame["noise"] = rng.normal(size=ROWS)
    with pytest.raises(CasebookError, match=r"casual \(.*adds up.*members \(.*adds up"):
        drafted(tmp_path, frame, "bikers")


def test_a_column_that_nearly_decides_is_asked_about(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    grade = rng.integers(1, 36, ROWS * 5)
    rate = grade + rng.normal(0, 1.0, ROWS * 5)
    frame = pd.DataFrame({"grade": [f"g{n:02}" for n in grade], "rate": rate})
    frame["noise"] = rng.normal(size=len(frame))
    case = drafted(tmp_path, frame, "rate")
    questions = [str(remark) for remark in case.remarks if "is it known before" in str(remark)]
    assert [question.split(":")[0] for question in questions] == ["grade"]
    assert case.entry.columns["grade"].role == "category"


def test_what_a_person_says_of_columns_counts(tmp_path: Path) -> None:
    said = {"joined": Column(type="string", role="left out")}
    case = drafted(tmp_path, customers(), columns=said)
    assert case.entry.columns["joined"].role == "left out"


def test_rows_without_a_target_are_told(tmp_path: Path) -> None:
    frame = customers()
    frame.loc[:9, "churn"] = None
    case = drafted(tmp_path, frame)
    assert case.rows == ROWS - 10
    assert any("10 rows lack the target" in str(remark) for remark in case.remarks)


@pytest.mark.parametrize(
    ("target", "rows", "words"),
    [
        ("Churn", ROWS, "Did you mean churn"),
        ("nothing", ROWS, "no such column"),
        ("churn", 3, "at least 50"),
    ],
)
def test_a_request_that_can_t_be_met_names_the_remedy(
    tmp_path: Path, target: str, rows: int, words: str
) -> None:
    with pytest.raises(CasebookError, match=words):
        drafted(tmp_path, customers().head(rows), target)


@pytest.mark.parametrize("name", ["my case", "../up", "class", "7days"])
def test_a_name_that_no_module_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CasebookError, match="--name"):
        drafted(tmp_path, customers(), name=name)


def test_the_target_is_no_time(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="--time churn"):
        drafted(tmp_path, customers(), time="churn")


def test_one_column_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="one column only"):
        drafted(tmp_path, customers()[["churn"]])


def test_a_column_to_split_by_must_be_there_and_ordered(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="--time sold: there is no such column"):
        drafted(tmp_path, customers(), time="sold")
    with pytest.raises(CasebookError, match="--time plan"):
        drafted(tmp_path, customers(), time="plan")
    assert 'time="joined"' in flow(drafted(tmp_path, customers(), time="joined"))


def test_rows_that_differ_by_their_number_alone_are_counted(tmp_path: Path) -> None:
    frame = customers()
    frame.loc[10:14, frame.columns[1:]] = frame.loc[20:24, frame.columns[1:]].to_numpy()
    remarks = " ".join(map(str, drafted(tmp_path, frame).remarks))
    assert "5 rows differ from another one in customer alone" in remarks
    assert "differ from another" not in " ".join(map(str, drafted(tmp_path, customers()).remarks))


def test_the_target_is_no_group(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="--group churn: that is the target"):
        drafted(tmp_path, customers(), group="churn")


def test_what_is_computed_of_a_column_that_is_kept_is_trusted_too(tmp_path: Path) -> None:
    frame = customers()
    left = pd.Series(pd.date_range("2025-01-01", periods=ROWS).strftime("%Y-%m-%d"))
    frame["left"] = left.where(frame["churn"] == "yes")
    trusted = drafted(tmp_path, frame, leaks="keep").trusted
    assert {"left", "left (days)", "left (there)"} <= set(trusted)
    assert "joined (days)" not in trusted
