"""Offline model: a published table model in a form that the report's page computes by itself.

The page has a small interpreter of ONNX operators, `templates/offline_model/`, so a reader can ask
the model without a server.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import onnx
from pydantic import JsonValue

from casebook.language import Message, msg
from casebook.store import Ref
from tasks.pages.packed_graph import Unsupported, pack
from tasks.pages.render import TEMPLATES

LARGEST = 1_000_000  # characters that a model may add to a report
PACKABLE = 20 * LARGEST  # bytes; packing made graphs at most 9 times smaller
BITS = 14  # of the weights where they are too many to be told exactly


@dataclass(frozen=True)
class OfflineModel:
    """What the page needs to ask the model.

    Attributes
    ----------
    graph
        The graph as `pack` writes it.
    signature
        Describes the inputs and the output: `signature.json`.
    examples
        Rows of the test part, each with the model's answer and the truth.
    """

    graph: str
    signature: dict[str, Any]
    examples: list[dict[str, JsonValue]]


def offline_model(bundle: Ref) -> OfflineModel | Message:
    """Return a bundle's model for the page, or why the page can't have it.

    Where its weights would take too much room, they are rounded: the page itself compares its
    answers to the examples with the service's, and is silent where they differ.
    """
    path = bundle.path("model.onnx")
    if path.stat().st_size > PACKABLE:
        return too_large(path.stat().st_size)
    model = onnx.load(path)
    try:
        graph = pack(model, operators())
        if len(graph) > LARGEST:
            graph = pack(model, operators(), bits=BITS)
    except Unsupported as fault:
        return fault.reason
    if len(graph) > LARGEST:
        return too_large(len(graph))
    rows = _json(bundle, "sample_request.json")["instances"]
    answers = _json(bundle, "sample_response.json")["predictions"]
    truths = _json(bundle, "sample_truth.json")["truth"]
    examples = [
        {"row": row, "answer": answer, "truth": true}
        for row, answer, true in zip(rows, answers, truths, strict=True)
    ]
    return OfflineModel(graph, _json(bundle, "signature.json"), examples)


def too_large(size: int) -> Message:
    """Say that a model of so many bytes doesn't fit."""
    return msg(
        "With {size} MB the model is too large for this page, which takes {largest} MB.",
        size=f"{size / 1e6:.1f}",
        largest=f"{LARGEST / 1e6:.0f}",
    )


def _json(bundle: Ref, name: str) -> Any:
    return json.loads(bundle.path(name).read_text(encoding="utf-8"))


@cache
def operators() -> frozenset[str]:
    """Return the names of the ONNX operators that the page's script computes.

    Examples
    --------
    >>> "MatMul" in operators()
    True
    """
    script = (TEMPLATES / "offline_model" / "operators.js").read_text(encoding="utf-8")
    _, listed = script.split("const OPERATORS = {")
    return frozenset(re.findall(r"^  (\w+): ", listed, re.MULTILINE))
