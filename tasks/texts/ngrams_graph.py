"""N-grams graph: a linear model on n-grams of letters, from the numbers of characters to a logit.

It computes what `tasks.texts.ngrams` does, and the model's sum over it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from casebook.array_types import AnyArray, Float16Array, Float32Array, Int32Array
from serving.graph import TOKENS
from tasks.tables.score_graph import SCORE
from tasks.texts.ngrams import FACTOR, NGrams
from tasks.training.onnx_format import IR_VERSION, in_our_format, opsets


class Nodes:
    """The nodes of a graph and its constants, as they are written one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str | AnyArray | np.generic, **attributes: Any) -> str:
        """Add a node of one output, and return the output's name; arrays become constants."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        names = [
            given if isinstance(given, str) else self._constant(f"{name}_{place}", given)
            for place, given in enumerate(inputs)
        ]
        self.nodes.append(helper.make_node(kind, names, [name], **attributes))
        return name

    def _constant(self, name: str, value: AnyArray | np.generic) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def ngrams_graph(
    table: Int32Array,
    grams: NGrams,
    weights: Float32Array,
    rarity: Float16Array,
    bias: float,
) -> onnx.ModelProto:
    """Return a graph from `tokens`, shape (texts, characters), to `score`, shape (texts, 1).

    The score is the sum of the weights of the different n-grams that a text has, over the square
    root of the sum of their squared rarities, and `bias`.

    Parameters
    ----------
    table
        The letters of each character: see `tasks.texts.letters.letter_table`.
    grams
        Which n-grams are looked at.
    weights, rarity
        One for each column of `tasks.texts.ngrams.presence`.
    """
    nodes = Nodes()
    codes = _codes(nodes, _letters(nodes, table), grams)
    ordered, new = _distinct(nodes, codes)
    nothing = np.float32(0)
    weighed = nodes.add("Where", new, nodes.add("Gather", weights, ordered), nothing)
    rare = nodes.add("Cast", nodes.add("Gather", rarity, ordered), to=onnx.TensorProto.FLOAT)
    counted = nodes.add("Where", new, rare, nothing)
    axis = np.array([1])
    total = nodes.add("ReduceSum", weighed, axis, keepdims=1)
    squares = nodes.add("ReduceSumSquare", counted, axis, keepdims=1)
    length = nodes.add(
        "Sqrt", nodes.add("Where", nodes.add("Greater", squares, nothing), squares, np.float32(1))
    )
    nodes.nodes.append(helper.make_node("Add", [nodes.add("Div", total, length), "bias"], [SCORE]))
    nodes.constants.append(numpy_helper.from_array(np.array(bias, np.float32), "bias"))
    graph = helper.make_graph(
        nodes.nodes,
        "ngrams",
        [helper.make_tensor_value_info(TOKENS, onnx.TensorProto.INT32, [None, None])],
        [helper.make_tensor_value_info(SCORE, onnx.TensorProto.FLOAT, [None, 1])],
        nodes.constants,
    )
    return in_our_format(helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION))


def _letters(nodes: Nodes, table: Int32Array) -> str:
    """Return the letters of each text with zeros after them: those of a character come together.

    Each letter is put where the number of letters up to it says; place 0 takes what is none.
    """
    letters = nodes.add("Gather", table, TOKENS)
    flat = nodes.add("Reshape", letters, np.array([0, -1]))
    there = nodes.add("Cast", nodes.add("Greater", flat, np.int32(0)), to=onnx.TensorProto.INT32)
    place = nodes.add("Mul", nodes.add("CumSum", there, np.int64(1)), there)
    size = nodes.add("Add", nodes.add("Shape", flat), np.array([0, 1]))
    nothing = nodes.add("Expand", np.array([[0]], np.int32), size)
    placed = nodes.add("ScatterElements", nothing, place, flat, axis=1)
    return _from(nodes, placed, 1)


def _codes(nodes: Nodes, letters: str, grams: NGrams) -> str:
    """Return the columns of all n-grams of each text, 0 where fewer letters are left."""
    buckets, one = np.int32(grams.buckets), np.int32(1)
    code = following = letters
    columns = []
    for size in range(1, grams.longest + 1):
        if size > 1:
            following = nodes.add("Pad", _from(nodes, following, 1), np.array([0, 0, 0, 1]))
            code = nodes.add("Add", nodes.add("Mul", code, np.int32(FACTOR)), following)
        if size >= grams.shortest:
            # of a negative number, ONNX Runtime's remainder may be negative
            remainder = nodes.add("Add", nodes.add("Mod", code, buckets), buckets)
            column = nodes.add("Add", nodes.add("Mod", remainder, buckets), one)
            whole = nodes.add("Greater", following, np.int32(0))
            columns.append(nodes.add("Where", whole, column, np.int32(0)))
    return nodes.add("Concat", *columns, axis=1)


def _distinct(nodes: Nodes, codes: str) -> tuple[str, str]:
    """Return the numbers of each row in order, and where one is met that is not 0 and is new."""
    width = nodes.add("Slice", nodes.add("Shape", codes), np.array([1]), np.array([2]))
    nodes.nodes.append(
        helper.make_node("TopK", [codes, width], ["ordered", "order"], axis=1, largest=0)
    )
    before = nodes.add("Pad", "ordered", np.array([0, 1, 0, -1]))
    new = nodes.add("Not", nodes.add("Equal", "ordered", before))
    return "ordered", new


def _from(nodes: Nodes, values: str, start: int) -> str:
    """Return the columns from a place on."""
    end = np.array([np.iinfo(np.int64).max])
    return nodes.add("Slice", values, np.array([start]), end, np.array([1]))
