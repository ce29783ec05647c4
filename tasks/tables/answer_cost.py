"""Answer cost: how large each candidate is as it would be served, and how long it takes to answer.

All candidates are measured in turn within the same seconds, so that what else the machine does
slows all of them alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from tasks.evaluation.choice import COSTS, Cost
from tasks.problem.definition import Problem
from tasks.tables.answer_graph import answer_graph
from tasks.tables.export import feeds_of, joined
from tasks.tables.features import read_raw
from tasks.tables.served_features import feeds

ROWS = 1000
SINGLE = 20  # rows that are sent one by one in each round
ROUNDS = 10
UNCALIBRATED = {"slope": 1.0, "shift": 0.0}  # any numbers take the same time


@stage
def measure_costs(
    out: Path, parts: Ref, features: Ref, trained: Mapping[str, Ref], problem: Problem
) -> Facts:
    """Measure every candidate's graph from raw columns to the answer, which is what would serve.

    Parameters
    ----------
    parts, features
        References of the first fold's stages.
    trained
        Every candidate, as the first fold trained it.
    problem
        What is predicted.

    Writes `costs.json`: for each candidate the median of the milliseconds for one row of the test
    part and for a thousand of them on one thread, and the megabytes of its graph.
    """
    encoding = onnx.load(features.path("features.onnx"))
    test = read_raw(parts, "test")
    columns = [name for name in test.columns if name in feeds_of(encoding)]
    graphs = {}
    for name, ref in trained.items():
        with tempfile.TemporaryDirectory() as folder:
            answer = answer_graph(Path(folder), ref, problem, UNCALIBRATED)
        graph = joined(encoding, answer.graph, problem, columns)
        graphs[name] = graph.SerializeToString()
    rows = test[columns].iloc[np.resize(np.arange(len(test)), ROWS)]
    costs = measured(graphs, rows)
    files.write_json(out / COSTS, {name: cost.model_dump() for name, cost in costs.items()})
    return {"candidates": len(costs)}


def measured(graphs: Mapping[str, bytes], rows: pd.DataFrame) -> dict[str, Cost]:
    """Return the cost of each graph; the first round, in which each warms up, doesn't count."""
    sessions = {name: one_thread(graph) for name, graph in graphs.items()}
    single = [feeds(rows.iloc[[number]]) for number in range(SINGLE)]
    many = feeds(rows)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in graphs}
    for _ in range(1 + ROUNDS):
        for name, session in sessions.items():
            one = median(milliseconds(session, single))
            times[name].append((one, median(milliseconds(session, [many]))))
    return {
        name: Cost(
            one_row_ms=median(one for one, _ in times[name][1:]),
            thousand_rows_ms=median(thousand for _, thousand in times[name][1:]),
            size_mb=len(graph) / 1e6,
        )
        for name, graph in graphs.items()
    }


def one_thread(graph: bytes) -> onnxruntime.InferenceSession:
    """Return a session that answers on one thread, as the service does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def milliseconds(
    session: onnxruntime.InferenceSession, requests: Sequence[Mapping[str, Any]]
) -> list[float]:
    """Return how long the answer to each request takes."""
    times = []
    for request in requests:
        started = perf_counter()
        session.run(None, request)
        times.append((perf_counter() - started) * 1e3)
    return times
