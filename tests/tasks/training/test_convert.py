"""A separate process makes the same graph of a network as this one, and reports if it can't."""

import gc
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from casebook.errors import CasebookError
from tasks.training.convert import collected_often, fold_shapes, write_apart


def network() -> Any:

    first, second = keras.Input((None, 3), name="first"), keras.Input((2,), name="second")
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(4))(first)
    return keras.Model(
        [first, second],
        keras.layers.Dense(2)(keras.layers.Concatenate()([hidden, second])),
        name="two",
    )


def test_a_process_apart_makes_a_graph_that_answers_as_keras_does(tmp_path: Path) -> None:
    model, rng = network(), np.random.default_rng(0)
    write_apart(model, tmp_path / "network.onnx")
    assert not list(tmp_path.glob("*.keras"))
    x = {
        "first": rng.normal(size=(5, 7, 3)).astype("float32"),
        "second": rng.normal(size=(5, 2)).astype("float32"),
    }
    (outputs,) = onnxruntime.InferenceSession(tmp_path / "network.onnx").run(None, x)
    assert outputs == pytest.approx(np.asarray(model(list(x.values()))), abs=1e-5)


def test_a_process_that_fails_names_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(CasebookError, match="made no graph of two: no word of why"):
        write_apart(network(), tmp_path / "network.onnx")


def test_garbage_is_collected_as_usual_afterwards() -> None:
    usual = gc.get_threshold()
    with suppress(ValueError), collected_often():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() < usual
        raise ValueError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (usual, 0)


def test_a_matrix_is_not_kept_where_its_shape_alone_is_asked_for() -> None:
    matrix = numpy_helper.from_array(np.zeros((3, 5), "float32"), "matrix")
    nodes = [
        helper.make_node("Shape", ["matrix"], ["shape"], start=1),
        helper.make_node("Expand", ["x", "shape"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, 1, None) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "one", ends[:1], ends[1:], [matrix])
    fold_shapes(graph)
    assert [node.op_type for node in graph.node] == ["Expand"]
    assert [tensor.name for tensor in graph.initializer] == ["shape"]
    assert numpy_helper.to_array(graph.initializer[0]).tolist() == [5]


def test_a_matrix_that_a_loop_needs_is_kept() -> None:
    matrix = numpy_helper.from_array(np.zeros((3, 5), "float32"), "matrix")
    result = helper.make_tensor_value_info("inner", 1, None)
    body = helper.make_graph([helper.make_node("Abs", ["matrix"], ["inner"])], "body", [], [result])
    nodes = [
        helper.make_node("Shape", ["matrix"], ["shape"]),
        helper.make_node("If", ["condition"], ["y"], then_branch=body, else_branch=body),
    ]
    ends = [helper.make_tensor_value_info(name, 1, None) for name in ("y", "shape")]
    graph = helper.make_graph(nodes, "one", [], ends, [matrix])
    fold_shapes(graph)
    assert {tensor.name for tensor in graph.initializer} == {"matrix", "shape"}
