"""Rows in files are answered like requests, whatever the files are.

A scoring that is killed and goes on ends with the same output as an undisturbed one.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from filelock import FileLock
from pyarrow import csv as csv
from pyarrow import parquet as pq

from casebook import paths
from casebook.errors import CasebookError
from serving.bundle import load
from serving.check import Fault, Refused
from serving.graph import Graph
from tasks.scoring import plan as score_plan
from tasks.scoring import score as scoring
from tasks.scoring.job import Job
from tasks.scoring.read import find
from tasks.scoring.score import Scored, score
from tests.serving.graphs import fraud_graph, mpg_graph, probability
from tests.serving.signatures import FRAUD, MPG
from tests.serving.test_series import FORECAST
from tests.serving.test_series import graph as series_graph
from tests.serving.versions import point, write

Row = dict[str, Any]
ASKED: Row = {"Amount": 1.5, "Hour": 3, "Age": None, "Sex": "male"}


def publish(case: str, version: int = 1, bias: float = -1.0) -> None:
    paid = probability(ASKED, bias)
    answers: dict[str, tuple[bytes, Row, Row, Row]] = {
        "fraud": (
            fraud_graph(bias),
            FRAUD,
            ASKED,
            {"probability": paid, "label": ["normal", "fraud"][paid >= 0.31]},
        ),
        "mpg": (mpg_graph(0.01), MPG, {"Weight": 3000.0}, {"mpg": 30.0}),
        "power": (
            series_graph("forecast"),
            FORECAST,
            {"window": [1.0, 2.0, 3.0], "date": "1972-09-27"},
            {"forecast": [6.0, 1.0], "low": [5.0, 0.0], "high": [7.0, 2.0]},
        ),
    }
    graph, signature, instance, answer = answers[case]
    write(case, version, graph, signature | {"trained_on": "real"}, [instance], [answer])
    point(case, str(version))


def payments(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    age = rng.uniform(1, 90, rows)
    return pa.table(
        {
            "id": [f"{number:05}" for number in range(rows)],
            "Amount": rng.uniform(0, 100, rows),
            "Hour": rng.integers(0, 24, rows),
            "Age": pa.array(age, mask=age > 60),
            "Sex": rng.choice(["male", "female"], rows),
        }
    )


def service_answers(case: str, rows: list[Row]) -> list[Row]:
    """What the service answers, each row asked alone."""
    predictor = load(paths.models(case) / "1")
    names = [field.name for field in predictor.signature.inputs]
    return [predictor.predict([{name: row[name] for name in names}])[0] for row in rows]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks of 64 rows."""
    monkeypatch.setattr(score_plan, "MANY", 64)


@pytest.fixture
def fraud(home: Path, small: None) -> Callable[..., Scored]:
    """Return a function that scores with a published fraud model."""
    publish("fraud")
    return lambda given, output, **more: score("fraud", home / given, home / output, **more)


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


def refuses(work: Callable[[], object], *words: str) -> None:
    with pytest.raises(CasebookError) as refused:
        work()
    for word in words:
        assert word in str(refused.value)


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


def test_an_output_is_replaced_only_if_asked_for(home: Path, fraud: Callable[..., Scored]) -> None:
    pq.write_table(payments(10), home / "in.parquet")
    fraud("in.parquet", "out.parquet")
    refuses(lambda: fraud("in.parquet", "out.parquet"), "is there already", "--overwrite")
    fraud("in.parquet", "out.parquet", prefix="model_", overwrite=True)
    assert pq.read_schema(home / "out.parquet").names[-3:] == [
        "model_probability",
        "model_label",
        "model_fault",
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from tasks.scoring import score
from tasks.scoring import plan as score_plan
score_plan.MANY, score.THREADS = 64, 1
ask = score.answer
def answer(*given, **more):
    if len(list(Path(sys.argv[2]).parent.glob(".*.scoring/*.arrow"))) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return ask(*given, **more)
score.answer = answer
score.score("fraud", Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_killed_scoring_goes_on_and_ends_with_the_same_bytes(
    home: Path, fraud: Callable[..., Scored]
) -> None:
    pq.write_table(payments(500), home / "in.parquet")
    fraud("in.parquet", "whole.parquet")
    given, output = str(home / "in.parquet"), str(home / "out.parquet")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, given, output], cwd=paths.project(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (home / "out.parquet").exists()
    assert len(list(home.glob(".out.parquet.scoring/*.arrow"))) == 3
    scored = fraud("in.parquet", "out.parquet")
    assert scored.tally.kept == 3 * 64
    assert (home / "out.parquet").read_bytes() == (home / "whole.parquet").read_bytes()
    assert not list(home.glob(".*"))


class Killed(BaseException):
    """Ends a scoring as a kill does: nothing is put in order afterwards."""


def stopped(
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    work: Callable[[], object],
    after: int,
) -> None:
    """Do the work until a function is called one more time than `after`."""
    real, calls = getattr(owner, name), []

    def dying(*given: Any, **more: Any) -> Any:
        calls.append(name)
        if len(calls) > after:
            raise Killed
        return real(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dying)
        with pytest.raises(Killed):
            work()


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (scoring, "answer", 3),
        (os, "replace", 9),
        (Job, "file", 1),
        (Job, "place", 0),
        (shutil, "rmtree", 0),
    ],
)
def test_wherever_it_stops_a_folder_ends_the_same(
    home: Path,
    fraud: Callable[..., Scored],
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    after: int,
) -> None:
    (home / "in").mkdir()
    for seed in range(3):
        pq.write_table(payments(150, seed), home / "in" / f"{seed}.parquet")
    fraud("in", "whole")
    stopped(monkeypatch, owner, name, lambda: fraud("in", "out"), after)
    assert fraud("in", "out").tally.rows == 450
    for seed in range(3):
        assert (home / "out" / f"{seed}.parquet").read_bytes() == (
            home / "whole" / f"{seed}.parquet"
        ).read_bytes()
    assert not list(home.glob(".*"))


@pytest.mark.parametrize("changed", ["input", "model", "prefix"])
def test_what_was_answered_for_something_else_is_not_used(
    home: Path, fraud: Callable[..., Scored], monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    pq.write_table(payments(300), home / "in.parquet")
    stopped(monkeypatch, Job, "place", lambda: fraud("in.parquet", "out.parquet"), 0)
    if changed == "input":
        pq.write_table(payments(300, seed=1), home / "in.parquet")
    if changed == "model":
        publish("fraud", 2, bias=1.0)
    more = {"prefix": "their_"} if changed == "prefix" else {}
    assert fraud("in.parquet", "out.parquet", **more).tally.kept == 0
    fraud("in.parquet", "fresh.parquet", **more)
    assert (home / "out.parquet").read_bytes() == (home / "fresh.parquet").read_bytes()


def test_two_do_not_score_into_one_output(home: Path, fraud: Callable[..., Scored]) -> None:
    pq.write_table(payments(10), home / "in.parquet")
    (home / ".out.parquet.scoring").mkdir()
    with FileLock(home / ".out.parquet.scoring" / "lock"):
        refuses(lambda: fraud("in.parquet", "out.parquet"), "another process is scoring into it")
    assert fraud("in.parquet", "out.parquet").tally.rows == 10


def test_a_table_of_long_rows_is_read_in_small_blocks(home: Path) -> None:
    pq.write_table(
        pa.table({"text": ["x" * 100_000] * 10}), home / "in.parquet", use_dictionary=False
    )
    (source,) = find(home / "in.parquet")
    assert 200 < source.rows < 400


def test_an_input_that_changes_meanwhile_is_noticed(
    home: Path, fraud: Callable[..., Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(payments(10), home / "in.parquet")
    real = Job.file

    def file(*given: Any) -> Any:
        tally = real(*given)
        os.utime(home / "in.parquet", ns=(1, 1))
        return tally

    monkeypatch.setattr(Job, "file", file)
    refuses(lambda: fraud("in.parquet", "out.parquet"), "changed while it was scored")
    assert not (home / "out.parquet").exists()


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
