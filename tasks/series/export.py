"""Export series: one ONNX graph from raw numbers (and a date) to the answer.

What a service needs is written beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
from keras import ops
from numpy import typing as npt
from pydantic import BaseModel, ConfigDict

from casebook import files
from casebook.array_types import Float32Array, NamedArrays
from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import results
from tasks.problem.definition import Problem
from tasks.series.train import inputs_of
from tasks.tables.network_graph import rename
from tasks.training.convert import convert
from tasks.training.onnx_format import TOLERANCE

SAMPLES = 5
LEVEL = 0.8  # the share of truths that a forecast's band is to hold
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
    """Export the champion as `model.onnx` and `model.keras`.

    Also writes its signature, and sample windows with answers.

    A forecast gets its band inside the graph: for each step ahead, the quantiles of the champion's
    errors on validation, which it predicted without having been fitted to it. Nothing below zero is
    reported for a target that is never negative.

    Raises
    ------
    CasebookError
        The graph's answers differ from Keras' by more than 1e-4 of the value on some test window.
    """
    champion = str(results(evaluation)["champion"])
    rows = {name: read_arrays(parts, name) for name in ("train", "validation", "test")}
    model = model_to_publish(trained[champion], rows, problem)
    model.save(out / "model.keras")
    graph = converted_series(model, out, problem.output)
    test_rows = {name: rounded(values) for name, values in rows["test"].items()}
    expected = np.asarray(model(inputs_of(model, test_rows), training=False), "float32")
    gap = agree(run(graph, test_rows, problem.output), expected)
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    taken = [tensor.name for tensor in model.inputs]
    files.write_json(out / "signature.json", signature(rows, taken, problem, raw, window))
    write_samples(out, test_rows, taken, expected, problem)
    return {
        "dataset": raw.facts["dataset"],
        "champion": champion,
        "parameters": trained[champion].facts["parameters"],
        "inputs": len(taken),
        "gap": gap,
    }


def model_to_publish(
    trained: Ref, rows: Mapping[str, NamedArrays], problem: Problem
) -> keras.Model:
    """Return a trained network, of a forecast with its band."""
    network = keras.saving.load_model(trained.path("network.keras"), compile=False, safe_mode=True)
    if problem.problem_type != "forecast":
        return network
    low, high = band(rows["validation"]["y"], read_arrays(trained, "scores")["validation"])
    return with_band(network, low, high, floor=float(np.nanmin(rows["train"]["y"])) >= 0)


def agree(answered: Float32Array, expected: Float32Array) -> float:
    """Return the largest relative difference between the graph's answers and Keras'.

    Raises
    ------
    CasebookError
        It is larger than `TOLERANCE`.
    """
    gap = float((np.abs(answered - expected) / np.maximum(1.0, np.abs(expected))).max())
    if not gap <= TOLERANCE:
        raise CasebookError(
            f"The exported graph differs from Keras by {gap:.2g} on test windows, over "
            f"{TOLERANCE:g}."
        )
    return gap


def write_samples(
    out: Path,
    rows: NamedArrays,
    taken: Sequence[str],
    expected: Float32Array,
    problem: Problem,
) -> None:
    """Write a request of some test windows, and the response to it."""
    chosen = np.linspace(0, len(expected) - 1, SAMPLES).astype(int)
    instances = [instance(rows, taken, i) for i in chosen]
    predictions = [to_response(expected[i], problem) for i in chosen]
    files.write_json(out / "sample_request.json", {"instances": instances})
    files.write_json(out / "sample_response.json", {"predictions": predictions})


def band(y: Float32Array, given: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return the offsets from a forecast to its low and its high, for each step ahead.

    They are computed from truths and predictions.
    """
    low, high = np.nanquantile(y - given, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low.astype("float32"), high.astype("float32")


def with_band(
    network: keras.Model, low: Float32Array, high: Float32Array, *, floor: bool
) -> keras.Model:
    """Return the network with forecast, low and high as its output, shape (rows, 3, steps)."""
    offsets = np.stack([np.zeros_like(low), low, high])[None]
    inputs = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in network.inputs]
    ends = ops.expand_dims(network(inputs if len(inputs) > 1 else inputs[0]), 1) + offsets
    return keras.Model(inputs, ops.maximum(ends, 0.0) if floor else ends, name=network.name)


def converted_series(model: keras.Model, out: Path, output: str) -> onnx.ModelProto:
    """Return a Keras model of series as an ONNX graph with named inputs and output.

    A date may be another input.
    """
    names = [tensor.name for tensor in model.inputs]
    graph = convert(model, out)
    for place, name in enumerate(names):
        rename(graph, graph.graph.input[place].name, name)
    rename(graph, graph.graph.output[0].name, output)
    onnx.checker.check_model(graph)
    return graph


def run(graph: onnx.ModelProto, rows: NamedArrays, output: str) -> Float32Array:
    """Return the graph's whole answer to each row."""
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feeds = {entry.name: rows[entry.name].astype("float32") for entry in session.get_inputs()}
    given: Float32Array = session.run([output], feeds)[0]
    return given


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
        "kind": problem.problem_type,
        "case": raw.case,
        "trained_on": raw.facts["kind"],
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
