"""Graph: a candidate of any kind, and its band, as one ONNX graph from raw numbers."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from casebook.array_types import Float32Array, Float64Array, NamedArrays
from casebook.store import Ref
from tasks.tables.blend import NETWORK, weights_of
from tasks.tables.estimators import GRAPH
from tasks.tables.network_graph import load_network, rename
from tasks.tables.score_graph import SCORE, weighted
from tasks.training.convert import convert
from tasks.training.onnx_format import in_our_format


def answer_graph(out: Path, trained: Ref) -> onnx.ModelProto:
    """Return a trained candidate's graph from raw numbers to `score`; `out` is a folder to work in.

    The answer has the shape (rows, steps).
    """
    weights = weights_of(trained)
    if weights is None:
        return _part(out, trained.path(""))
    used = {name: weight for name, weight in weights.items() if weight}
    graphs = {name: _part(out, trained.path(name)) for name in used}
    inputs = {entry.name: entry for graph in graphs.values() for entry in graph.graph.input}
    whole = weighted(graphs, used)
    taken = {entry.name for entry in whole.graph.input}
    whole.graph.input.extend(entry for name, entry in inputs.items() if name not in taken)
    return whole


def _part(out: Path, folder: Path) -> onnx.ModelProto:
    """Return the graph of one model, alone or of a blend."""
    if (folder / GRAPH).is_file():
        return onnx.load(folder / GRAPH)
    return in_our_format(converted_series(load_network(folder / NETWORK), out, SCORE))


def with_band(
    graph: onnx.ModelProto, low: Float64Array, high: Float64Array, lowest: float
) -> onnx.ModelProto:
    """Return a graph whose `score` is forecast, low and high, shape (rows, 3, steps).

    None of them is below `lowest`.
    """
    offsets = np.stack([np.zeros_like(low), low, high])[None].astype("float32")
    constants = {
        "offsets": offsets,
        "middle": np.array([1]),
        "lowest": np.array(lowest, "float32"),
    }
    graph.graph.initializer.extend(
        numpy_helper.from_array(values, f"band/{name}") for name, values in constants.items()
    )
    rename(graph, SCORE, "band/forecast")
    graph.graph.node.extend(
        [
            helper.make_node("Unsqueeze", ["band/forecast", "band/middle"], ["band/rows"]),
            helper.make_node("Add", ["band/rows", "band/offsets"], ["band/ends"]),
            helper.make_node("Max", ["band/ends", "band/lowest"], [SCORE]),
        ]
    )
    shape = [None, *offsets.shape[1:]]
    info = helper.make_tensor_value_info(SCORE, onnx.TensorProto.FLOAT, shape)
    graph.graph.output[0].CopyFrom(info)
    return in_our_format(graph)


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
