"""ONNX format: the versions of our graphs, and how far they may be from what they were made of."""

from __future__ import annotations

import onnx
from onnx import helper

OPSET = 20  # the first that matches patterns
ML_OPSET = 3
OPSETS = {"": OPSET, "ai.onnx.ml": ML_OPSET}
IR_VERSION = 10
TOLERANCE = 1e-4  # of 1, or of the target's deviation


def opsets() -> list[onnx.OperatorSetIdProto]:
    """Return the operators that a graph may use."""
    return [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]


def in_our_format(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph with the versions of format and operators that ours have, checked."""
    graph.ir_version = IR_VERSION
    del graph.opset_import[:]
    graph.opset_import.extend(opsets())
    onnx.checker.check_model(graph)
    return graph
