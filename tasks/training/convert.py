"""Convert: a Keras model to an ONNX graph.

TensorFlow does it, whatever backend the model was trained on.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from casebook import paths
from casebook.errors import CasebookError
from tasks.training.onnx_format import IR_VERSION

OPSET = 18  # the newest that Keras' converter knows


def convert(model: keras.Model, out: Path) -> onnx.ModelProto:
    """Return a model as an ONNX graph, which calls its inputs and its output as it likes.

    What Keras converts with on JAX fails on LSTMs and on large poolings.
    """
    partial = out / "network.onnx"
    (write if keras.backend.backend() == "tensorflow" else write_apart)(model, partial)
    graph = onnx.load(partial)
    partial.unlink()
    graph.ir_version = IR_VERSION
    fold_shapes(graph.graph)
    return graph


def fold_shapes(graph: onnx.GraphProto) -> None:
    """Put the shape of a constant in place of the constant, where only the shape is asked for.

    The converter keeps a second, transposed copy of a matrix for that.
    """
    dims = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    measured = [node for node in graph.node if node.op_type == "Shape" and node.input[0] in dims]
    for node in measured:
        ends = {entry.name: entry.i for entry in node.attribute}
        shape = dims[node.input[0]][ends.get("start", 0) : ends.get("end")]
        graph.initializer.append(numpy_helper.from_array(np.array(shape, "int64"), node.output[0]))
        graph.node.remove(node)
    gone = {node.input[0] for node in measured} - _used(graph)
    kept = [tensor for tensor in graph.initializer if tensor.name not in gone]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _used(graph: onnx.GraphProto) -> set[str]:
    """Return the names of what a graph's nodes take, also inside loops, and of its outputs."""
    inner = [entry.g for node in graph.node for entry in node.attribute if entry.HasField("g")]
    taken = {name for node in graph.node for name in node.input}
    return taken.union((output.name for output in graph.output), *map(_used, inner))


def write(model: keras.Model, path: Path) -> None:
    """Write the graph of a model by the back end that is in use."""
    blank = [
        np.zeros([size or 1 for size in (1, *tensor.shape[1:])], tensor.dtype)
        for tensor in model.inputs
    ]
    model(blank if len(blank) > 1 else blank[0])  # an export wants a model that was called
    with warnings.catch_warnings(), collected_often():
        # its converter asks for np.object
        warnings.filterwarnings("ignore", category=FutureWarning, module="keras")
        model.export(path, format="onnx", verbose=False, opset_version=OPSET)


@contextmanager
def collected_often() -> Iterator[None]:
    """Collect garbage in short intervals, and leave out what was there before.

    The converter copies the whole graph for each of its optimizations, and what it leaves behind
    are cycles, which are few objects of many megabytes: at the usual intervals, which go by the
    number of objects, they grow to gigabytes.
    """
    usual = gc.get_threshold()
    gc.freeze()
    # so that the share of new objects, by which it is decided, is one of the graph's alone
    gc.collect()
    gc.set_threshold(200, 2, 2)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def write_apart(model: keras.Model, path: Path) -> None:
    """Write the graph of a model in a process of its own, which has TensorFlow and needs no GPU.

    Raises
    ------
    CasebookError
        That process failed.
    """
    saved = path.with_name("to_convert.keras")
    model.save(saved)
    command = [sys.executable, "-m", "tasks.training.convert", str(saved), str(path)]
    settings = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        command, env=settings, cwd=paths.project(), capture_output=True, text=True
    )
    saved.unlink()
    if done.returncode:
        message = (done.stderr.strip() or "no word of why").splitlines()[-1]
        raise CasebookError(
            f"TensorFlow, which converts every network, made no graph of {model.name}: {message}"
        )


if __name__ == "__main__":
    write(keras.saving.load_model(sys.argv[1], compile=False, safe_mode=True), Path(sys.argv[2]))
