"""Rows in files are answered like requests, whatever the files are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv as csv
from pyarrow import parquet as pq

from casebook import paths
from serving.check import Fault, Refused
from serving.graph import Graph
from tasks.scoring.read import find
from tasks.scoring.score import Scored, score
from tests.tasks.scoring.published import payments, publish, refuses, service_answers


def test_a_table_is_answered_as_the_service_answers_each_row(
    home: Path, fraud: Callable[..., Scored]
) -> None:
    table = payments(300)
    pq.write_table(table, home / "in.parquet")
    scored = fraud("in.parquet", "out.parquet")
    output = pq.read_table(home / "out.parquet")
    assert output.select(table.column_names).equals(table)
    assert output.column_names == [*table.column_names, "probability", "label", "fault"]
    answers = [
        {"probability": row["probability"], "label": row["label"]} for row in output.to_pylist()
    ]
    assert answers == service_answers("fraud", table.to_pylist())
    assert output["fault"].null_count == 300
    assert (scored.tally.rows, scored.tally.faulty, scored.version, scored.trained_on) == (
        300,
        0,
        1,
        "real",
    )
    assert [path.name for path in home.glob(".*")] == []


def test_a_regression_too_and_rows_without_an_answer_say_so(home: Path) -> None:
    publish("mpg")
    pq.write_table(pa.table({"Weight": [3000.0, 1e30, None, 3333.0]}), home / "in.parquet")
    scored = score("mpg", home / "in.parquet", home / "out.parquet")
    output = pq.read_table(home / "out.parquet").to_pylist()
    assert [row["mpg"] for row in output] == [
        30.0,
        None,
        None,
        *(row["mpg"] for row in service_answers("mpg", [output[3]])),
    ]
    assert output[1]["fault"] == "the model has no finite answer for these values"
    assert output[2]["fault"] == "Weight: must not be empty (null)"
    assert scored.tally.faulty == 2


def test_series_with_lists_in_parquet_and_json_in_csv(home: Path) -> None:
    publish("power")
    rows = [
        {"window": [1, 2, 3], "date": "2010-11-26"},
        {"window": [1, None, 3], "date": "2010-11-26"},
        {"window": [40, 2, 3], "date": "2010-02-28"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), home / "in.parquet")
    scored = score("power", home / "in.parquet", home / "out.parquet")
    assert (scored.tally.faulty, scored.tally.warned) == (1, 1)
    output = pq.read_table(home / "out.parquet").to_pylist()
    sound = service_answers("power", [rows[0], rows[2]])
    assert [
        {name: row[name] for name in ("forecast", "low", "high")} for row in (output[0], output[2])
    ] == sound
    assert output[1]["forecast"] is None
    assert output[1]["fault"] == "window: number 2 must be a number, not null"
    (home / "in.csv").write_text(
        'window,date\n"[1, 2, 3]",2010-11-26\n"[1, null, 3]",2010-11-26\nx,2010-02-28\n'
    )
    score("power", home / "in.csv", home / "out.csv")
    again = csv.read_csv(home / "out.csv").to_pylist()
    assert again[0]["forecast"] == str(sound[0]["forecast"])
    assert [row["fault"] for row in again][1:] == [
        output[1]["fault"],
        "window: must be a list of 3 numbers, not a text",
    ]


def test_csv_keeps_every_cell_as_it_was_written(home: Path, fraud: Callable[..., Scored]) -> None:
    lines = [
        '007,1.50,3,,male,"a, ""b"""',
        "008,x,3,,male,",
        "009,,3.5,40,woman,c",
        "010, 2e3 ,3,nan,female,d",
        "011,1,3,inf,male,NA",
    ]
    (home / "in.csv").write_text("id,Amount,Hour,Age,Sex,note\n" + "\n".join(lines) + "\n")
    scored = fraud("in.csv", "out.csv")
    output = csv.read_csv(
        home / "out.csv", convert_options=csv.ConvertOptions(column_types={"id": pa.string()})
    )
    assert output["id"].to_pylist() == ["007", "008", "009", "010", "011"]
    assert output["note"].to_pylist() == ['a, "b"', "", "c", "d", "NA"]
    assert output["fault"].to_pylist() == [
        "",
        "Amount: must be a number, not a text",
        "Amount: must not be empty (null); Hour: must be a whole number; Sex: must be one of "
        "'male', 'female'",
        "",
        "Age: must be finite",
    ]
    assert "1.50" in (home / "out.csv").read_text()
    first = {"Amount": 1.5, "Hour": 3, "Age": None, "Sex": "male"}
    assert np.float32(output["probability"][0].as_py()) == np.float32(
        service_answers("fraud", [first])[0]["probability"]
    )
    assert (scored.tally.rows, scored.tally.faulty, scored.tally.warned) == (5, 3, 1)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("rows", [1, 200])
def test_rows_are_all_written_where_none_is_sound(
    home: Path, fraud: Callable[..., Scored], suffix: str, rows: int
) -> None:
    (home / "in.csv").write_text("Amount,Hour,Age,Sex\n" + '"1,234.50",3,,male\n' * rows)
    assert fraud("in.csv", f"out.{suffix}").tally.faulty == rows
    read = pq.read_table if suffix == "parquet" else csv.read_csv
    output = read(home / f"out.{suffix}")
    assert output["fault"].to_pylist() == ["Amount: must be a number, not a text"] * rows
    assert output["probability"].null_count == rows


def test_csv_becomes_parquet_with_the_models_columns_as_numbers(
    home: Path, fraud: Callable[..., Scored]
) -> None:
    (home / "in.csv").write_text("id,Amount,Hour,Age,Sex\n007,1.5,3,,male\n008,x,3,200,male\n")
    fraud("in.csv", "out.parquet")
    output = pq.read_table(home / "out.parquet")
    assert output["Amount"].to_pylist() == [1.5, None]
    assert output["id"].to_pylist() == ["007", "008"]
    assert output["label"].to_pylist() == ["fraud", None]


def test_a_folder_becomes_a_folder_and_columns_in_paths_count(
    home: Path, fraud: Callable[..., Scored]
) -> None:
    for sex in ("male", "female"):
        folder = home / "in" / "year=2026" / f"Sex={sex}"
        folder.mkdir(parents=True)
        pq.write_table(payments(100).drop_columns("Sex"), folder / "part.parquet")
    (home / "in" / "_SUCCESS.csv").write_text("no data")
    scored = fraud("in", "out")
    names = sorted(
        str(path.relative_to(home / "out")) for path in (home / "out").rglob("*") if path.is_file()
    )
    assert names == ["year=2026/Sex=female/part.parquet", "year=2026/Sex=male/part.parquet"]
    rows = [row | {"Sex": "female"} for row in payments(100).to_pylist()]
    output = pq.ParquetFile(home / "out" / names[0]).read()
    assert output["probability"].to_pylist() == [
        answer["probability"] for answer in service_answers("fraud", rows)
    ]
    assert "Sex" not in output.column_names
    assert scored.tally.rows == 200


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_no_rows_become_no_rows(home: Path, fraud: Callable[..., Scored], suffix: str) -> None:
    write = pq.write_table if suffix == "parquet" else csv.write_csv
    write(payments(0), home / f"in.{suffix}")
    assert fraud(f"in.{suffix}", f"out.{suffix}").tally.rows == 0
    read = pq.read_table if suffix == "parquet" else csv.read_csv
    assert (
        read(home / f"out.{suffix}").num_rows,
        len(read(home / f"out.{suffix}").column_names),
    ) == (0, 8)


def test_what_cannot_be_scored_is_said_before_anything_is_written(
    home: Path, fraud: Callable[..., Scored]
) -> None:
    given, table = home / "in.parquet", payments(3)

    def with_table(changed: pa.Table) -> Callable[[], object]:
        pq.write_table(changed, given)
        return lambda: fraud("in.parquet", "out.parquet")

    refuses(
        with_table(table.drop_columns(["Hour", "Age"])),
        "in.parquet lacks the columns Hour, Age",
        "Add or rename",
    )
    refuses(with_table(table.set_column(1, "Amount", [["a"] * 3])), "Amount is string, not float")
    refuses(with_table(table.set_column(1, "Amount", [[True] * 3])), "Amount is bool, not float")
    refuses(with_table(table.append_column("label", [[1] * 3])), "the column label", "--prefix")
    with_table(table.append_column("face", [[b"\xff"] * 3]))
    refuses(lambda: fraud("in.parquet", "out.csv"), "the column face: CSV can't hold bytes")
    pq.write_table(table, given)
    refuses(lambda: fraud("in.parquet", "in.parquet"), "must not lie in each other")
    refuses(lambda: fraud("in.parquet", "out.xlsx"), "ends with .parquet or .csv")
    refuses(lambda: fraud("no.parquet", "out.parquet"), "there is no such file")
    refuses(lambda: fraud("in.parquet", "out.parquet", version=7), "no version 7; published are: 1")
    refuses(lambda: score("dogs", given, home / "out.parquet"), "No model of 'dogs'")
    given.write_bytes(b"PAR1 but no more")
    refuses(lambda: fraud("in.parquet", "out.parquet"), "in.parquet can't be read")
    (home / "in.csv").write_text("id,Amount,Hour,Age,Sex\n1,2\n")
    refuses(
        lambda: fraud("in.csv", "out.csv"),
        "in.csv, line 2: the row has 2 fields, and the header names 5",
    )
    (home / "in.csv").write_text("")
    refuses(lambda: fraud("in.csv", "out.csv"), "in.csv can't be read as CSV: it is empty")
    (home / "folder").mkdir()
    refuses(lambda: fraud("folder", "out"), "holds no file")
    (home / "folder" / "a.csv").write_text("Amount\n1\n")
    refuses(lambda: fraud("folder", "folder/out"), "must not lie in each other")
    (paths.models("fraud") / "production").unlink()
    refuses(
        lambda: fraud("in.csv", "out.csv"), "No version of fraud serves", "flows.promote fraud 1"
    )
    assert not list(home.glob("out*")) and not list(home.glob(".*"))


def test_a_table_of_long_rows_is_read_in_small_blocks(home: Path) -> None:
    pq.write_table(
        pa.table({"text": ["x" * 100_000] * 10}), home / "in.parquet", use_dictionary=False
    )
    (source,) = find(home / "in.parquet")
    assert 200 < source.rows < 400


def test_a_row_that_the_graph_cannot_work_with_leaves_the_others_alone(
    home: Path, fraud: Callable[..., Scored], monkeypatch: pytest.MonkeyPatch
) -> None:

    real = Graph.run

    def run(graph: Graph, feeds: Any, *until: float) -> Any:
        if (feeds["Amount"] == 13.0).any():
            raise Refused(iter([Fault(None, None, "the model cannot work with these values: 13")]))
        return real(graph, feeds, *until)

    table = payments(100)
    table = table.set_column(1, "Amount", [[13.0 if row == 40 else 1.0 for row in range(100)]])
    pq.write_table(table, home / "in.parquet")
    monkeypatch.setattr(Graph, "run", run)
    assert fraud("in.parquet", "out.parquet").tally.faulty == 1
    output = pq.read_table(home / "out.parquet")
    assert output["probability"].is_null().to_numpy().nonzero()[0].tolist() == [40]
    assert output["fault"][40].as_py() == "the model cannot work with these values: 13"
