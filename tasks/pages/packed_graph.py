"""Packed graph: an ONNX graph as a short text that a page's script can read.

The text is compressed JSON and the bytes of all numbers behind it, in letters that may stand in a
page.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Set
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from casebook.array_types import AnyArray
from casebook.language import Message, msg
from tasks.pages.packed_numbers import PackedNumbers
from tasks.pages.packed_trees import pack_trees

TYPES = {
    "bool": "uint8",
    "float32": "float32",
    "float64": "float64",
    "int32": "int32",
    "int64": "float64",  # JavaScript's number
}
INFINITE = float("inf")
FEW = 1000  # numbers that are not worth rounding
OPENING = str.maketrans("<", ",")  # so that no tag begins in the text


class Unsupported(Exception):
    """The page can't compute this graph.

    Parameters
    ----------
    reason
        Why, for the page's reader.
    """

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


def pack(model: onnx.ModelProto, operators: Set[str], bits: int | None = None) -> str:
    """Return a graph as text.

    Parameters
    ----------
    operators
        The operators that the page's script computes.
    bits
        To how many bits matrices are rounded: each number to a multiple of a share of its column's
        largest. None keeps all numbers as they are.

    Raises
    ------
    Unsupported
        The graph has another operator, or a type of numbers that the page doesn't know.
    """
    numbers = PackedNumbers()
    content = _content(model.graph, operators, numbers, bits)
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    size = len(text).to_bytes(4, "little")
    compressed = gzip.compress(size + text + numbers.content, compresslevel=9, mtime=0)
    return base64.b85encode(compressed).decode().translate(OPENING)


def _content(
    graph: onnx.GraphProto, operators: Set[str], numbers: PackedNumbers, bits: int | None
) -> dict[str, Any]:
    """Return `inputs` and `constants` by name, `nodes` in their order, and the `output`'s name.

    A node is its operator, inputs, outputs and attributes.
    """
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        if node.op_type == "Constant" and "value" in attributes:
            arrays[node.output[0]] = numpy_helper.to_array(attributes["value"])
            continue
        if node.op_type not in operators:
            reason = msg("This page can't compute the operator {operator}.", operator=node.op_type)
            raise Unsupported(reason)
        if "nodes_values" in attributes:
            packed = pack_trees(attributes, numbers)
        else:
            packed = {name: _plain(value, numbers) for name, value in attributes.items()}
        nodes.append([node.op_type, [*node.input], [*node.output], packed])
    return {
        "inputs": {entry.name: _type_of(entry) for entry in graph.input},
        "constants": {name: _constant(array, numbers, bits) for name, array in arrays.items()},
        "nodes": nodes,
        "output": graph.output[0].name,
    }


def _type_of(entry: onnx.ValueInfoProto) -> str:
    return "string" if entry.type.tensor_type.elem_type == onnx.TensorProto.STRING else "float32"


def _constant(array: AnyArray, numbers: PackedNumbers, bits: int | None) -> dict[str, Any]:
    """Return an array's type, dims and values."""
    if array.dtype.kind in "OSU":
        texts = [text.decode() if isinstance(text, bytes) else text for text in array.flat]
        return {"type": "string", "dims": array.shape, "texts": texts}
    name = array.dtype.name
    if name not in TYPES:
        raise Unsupported(msg("This page can't compute numbers of the type {type}.", type=name))
    about = {"type": name, "dims": array.shape}
    if bits and name == "float32" and array.size > FEW and array.ndim > 1:
        whole, step = rounded(array, bits)
        return {**about, "whole": numbers.add(whole, "int16"), "step": numbers.add(step, "float32")}
    return {**about, "numbers": numbers.add(array, TYPES[name])}


def rounded(array: AnyArray, bits: int) -> tuple[AnyArray, AnyArray]:
    """Return whole numbers of so many bits, and the step of each column, of which they are counts.

    Examples
    --------
    >>> whole, step = rounded(np.array([[0.5, 0.0], [-1.0, 0.0]], "float32"), 8)
    >>> whole.tolist(), (whole * step).round(2).tolist()
    ([[64, 0], [-127, 0]], [[0.5, 0.0], [-1.0, 0.0]])
    """
    largest = np.abs(array).reshape(-1, array.shape[-1]).max(axis=0)
    step = (np.where(largest > 0, largest, 1) / (2 ** (bits - 1) - 1)).astype("float32")
    return np.round(array / step).astype("int16"), step


def _plain(value: Any, numbers: PackedNumbers) -> Any:
    """Return an attribute as JSON knows it; what is no number is None.

    Raises
    ------
    Unsupported
        JSON doesn't know it.
    """
    listed = isinstance(value, list)
    if listed and value and isinstance(value[0], float):
        return numbers.add(np.array(value), "float32")
    values = value if listed else [value]
    plain = [one.decode() if isinstance(one, bytes) else one for one in values]
    for one in plain:
        if not isinstance(one, int | float | str) or one in (INFINITE, -INFINITE):
            kind = type(one).__name__
            raise Unsupported(msg("This page can't compute numbers of the type {type}.", type=kind))
    plain = [None if one != one else one for one in plain]
    return plain if listed else plain[0]
