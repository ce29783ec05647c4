"""Somebody else's case: three files in a folder of their own, named in CASEBOOK_CASES."""

from pathlib import Path

import pytest

from tests.flows.house import House

FLOW = '''"""Coins: tell false coins from true ones by weight and width."""

from casebook.case import case
from casebook.cli import main
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import uncached_task, stage
from casebook.tables import read_table
from tasks.data.clean import clean, drop_repeats
from tasks.data.fetch import fetch
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate


@case
def coins(params: CaseParams = CaseParams()) -> Summary:
    """Tell false coins from true ones by weight and width."""
    raw = ingest(fetch("coins", params.source), make_coins, 300, params.seed)
    checked = validate(raw, suite_text("coins"))
    enforce(checked, "coins")
    return finish(heaviest(clean(checked, (drop_repeats,))))


@stage
def heaviest(out, coins):
    """Find the heaviest coin."""
    weight = float(read_table(coins)["weight"].max())
    (out / "weight.txt").write_text(str(weight))
    return {"weight": weight}


@uncached_task
def finish(found):
    """Say how heavy it is."""
    headline = f"heaviest {found.facts['weight']:.2f} g"
    return Summary(case="coins", run_id="1", report="-", headline=headline, next_command="-")


def make_coins(rows, seed):
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    false = rng.integers(0, 2, rows)
    weight = rng.normal(7.5 - false, 0.2)
    weight[3] = -1.0
    return pd.DataFrame({"weight": weight, "false": false})


if __name__ == "__main__":
    raise SystemExit(main("flows.coins"))
'''

SUITE = """{"name": "coins", "meta": {"quarantine_limit": 0.1}, "expectations": [
  {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "false", "value_set": [0, 1]}},
  {"type": "expect_column_values_to_be_between", "kwargs": {"column": "weight", "min_value": 0},
   "meta": {"on_failure": "quarantine", "why": "nothing weighs less than nothing"}}]}"""

CATALOG = """[coins]
title = "Coins"
folder = "coins"
licence = "made up"
citation = "nobody"
target = "false"
files = [{ name = "coins.csv" }]
[coins.columns]
weight = { type = "float", unit = "g" }
false = { type = "integer" }
"""


@pytest.fixture
def outside(empty: House, tmp_path: Path) -> House:
    root = tmp_path / "theirs"
    for name, text in {
        "flows/coins.py": FLOW,
        "expectations/coins.json": SUITE,
        "data/catalog.toml": CATALOG,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return House(empty.artifacts, {**empty.environment, "CASEBOOK_CASES": str(root)})


def test_a_case_in_a_folder_of_its_own_is_listed_planned_and_run(outside: House) -> None:
    assert "coins" in outside.run("flows").out
    done = outside.run("flows.coins", "--source", "auto")
    assert done.code == 0, done.err
    assert done.out.startswith("heaviest ")
    record = outside.record(outside.runs("coins")[0])
    assert [stage["stage"] for stage in record["stages"] if stage["key"]] == [
        "ingest",
        "validate",
        "clean",
        "heaviest",
    ]
    plan = outside.run("flows.coins", "--plan")
    assert plan.out.count(" reuse ") == 4


def test_an_expectation_that_the_library_does_not_know_is_refused(outside: House) -> None:
    suite = Path(outside.environment["CASEBOOK_CASES"]) / "expectations" / "coins.json"
    suite.write_text(SUITE.replace("values_to_be_in_set", "values_to_be_lucky"), encoding="utf-8")
    done = outside.run("flows.coins")
    assert done.code == 1
    assert "expect_column_values_to_be_lucky" in done.err
    assert "expectations/coins.json" in done.err
