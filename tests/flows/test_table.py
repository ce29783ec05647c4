"""A table that nobody has described becomes a case that is served, scored and run again."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from casebook.catalog import data_set
from serving.bundle import load
from tests.flows.house import House, house
from tests.rehearsal.offline_model import check_offline_model

ROWS = 400
FAST = ("--profile", "smoke")


def customers(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    tenure = rng.integers(1, 70, rows)
    plan = rng.choice(["month", "year"], rows)
    odds = 1.5 - tenure / 15 + np.where(plan == "month", 1.0, -1.0)
    return pd.DataFrame(
        {
            "customer": [f"C{n:05}" for n in rng.permutation(rows)],
            "tenure": tenure,
            "plan": plan,
            "joined": pd.date_range("2020-01-01", periods=rows).strftime("%d.%m.%Y"),
            "charges": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(50, 10, rows)).round(2),
            "remark": rng.choice(["called twice about it", "never called us at all"], rows),
            "churn": np.where(rng.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def drafted(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which a table with semicolons and decimal commas became a case."""
    folder = tmp_path_factory.mktemp("table")
    path = folder / "customers.csv"
    customers().to_csv(path, index=False, sep=";", decimal=",", encoding="utf-16")
    home = house(folder, prefect_server)
    done = home.run("flows.table", "--source", str(path), "--target", "churn", *FAST)
    assert done.code == 0, done.err
    assert "utf-16" in done.err
    return home


def test_the_report_says_that_nobody_has_looked(drafted: House) -> None:
    run = drafted.runs("customers")[0]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Nobody has looked at this table" in page
    assert page.index("Nobody has looked") < page.index("<h1")
    assert "What was made of the columns" in page


def test_the_model_answers_raw_rows_with_gaps_and_unknown_values(drafted: House) -> None:
    model = load(drafted.artifacts / "models" / "customers" / "1")
    names = [field.name for field in model.signature.inputs]
    assert names == ["tenure", "plan", "joined", "charges", "remark"]
    row = {name: customers(1)[name].tolist()[0] for name in names}
    answers = model.predict([row, {**row, "charges": None}, {**row, "joined": "soon"}])
    assert all(0 < answer["probability"] < 1 for answer in answers)


def test_a_file_of_the_same_kind_is_scored(drafted: House, tmp_path: Path) -> None:
    path = tmp_path / "next.csv"
    customers(50).to_csv(path, index=False, sep=";", decimal=",", encoding="utf-16")
    output = tmp_path / "scored.csv"
    done = drafted.run(
        "flows.score",
        *("--case", "customers", "--version", "1"),
        *("--input", str(path), "--output", str(output)),
    )
    assert done.code == 0, done.err
    assert pd.read_csv(output)["probability"].between(0, 1).all()


def test_the_case_is_known_without_another_edit(drafted: House) -> None:
    assert "customers" in drafted.run("flows").out
    done = drafted.run("flows.customers", "--plan", *FAST)
    assert done.code == 0, done.err
    stages = [line for line in done.out.splitlines()[1:] if line]
    assert all(" reuse " in line or "done in every run" in line for line in stages)


def test_written_as_files_it_gives_the_same_figures(
    drafted: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = drafted.artifacts.parent / "customers.csv"
    mine = tmp_path / "mine"
    flags = ("--source", str(source), "--target", "churn", "--name", "again", "--write", str(mine))
    assert drafted.run("flows.table", *flags, *FAST).code == 0
    first, again = (drafted.runs(name)[0] / "metrics.json" for name in ("customers", "again"))
    figures = [json.loads(path.read_text())["candidates"] for path in (first, again)]
    assert figures[0] == figures[1]
    monkeypatch.setenv("CASEBOOK_CASES", str(mine))
    assert data_set("again").columns["plan"].role == "category"


def test_a_name_that_is_taken_is_refused(drafted: House) -> None:
    source = drafted.artifacts.parent / "customers.csv"
    flags = ("--source", str(source), "--target", "churn", "--name", "titanic")
    drafted.run("flows.table", *flags).complains("titanic", "--name")


def test_a_wrong_target_leaves_nothing_behind(drafted: House) -> None:
    source = drafted.artifacts.parent / "customers.csv"
    flags = ("--source", str(source), "--target", "chrun", "--name", "nothing")
    drafted.run("flows.table", *flags).complains("chrun", "no such column")
    assert not (drafted.artifacts / "cases" / "flows" / "nothing.py").exists()


def test_the_page_answers_as_the_published_graph_does(drafted: House) -> None:
    check_offline_model(drafted, "customers")
