"""Export series: one ONNX graph from raw numbers (and a date) to the answer.

What a service needs is written beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy import typing as npt
from pydantic import BaseModel, ConfigDict

from casebook import files
from casebook.array_types import AnyArray, Float32Array, NamedArrays
from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import results
from tasks.problem.definition import Problem
from tasks.problem.signature import heading
from tasks.series.band import LEVEL, floor, offsets
from tasks.series.graph import answer_graph, run, with_band
from tasks.tables.blend import NETWORK
from tasks.tables.network_graph import rename
from tasks.tables.score_graph import SCORE
from tasks.training.onnx_format import TOLERANCE

SAMPLES = 5
EPOCH = date(1970, 1, 1)
DATE = "date"  # the input that is no series
BANDS = ("forecast", "low", "high")


class Window(BaseModel):
    """What a service is told of the numbers a model is asked with.

    Attributes
    ----------
    unit
        Of the numbers.
    step
        What a forecast's steps are called: a day, a month.
    descriptions
        Of each series by its name.
    """

    model_config = ConfigDict(frozen=True)
    unit: str | None = None
    step: str = ""
    descriptions: dict[str, str] = {}


@stage
def export_series(
    out: Path,
    parts: Ref,
    trained: Mapping[str, Ref],
    evaluation: Ref,
    raw: Ref,
    problem: Problem,
    window: Window,
) -> Facts:
    """Export the champion as one graph from raw numbers to its answer, `model.onnx`.

    Also writes its signature, sample windows with answers and, of a network, `model.keras`.

    A forecast gets its band inside the graph; see `tasks.series.band`. Nothing below zero is
    reported for a target that is never negative.

    Raises
    ------
    CasebookError
        The graph's answers differ from those of the model's own library by more than 1e-4 of the
        value on some test window.
    """
    champion = str(results(evaluation)["champion"])
    rows = {name: read_arrays(parts, name) for name in ("train", "validation", "test")}
    graph = served_graph(out, parts, trained[champion], problem)
    expected = read_arrays(trained[champion], "scores")["test"]
    gap = agree(answers(graph, rows["test"], problem), expected)
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    if trained[champion].path(NETWORK).is_file():
        shutil.copy2(trained[champion].path(NETWORK), out / "model.keras")
    taken = [entry.name for entry in graph.graph.input]
    files.write_json(out / "signature.json", signature(rows, taken, problem, raw, window))
    write_samples(out, graph, rows["test"], problem)
    return {
        "dataset": raw.facts["dataset"],
        "champion": champion,
        "parameters": trained[champion].facts.get("parameters", 0),
        "inputs": len(taken),
        "gap": gap,
    }


def served_graph(out: Path, parts: Ref, trained: Ref, problem: Problem) -> onnx.ModelProto:
    """Return a trained candidate's graph, of a forecast with its band, as it is served."""
    graph = answer_graph(out, trained)
    if problem.problem_type == "forecast":
        graph = with_band(graph, *offsets(parts, trained), floor(parts))
    rename(graph, SCORE, problem.output)
    onnx.checker.check_model(graph)
    return graph


def agree(answered: Float32Array, expected: AnyArray) -> float:
    """Return the largest relative difference between the graph's answers and its library's.

    Raises
    ------
    CasebookError
        It is larger than `TOLERANCE`.
    """
    gap = float((np.abs(answered - expected) / np.maximum(1.0, np.abs(expected))).max())
    if not gap <= TOLERANCE:
        raise CasebookError(
            f"The exported graph differs from the model's own library by {gap:.2g} on test "
            f"windows, over {TOLERANCE:g}."
        )
    return gap


def write_samples(out: Path, graph: onnx.ModelProto, test: NamedArrays, problem: Problem) -> None:
    """Write a request of some test windows, and the graph's response to it."""
    chosen = np.linspace(0, len(test["y"]) - 1, SAMPLES).astype(int)
    taken = [entry.name for entry in graph.graph.input]
    rows = {name: rounded(test[name][chosen]) for name in taken}
    instances = [instance(rows, taken, place) for place in range(SAMPLES)]
    predictions = [to_response(answer, problem) for answer in run(graph, rows, problem.output)]
    files.write_json(out / "sample_request.json", {"instances": instances})
    files.write_json(out / "sample_response.json", {"predictions": predictions})


def answers(graph: onnx.ModelProto, rows: NamedArrays, problem: Problem) -> Float32Array:
    """Return the graph's answer to each row in the form from which metrics are computed.

    Its shape is (rows,), or (rows, steps) for a forecast.
    """
    return run(graph, rows, problem.output)[:, 0]


def rounded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return numbers as a person would type them.

    What is stored as text is then what the model was given.
    """
    return np.round(values, 3)


def signature(
    rows: Mapping[str, NamedArrays],
    taken: Sequence[str],
    problem: Problem,
    raw: Ref,
    window: Window,
) -> dict[str, Any]:
    """Describe the series that the model takes, its date if it wants one, and its answer."""
    fit_rows = {
        name: np.concatenate([rows[part][name] for part in ("train", "validation")])
        for name in taken
    }
    output: dict[str, Any] = {"name": problem.output, "unit": problem.unit}
    output |= {
        "description": data_set(str(raw.facts["dataset"])).columns[problem.target].description
    }
    if problem.problem_type == "forecast":
        output |= {"horizon": rows["train"]["y"].shape[1], "step": window.step, "level": LEVEL}
    return {
        **heading(raw, problem),
        "inputs": [_input(name, values, window) for name, values in fit_rows.items()],
        "output": output,
    }


def _input(name: str, values: Float32Array, window: Window) -> dict[str, Any]:
    """Describe one input by what training and validation, both learnt in the end, have of it."""
    if name == DATE:
        last = "the day of the window's last number, such as 2010-11-26"
        return {"name": name, "dtype": "date", "unit": None, "description": last, "optional": False}
    series = {
        "name": name,
        "dtype": "series",
        "length": values.shape[1],
        "unit": window.unit,
        "optional": False,
    }
    ends = {"minimum": float(values.min()), "maximum": float(values.max())}
    return series | {"description": window.descriptions.get(name, "")} | ends


def instance(rows: NamedArrays, taken: Sequence[str], place: int) -> dict[str, Any]:
    """Return one row as a request holds it."""
    fields: dict[str, Any] = {
        name: [round(float(value), 3) for value in rows[name][place]] for name in taken
    }
    if DATE in fields:
        fields[DATE] = (EPOCH + timedelta(days=int(rows[DATE][place, 0]))).isoformat()
    return fields


def to_response(answer: Float32Array, problem: Problem) -> dict[str, Any]:
    """Return one answer as the service gives it."""
    if problem.problem_type == "forecast":
        return {
            name: [float(value) for value in values]
            for name, values in zip(BANDS, answer, strict=True)
        }
    return {problem.output: float(answer[0])}
