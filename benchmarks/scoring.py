"""Scoring: ten million payments by the command, against pandas and ONNX Runtime at once.

A hundred million payments are scored in parts.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyarrow import parquet

from benchmarks.figures import Figure, Options, ratio
from benchmarks.processes import environment, python
from benchmarks.servers import prefect_server
from benchmarks.serving import published
from benchmarks.timing import Cost, watched
from samples.fraud import make_payments

MILLION = 1_000_000
MILLIONS = 10
PARTS = 10


def measure_scoring(options: Options) -> Iterator[Figure]:
    """Score a generated file with the lab's network in both ways, in turn.

    Each measurement is a whole command, its start included. A Prefect server is running, as where
    files are scored every night.
    """
    ours, plain = [], []
    rows = 20_000 if options.quick else MILLIONS * MILLION
    with TemporaryDirectory() as folder, prefect_server(Path(folder, "prefect")) as server:
        version, given = published(Path(folder)), Path(folder) / "payments.parquet"
        make(given, rows)
        for _ in range(options.repeats):
            ours.append(by_command(version, given, server))
            plain.append(plainly(version, given))
    for name, costs in {"casebook": ours, "pandas, all at once": plain}.items():
        yield Figure(
            "scoring",
            f"{name}: {rows:,} rows",
            "row/s",
            tuple(rows / cost.seconds for cost in costs),
        )
        yield Figure(
            "scoring", f"{name}: peak memory", "MB", tuple(cost.largest_mb for cost in costs)
        )
    yield ratio(
        "scoring", "time: casebook / pandas", [c.seconds for c in ours], [c.seconds for c in plain]
    )
    yield ratio(
        "scoring",
        "memory: pandas / casebook",
        [c.largest_mb for c in plain],
        [c.largest_mb for c in ours],
    )


def measure_parts(options: Options) -> Iterator[Figure]:
    """Score a folder of a single file and one of ten such files by the command.

    The memory should stay the same.
    """
    rows = 20_000 if options.quick else MILLIONS * MILLION
    costs: dict[int, list[Cost]] = {1: [], PARTS: []}
    with TemporaryDirectory() as folder, prefect_server(Path(folder, "prefect")) as server:
        version, first = published(Path(folder)), Path(folder, "1", "part-0.parquet")
        for parts in costs:
            (first.parents[1] / str(parts)).mkdir()
        make(first, rows)
        for part in range(PARTS):
            os.link(first, first.parents[1] / str(PARTS) / f"part-{part}.parquet")
        for _ in range(options.repeats):
            for parts, measured in costs.items():
                measured.append(by_command(version, first.parents[1] / str(parts), server))
    many = f"{PARTS * rows:,} rows in {PARTS} files"
    yield Figure(
        "parts", many, "row/s", tuple(PARTS * rows / cost.seconds for cost in costs[PARTS])
    )
    yield Figure(
        "parts", f"{many}: peak memory", "MB", tuple(cost.largest_mb for cost in costs[PARTS])
    )
    yield ratio(
        "parts",
        "memory: ten files / one",
        *([cost.largest_mb for cost in costs[n]] for n in (PARTS, 1)),
    )


def make(path: Path, rows: int) -> None:
    """Write payments with the sample's columns.

    A million generated payments are repeated, and each million is a row group.
    """
    table = pa.Table.from_pandas(
        make_payments(min(rows, MILLION), 0).drop(columns="Class"), preserve_index=False
    )
    with parquet.ParquetWriter(path, table.schema) as writer:
        for _ in range(0, rows, MILLION):
            writer.write_table(table)


def by_command(version: Path, given: Path, server: str) -> Cost:
    """Score the file, or the folder of files, by the command."""
    output = given.with_name(f"scored-{given.name}")
    flags = ("--case", "fraud", "--input", str(given), "--output", str(output), "--overwrite")
    variables = environment(CASEBOOK_ARTIFACTS=str(version.parents[2]), PREFECT_API_URL=server)
    return watched(python("-m", "flows.score", *flags), variables)


def plainly(version: Path, given: Path) -> Cost:
    """Score the file as a notebook would."""
    script, output = Path(__file__).with_name("bare_scoring.py"), given.with_name("plain.parquet")
    return watched(
        [sys.executable, str(script), str(version / "model.onnx"), str(given), str(output)],
        environment(),
    )
