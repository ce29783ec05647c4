"""Network graph: a Keras network with its members pooled and calibrated, as an ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from keras import ops

from tasks.problem.definition import Problem
from tasks.training.convert import convert

# rows at once: a network that compares with every training row holds a number for each pair
BLOCK = 4096


def load_network(path: Path) -> keras.Model:
    """Return a kept network."""
    return keras.saving.load_model(path, compile=False, safe_mode=True)


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


def pooled_network(network: keras.Model, problem: Problem) -> keras.Model:
    """Return the network with its members pooled: one logit or value a row, or one a class."""
    inputs = keras.Input(network.input_shape[1:], dtype=network.inputs[0].dtype, name="features")
    answers = network(inputs)
    if problem.problem_type == "binary" and network.output_shape[-1] > 1:
        # see tasks.training.train.pooled
        one = ops.logsumexp(ops.log_sigmoid(answers), axis=1, keepdims=True)
        answers = one - ops.logsumexp(ops.log_sigmoid(-answers), axis=1, keepdims=True)
    return keras.Model(inputs, answers, name="pooled")


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


def in_keras(model: keras.Model, encoded: Any) -> Any:
    """Return the Keras output for each encoded row, shape (rows,) or (rows, classes).

    Rows are processed in blocks.
    """
    x = encoded.reshape(len(encoded), -1)
    return column_of(
        np.concatenate([np.asarray(model(x[i : i + BLOCK])) for i in range(0, len(x), BLOCK)])
    )


def column_of(numbers: Any) -> Any:
    """Return numbers of which there is one per row as an array of the rows alone."""
    return numbers[:, 0] if numbers.shape[1] == 1 else numbers
