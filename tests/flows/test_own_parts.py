"""A custom case with a deciding column, a threshold by F-beta, and names that need escaping."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.flows.house import House, with_cases
from tests.flows.runner import another

FLOW = '''"""Parts: tell broken parts from sound ones."""

from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from tasks.problem.definition import Problem
from tasks.training.networks import perceptron
from tasks.problem.calibration import ThresholdPolicy
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.explore import explore
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.tables.case import TableCase
from tasks.training.train import Settings
from tasks.tables.parameters import RepeatedFoldsParams

PROBLEM = Problem(
    problem_type="binary", target="<b>broken %</b>", labels=("sound & safe", "50 % {broken}"), \
primary_metric="roc_auc",
    metrics=("roc_auc", "log_loss"),
)


class PartsParams(RepeatedFoldsParams):
    candidates: tuple[str, ...] = ("ours",)
    peers: tuple[str, ...] = ()


def threshold(params):
    return ThresholdPolicy(by="f_beta")


def scaled(columns):
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import StandardScaler

    return ColumnTransformer([("scale", StandardScaler(), columns)], \
verbose_feature_names_out=False)


def network(x, y, dropout):
    return perceptron(x, (8,), dropout, "ours")


CASE = TableCase(
    "parts", PROBLEM, RepeatedKFold(standard=2), scaled, threshold=threshold,
    models={"ours": Model(network, Settings(epochs=8, learning_rate=0.01))},
)


@case
def parts(params: PartsParams = PartsParams()) -> Summary:
    """Tell broken parts from sound ones."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, "parts", PROBLEM)
    return evaluate_and_publish(FittedModels(data, CASE.fit_all(data, params), [], profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.parts"))
'''

WIDTH = (
    "the width of the part, measured in the workshop by hand before it was "
    + "very " * 30
    + "carefully packed"
)
CATALOG = f"""[parts]
title = "Parts <i>of 100 %</i>"
folder = "parts"
licence = "made up"
citation = "nobody"
target = "<b>broken %</b>"
files = [{{ name = "parts.csv" }}]
[parts.columns]
weight = {{ type = "float", unit = "g" }}
"{WIDTH}" = {{ type = "float", unit = "$ & %" }}
"<b>broken %</b>" = {{ type = "integer" }}
"""
SUITE = {
    "name": "parts",
    "meta": {"quarantine_limit": 0.1},
    "expectations": [
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 20}},
    ],
}


@pytest.fixture
def workshop(empty: House, tmp_path: Path) -> Iterator[House]:
    """A house with the case, of which `weight` tells all."""
    root, rng = tmp_path / "theirs", np.random.default_rng(0)
    texts = {
        "flows/parts.py": FLOW,
        "expectations/parts.json": json.dumps(SUITE),
        "data/catalog.toml": CATALOG,
    }
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    y = rng.permutation(np.arange(240) % 2)
    weight, width = 6.0 * y + rng.normal(size=240), y + rng.normal(size=240)
    frame = pd.DataFrame({"weight": weight, WIDTH: width, "<b>broken %</b>": y})
    frame.to_csv(root / "parts.csv", index=False)
    with another() as process:
        yield with_cases(empty, root, process)


def test_a_column_that_decides_is_refused_and_trusted_on_demand_which_all_pages_tell(
    workshop: House,
) -> None:
    source = ("--source", str(Path(workshop.environment["CASEBOOK_CASES"]) / "parts.csv"))
    refused = workshop.here("flows.parts", *source)
    refused.complains("weight (ROC AUC", "alone)", "`--trust-columns weight`")
    workshop.here("flows.parts", *source, "--trust-columns", "wait").complains(
        "--trust-columns wait", "no such column"
    )
    assert not (workshop.artifacts / "models").exists()

    done = workshop.here("flows.parts", *source, "--trust-columns", "weight")
    assert done.code == 0, done.err
    run = max(workshop.runs("parts"), key=lambda folder: (folder / "run.json").stat().st_mtime_ns)
    assert [leak["column"] for leak in workshop.record(run)["leaks"]] == ["weight"]
    assert workshop.record(run, "metrics.json")["leaks"][0]["certain"]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "weight alone nearly decides &lt;b&gt;broken %&lt;/b&gt;" in page
    assert "greatest F-beta, beta 1.0" in page
    assert "<b>broken" not in page and "<i>of 100" not in page
    version = workshop.artifacts / "models" / "parts" / "1"
    assert "--trust-columns names it" in (version / "card.md").read_text(encoding="utf-8")
    assert (version.parent / "production").read_text(encoding="utf-8") == "1\n"
    for figures in workshop.record(run, "metrics.json")["candidates"].values():
        for name, figure in figures.items():
            assert figure["low"] < figure["high"], name

    again = workshop.here("flows.parts", *source)
    again.complains("--trust-columns weight")
    assert "trust_columns weight → none" in workshop.here("flows.parts", *source, "--plan").out
