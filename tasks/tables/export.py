"""Export: one ONNX graph from the raw columns to calibrated probabilities or a value.

What a service needs is written as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pandas as pd
from keras import ops
from onnx import compose, helper

from casebook import files
from casebook.catalog import DataSet, data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.evaluation.evaluate import results
from tasks.problem.definition import Problem
from tasks.problem.targets import truth
from tasks.tables.encoder_graph import prefix_for
from tasks.tables.features import feeds, read_raw
from tasks.training.convert import convert
from tasks.training.onnx_format import IR_VERSION, TOLERANCE, opsets

SAMPLE_ROWS = 10
FEW = 20  # values that a text must be one of; with more it is free
TOP = 5  # most probable classes that an answer names
# rows at once: a network that compares with every training row holds a number for each pair
BLOCK = 4096


@stage
def export(
    out: Path,
    parts: Ref,
    features: Ref,
    trained: Mapping[str, Ref],
    evaluation: Ref,
    raw: Ref,
    problem: Problem,
) -> Facts:
    """Export the champion with network, calibration and encoding in one graph.

    Its signature and sample rows with answers are exported with it.

    Parameters
    ----------
    parts, features, trained, evaluation, raw
        References of the first fold's stages; `trained` has every candidate, of which the champion
        is taken.
    problem
        What is predicted.

    Writes `model.onnx` (raw columns in), `model.keras` (encoded features in), `signature.json`,
    `sample_request.json` and `sample_response.json`.

    Raises
    ------
    CasebookError
        On the test part the graph's answers differ from Keras' to the same features by more than
        1e-4: of 1, or of the target's deviation.
    """
    result = results(evaluation)
    champion = str(result["champion"])
    calibration = result["calibration"][champion]
    network = keras.saving.load_model(
        trained[champion].path("network.keras"), compile=False, safe_mode=True
    )
    model = with_head(network, problem, calibration["slope"], calibration["shift"])
    model.save(out / "model.keras")
    encoding = onnx.load(features.path("features.onnx"))
    test = read_raw(parts, "test")
    columns = [name for name in test.columns if name in feeds_of(encoding)]
    graph = joined(encoding, model, problem, columns, out)
    answered = answers(graph, test[columns])
    expected = in_keras(model, answers(encoding, test[columns]))
    _agree(answered, expected, truth(read_raw(parts, "train"), problem), problem)
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    entry = data_set(str(raw.facts["dataset"]))
    described = signature(read_table(parts, "train")[columns], entry, calibration, problem, raw)
    files.write_json(out / "signature.json", described)
    _samples(out, read_table(parts, "test")[columns], answered, calibration["threshold"], problem)
    return {
        "dataset": raw.facts["dataset"],
        "champion": champion,
        "parameters": int(network.count_params()),
        "inputs": len(columns),
    }


def with_head(network: keras.Model, problem: Problem, slope: float, shift: float) -> keras.Model:
    """Return the network with its members pooled and its logits calibrated.

    It gives one answer per row, or one for each class.
    """
    inputs = keras.Input(network.input_shape[1:], dtype=network.inputs[0].dtype, name="features")
    answers = network(inputs)
    if problem.problem_type == "regression":  # its members are pooled already
        return keras.Model(inputs, answers, name="pooled")
    if problem.problem_type == "multiclass":
        scaled = keras.layers.Rescaling(slope, name="calibration")(answers)
        return keras.Model(
            inputs, keras.layers.Softmax(name="probabilities")(scaled), name="calibrated"
        )
    if network.output_shape[-1] > 1:  # see tasks.training.train.pooled
        one = ops.logsumexp(ops.log_sigmoid(answers), axis=1, keepdims=True)
        answers = one - ops.logsumexp(ops.log_sigmoid(-answers), axis=1, keepdims=True)
    calibration = keras.layers.Dense(1, activation="sigmoid", name="calibration")
    model = keras.Model(inputs, calibration(answers), name="calibrated")
    calibration.set_weights([np.array([[slope]], "float32"), np.array([shift], "float32")])
    return model


def converted(model: keras.Model, out: Path, name: str, output: str) -> onnx.ModelProto:
    """Return a Keras model as an ONNX graph with named input and output."""
    graph = convert(model, out)
    for old, new in ((graph.graph.input[0].name, name), (graph.graph.output[0].name, output)):
        rename(graph, old, new)
    onnx.checker.check_model(graph)
    return graph


def rename(graph: onnx.ModelProto, old: str, new: str) -> None:
    """Give a value of a graph another name, wherever it stands."""
    for entry in (*graph.graph.input, *graph.graph.output):
        if entry.name == old:
            entry.name = new
    for node in graph.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]


def joined(
    encoding: onnx.ModelProto,
    model: keras.Model,
    problem: Problem,
    columns: list[str],
    out: Path,
) -> onnx.ModelProto:
    """Return the encoding's graph and the network's as one, with a single output.

    The output is called as the problem says, unless a column is called so.
    """
    inside = prefix_for("network/", columns)
    network = compose.add_prefix(converted(model, out, "features", "answer"), inside)
    # the two converters declare different ones, though no node differs
    for part in (network, encoding):
        part.ir_version = IR_VERSION
        del part.opset_import[:]
        part.opset_import.extend(opsets())
    whole = compose.merge_models(
        encoding, network, io_map=[(encoding.graph.output[0].name, network.graph.input[0].name)]
    )
    last, output = (
        whole.graph.output[0],
        problem.output if problem.output not in columns else f"{inside}{problem.output}",
    )
    whole.graph.node.append(helper.make_node("Identity", [last.name], [output]))
    shape = [None, len(problem.labels) if problem.problem_type == "multiclass" else 1]
    last.CopyFrom(helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, shape))
    onnx.checker.check_model(whole)
    return whole


def feeds_of(graph: onnx.ModelProto) -> set[str]:
    """Return the names of a graph's inputs."""
    return {entry.name for entry in graph.graph.input}


def answers(graph: onnx.ModelProto, raw: pd.DataFrame) -> Any:
    """Return the graph's output for each raw row, shape (rows,) or (rows, numbers).

    Rows are processed in blocks.
    """
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    blocks = [raw.iloc[i : i + BLOCK] for i in range(0, len(raw), BLOCK)]
    return _column(np.concatenate([session.run(None, feeds(block))[0] for block in blocks]))


def in_keras(model: keras.Model, encoded: Any) -> Any:
    """Return the Keras output for each encoded row, shape (rows,) or (rows, classes).

    Rows are processed in blocks.
    """
    x = encoded.reshape(len(encoded), -1)
    return _column(
        np.concatenate([np.asarray(model(x[i : i + BLOCK])) for i in range(0, len(x), BLOCK)])
    )


def _column(numbers: Any) -> Any:
    """Return numbers of which there is one per row as an array of the rows alone."""
    return numbers[:, 0] if numbers.shape[1] == 1 else numbers


def _agree(answered: Any, expected: Any, train: Any, problem: Problem) -> None:
    """Compare the graph's answers with Keras' on the scale of what is predicted."""
    scale = 1.0 if problem.classes else max(float(train.std()), float(np.abs(train).max()) * 1e-3)
    gap = float(np.max(np.abs(answered - expected))) / scale
    if not gap <= TOLERANCE:
        of_what = "" if problem.classes else f" of the deviation of {problem.target}"
        raise CasebookError(
            "On the test part the network as an ONNX graph differs from Keras by "
            f"{gap:.2g}{of_what}, over {TOLERANCE:g}. Some layer of it is converted otherwise, or "
            "its weights are so large that 32 bits don't hold its sums: use other layers, a "
            "smaller learning rate or more weight decay."
        )


def signature(
    train: pd.DataFrame,
    entry: DataSet,
    calibration: Mapping[str, float],
    problem: Problem,
    raw: Ref,
) -> dict[str, Any]:
    """Describe the inputs and the output for people and for the service.

    Inputs have type, unit, and range or values seen in training.
    """
    output: dict[str, Any] = {"name": problem.output, "unit": problem.unit}
    if problem.problem_type == "binary":
        output |= {
            "description": f"probability of {problem.labels[1]}",
            "labels": list(problem.labels),
        }
        output |= {"threshold": calibration["threshold"]}
    elif problem.problem_type == "multiclass":
        output |= {"description": "probability of each class", "labels": list(problem.labels)}
    else:
        output |= {"description": entry.columns[problem.target].description}
    return {
        "kind": problem.problem_type,
        "case": raw.case,
        "trained_on": raw.facts["kind"],
        "inputs": [_input(train[name], entry) for name in train.columns],
        "output": output,
    }


def _input(values: pd.Series, entry: DataSet) -> dict[str, Any]:
    """Describe one raw column.

    Text with few distinct values must be one of them; a column with missing values may be left out.
    The catalog may say that it can have missing values: where they are few, the training split may
    happen to have none.
    """
    column = entry.columns[str(values.name)]
    about: dict[str, Any] = {"name": values.name, "dtype": column.type, "unit": column.unit}
    about |= {
        "description": column.description,
        "optional": column.optional or bool(values.isna().any()),
    }
    if column.type != "string":
        return {**about, "minimum": float(values.min()), "maximum": float(values.max())}
    seen = sorted(values.dropna().unique())
    return {**about, "allowed": seen} if len(seen) <= FEW else about


def _samples(out: Path, raw: pd.DataFrame, answered: Any, limit: float, problem: Problem) -> None:
    """Write rows of the test part, some of each answer, with what is answered."""
    order = np.argsort(
        -(answered if answered.ndim == 1 else answered.argmax(axis=1)), kind="stable"
    )
    rows = [*order[: SAMPLE_ROWS // 2], *order[-(SAMPLE_ROWS - SAMPLE_ROWS // 2) :]]
    predictions = [to_response(answered[row], limit, problem) for row in rows]
    files.write_json(
        out / "sample_request.json",
        {"instances": json.loads(raw.iloc[rows].to_json(orient="records"))},
    )
    files.write_json(out / "sample_response.json", {"predictions": predictions})


def to_response(answer: Any, limit: float, problem: Problem) -> dict[str, Any]:
    """Return an answer as the service gives it."""
    if problem.problem_type == "multiclass":
        return ranked(answer, problem)
    value = float(answer)
    return {problem.output: value} | (
        {"label": problem.labels[int(value >= limit)]} if problem.problem_type == "binary" else {}
    )


def ranked(probabilities: Any, problem: Problem) -> dict[str, Any]:
    """Return the most probable class, and the first few with their probability."""
    order = (-probabilities).argsort(kind="stable")[:TOP]
    top = [{"label": problem.labels[i], "probability": float(probabilities[i])} for i in order]
    return {**top[0], "top": top}
