"""Export: one ONNX graph from the raw columns to calibrated probabilities or a value.

What a service needs is written as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from onnx import compose, helper

from casebook import files
from casebook.catalog import DataSet, data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.evaluation.evaluate import results
from tasks.problem.definition import Problem
from tasks.problem.signature import heading
from tasks.problem.targets import truth
from tasks.tables.answer_graph import answer_graph
from tasks.tables.encoder_graph import prefix_for
from tasks.tables.features import read_raw
from tasks.tables.network_graph import BLOCK, column_of
from tasks.tables.served_features import feeds
from tasks.training.onnx_format import TOLERANCE, in_our_format

SAMPLE_ROWS = 10
FEW = 20  # values that a text must be one of; with more it is free
MANY = 200  # values that are proposed where it is free
REPEATED = 5  # rows for each of them, so that they are a column's categories and nobody's own
TOP = 5  # most probable classes that an answer names


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
    """Export the champion with model, calibration and encoding in one graph.

    Its signature and sample rows with answers are exported with it.

    Parameters
    ----------
    parts, features, trained, evaluation, raw
        References of the first fold's stages; `trained` has every candidate, of which the champion
        is taken.
    problem
        What is predicted.

    Writes `model.onnx` (raw columns in), of a network also `model.keras` (encoded features in),
    `signature.json`, `sample_request.json`, `sample_response.json` and `sample_truth.json`.

    Raises
    ------
    CasebookError
        On the test part the graph's answers differ from those of the model's own library to the
        same features by more than 1e-4: of 1, or of the target's deviation.
    """
    result = results(evaluation)
    champion = str(result["champion"])
    calibration = result["calibration"][champion]
    encoding = onnx.load(features.path("features.onnx"))
    test = read_raw(parts, "test")
    columns = [name for name in test.columns if name in feeds_of(encoding)]
    exported = answer_graph(out, trained[champion], problem, calibration)
    graph = joined(encoding, exported.graph, problem, columns)
    answered = answers(graph, test[columns])
    expected = exported.expected(answers(encoding, test[columns]))
    _agree(answered, expected, truth(read_raw(parts, "train"), problem), problem)
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    entry = data_set(str(raw.facts["dataset"]))
    described = signature(read_table(parts, "train")[columns], entry, calibration, problem, raw)
    files.write_json(out / "signature.json", described)
    _samples(out, read_table(parts, "test"), columns, answered, calibration["threshold"], problem)
    return {
        "dataset": raw.facts["dataset"],
        "champion": champion,
        "parameters": exported.parameters,
        "inputs": len(columns),
    }


def joined(
    encoding: onnx.ModelProto,
    model: onnx.ModelProto,
    problem: Problem,
    columns: list[str],
) -> onnx.ModelProto:
    """Return the encoding's graph and the model's as one, with a single output.

    The output is called as the problem says, unless a column is called so.
    """
    inside = prefix_for("network/", columns)
    network = compose.add_prefix(in_our_format(model), inside)
    whole = compose.merge_models(
        in_our_format(encoding),
        network,
        io_map=[(encoding.graph.output[0].name, network.graph.input[0].name)],
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
    return column_of(np.concatenate([session.run(None, feeds(block))[0] for block in blocks]))


def _agree(answered: Any, expected: Any, train: Any, problem: Problem) -> None:
    """Compare the graph's answers with the model's own on the scale of what is predicted."""
    scale = 1.0 if problem.classes else max(float(train.std()), float(np.abs(train).max()) * 1e-3)
    gap = float(np.max(np.abs(answered - expected))) / scale
    if not gap <= TOLERANCE:
        of_what = "" if problem.classes else f" of the deviation of {problem.target}"
        raise CasebookError(
            "On the test part the model as an ONNX graph differs from its own library by "
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
        **heading(raw, problem),
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
    if len(seen) <= FEW:
        return {**about, "allowed": seen}
    repeated = len(values) >= REPEATED * len(seen)  # names of people are not
    return {**about, "seen": seen} if repeated and len(seen) <= MANY else about


def _samples(
    out: Path,
    test: pd.DataFrame,
    columns: list[str],
    answered: Any,
    limit: float,
    problem: Problem,
) -> None:
    """Write rows of the test part, some of each answer, with what is answered and what is true."""
    rows = _examples(answered, limit, problem)
    instances = json.loads(test[columns].iloc[rows].to_json(orient="records"))
    predictions = [to_response(answered[row], limit, problem) for row in rows]
    true = truth(test.iloc[rows], problem)
    labels = problem.labels
    named = [labels[int(value)] if problem.classes else float(value) for value in true]
    files.write_json(out / "sample_request.json", {"instances": instances})
    files.write_json(out / "sample_response.json", {"predictions": predictions})
    files.write_json(out / "sample_truth.json", {"truth": named})


def _examples(answered: Any, limit: float, problem: Problem) -> list[int]:
    """Return rows with the greatest and the least answers, of two classes also borderline ones."""
    ranked_by = answered if answered.ndim == 1 else answered.argmax(axis=1)
    order = np.argsort(-ranked_by, kind="stable")
    half = SAMPLE_ROWS // 2
    rows = [*order[:half], *order[half:][-half:]]
    if problem.problem_type == "binary":
        rows[1:3] = np.argsort(np.abs(answered - limit), kind="stable")[:2]
    return [int(row) for row in dict.fromkeys(rows)]


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
