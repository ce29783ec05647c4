"""Planted drift is found, and none is reported where there is none.

The tests cover files, and the inputs that the service counted.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from casebook import paths
from serving.app import create_app
from serving.registry import Registry
from serving.request_histogram import RequestHistogram
from tasks.publication.training_distribution import histogram
from tests.flows.house import House
from tests.serving.graphs import probability
from tests.serving.versions import seal
from tests.tasks.scoring.test_score import payments, publish

COLUMNS = ("Amount", "Hour", "Age", "Sex")


@pytest.fixture
def house(empty: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with a model that says how its training was spread."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(empty.artifacts))
    publish_with_bins()
    return empty


def publish_with_bins() -> None:
    """Publish a model that says how 4,000 payments were spread."""
    publish("fraud")
    train = payments(4000)
    features = {name: train[name].to_numpy(zero_copy_only=False) for name in COLUMNS}
    scores = np.array([probability(row, -1.0) for row in train.to_pylist()])
    folder = paths.models("fraud") / "1"
    content = {
        "rows": 4000,
        "features": {name: histogram(values) for name, values in features.items()},
        "score": histogram(scores),
    }
    (folder / "reference.json").write_text(json.dumps(content))
    seal(folder)


def dearer(table: pa.Table) -> pa.Table:
    """Return payments that are dearer, and whose age is missing more often."""
    amount = pa.array(table["Amount"].to_numpy() * 1.5 + 30)
    age = table["Age"].to_numpy()
    age = pa.array(age, mask=np.isnan(age) | (np.arange(len(table)) % 2 == 0))
    return table.set_column(1, "Amount", amount).set_column(3, "Age", age)


def drift(house: House) -> dict[str, Any]:
    """Return what the last comparison reported."""
    content: dict[str, Any] = json.loads(
        max(paths.runs("monitor").glob("*/drift.json")).read_text()
    )
    return content


def test_a_planted_drift_in_a_file_is_found_and_a_fresh_sample_has_none(
    house: House, tmp_path: Path, artifacts_of: Callable[[str], Any]
) -> None:
    pq.write_table(payments(1000, seed=7), tmp_path / "fresh.parquet")
    done = house.here(
        "flows.monitor", "--case", "fraud", "--input", str(tmp_path / "fresh.parquet")
    )
    assert (
        done.code == 0 and "fraud version 1, 1,000 rows" in done.out and "nothing moved" in done.out
    )
    assert drift(house)["drifted"] == []
    pq.write_table(dearer(payments(1000, seed=8)), tmp_path / "moved.parquet")
    done = house.here(
        "flows.monitor",
        "--case",
        "fraud",
        "--input",
        str(tmp_path / "moved.parquet"),
        "--language",
        "ko",
    )
    assert "quantities moved: Amount, Age" in done.out
    assert {"Amount", "Age"} <= set(drift(house)["drifted"]) <= {"Amount", "Age", "score"}
    page = Path(done.out.strip().splitlines()[-1]).read_text()
    assert "드리프트" in page and "Amount" in page and "http" not in page
    rows = {row["quantity"]: row for row in artifacts_of("fraud-drift")}
    assert rows["Amount"]["drifted"] and not rows["Hour"]["drifted"]
    assert (
        float(rows["Age"]["missing now"].rstrip("%"))
        > float(rows["Age"]["missing in training"].rstrip("%")) + 20
    )


def test_what_the_service_counted_is_compared(house: House) -> None:
    house.here("flows.monitor", "--case", "fraud").complains(
        "counted nothing for fraud version 1", "--hours"
    )
    models, counts = Registry(paths.models()), RequestHistogram()
    models.look()
    client = create_app(models, histogram=counts).test_client()
    rows = [
        {name: row[name] for name in COLUMNS} for row in dearer(payments(600, seed=9)).to_pylist()
    ]
    assert client.post("/v1/models/fraud:predict", json={"instances": rows}).status_code == 200
    counts.close()
    done = house.here("flows.monitor", "--case", "fraud", "--hours", "1")
    assert (
        "600 rows of what the service was asked since" in done.out and "moved: Amount" in done.out
    )


def test_what_cannot_be_compared_is_told(house: House, tmp_path: Path) -> None:
    pq.write_table(payments(10).drop_columns("Amount"), tmp_path / "less.parquet")
    flags = ("--case", "fraud", "--input", str(tmp_path / "less.parquet"))
    house.here("flows.monitor", *flags).complains("lacks the column Amount")
    house.here("flows.monitor", "--case", "dogs").complains("No model of 'dogs' was published")
    house.here("flows.monitor", "--case", "fraud", "--hours", "0").complains("--hours 0")
    house.here("flows.monitor", "--case", "fraud", "--language", "fr").complains("--language fr")
    (paths.models("fraud") / "1" / "reference.json").unlink()
    manifest = paths.models("fraud") / "1" / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["files"]["reference.json"]
    manifest.write_text(json.dumps(content))
    house.here("flows.monitor", "--case", "fraud").complains(
        "was published without reference.json", "Run the case again"
    )
