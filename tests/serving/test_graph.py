"""A graph computes without the bytes that it was made of."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from serving.graph import Graph
from serving.signature import parse


def test_a_graph_does_not_hold_its_files_bytes(publish: Callable[..., Path]) -> None:
    folder = publish("fraud", 1, 0.5)
    signature = parse(json.loads((folder / "signature.json").read_text()))
    content = (folder / "model.onnx").read_bytes()
    held = sys.getrefcount(content)
    graph = Graph(content, signature)
    assert sys.getrefcount(content) == held
    del graph
