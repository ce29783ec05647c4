"""Scoring by its command, as a Prefect flow."""

from pathlib import Path

import pytest
from pyarrow import parquet as pq

from tests.flows.house import House
from tests.tasks.scoring.test_score import payments, publish


@pytest.fixture
def house_with_a_model(empty: House, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(empty.artifacts))
    publish("fraud", version=3)
    return empty


def test_a_file_is_scored_and_the_last_line_is_its_path(
    house_with_a_model: House, tmp_path: Path
) -> None:
    given, output = tmp_path / "in.parquet", tmp_path / "deeper" / "out.parquet"
    pq.write_table(payments(100), given)
    flags = ("--case", "fraud", "--input", str(given), "--output", str(output))
    done = house_with_a_model.here("flows.score", *flags)
    assert done.code == 0, done.err
    summary, path = done.out.strip().splitlines()
    assert summary.startswith("Scored 100 rows in ")
    assert "with fraud version 3, trained on real data. 0 rows have a fault" in summary
    assert path == str(output)
    assert pq.read_table(output).num_rows == 100
    house_with_a_model.here("flows.score", *flags).complains("is there already", "--overwrite")
    assert house_with_a_model.here("flows.score", *flags, "--overwrite").code == 0


def test_bad_arguments_and_an_unknown_case(house_with_a_model: House, tmp_path: Path) -> None:
    assert house_with_a_model.here("flows.score", "--case", "fraud").code == 2
    flags = ("--case", "dogs", "--input", str(tmp_path), "--output", str(tmp_path / "out"))
    house_with_a_model.here("flows.score", *flags).complains("No model of 'dogs' was published")
