"""Versions of a shop's model, put among the published ones by hand."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from casebook import files, paths
from casebook.store import Ref
from tasks.problem.definition import Problem
from tasks.publication.held_out import held_out
from tasks.publication.promotion_gate import gate
from tasks.tables.inputs import Rows

PROBLEM = Problem(problem_type="binary", target="sold", primary_metric="auprc", metrics=("auprc",))
FIGURE = {"value": 0.9, "low": 0.8, "high": 1.0}
DUMMY = {"value": 0.2, "low": 0.2, "high": 0.2}
JUDGED = {
    "champion": "ours",
    "candidates": {"ours": {"auprc": FIGURE}},
    "peers": {"dummy": {"auprc": DUMMY}},
    "profile": "standard",
    "differences": {"dummy": {"value": 0.7, "low": 0.6, "high": 0.8}},
}
REAL, SAMPLE = {"data": {"source": "real"}, **JUDGED}, {"data": {"source": "sample"}, **JUDGED}


def graph(weight: float, noise: float = 0.0) -> bytes:
    """Return sigmoid(weight · price + noise · other) as a model."""
    ends = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1])
        for name in ("price", "other")
    }
    nodes = [
        helper.make_node("Mul", ["price", "w"], ["a"]),
        helper.make_node("Mul", ["other", "n"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["probability"]),
    ]
    constants = [
        helper.make_tensor(k, TensorProto.FLOAT, [1, 1], [v])
        for k, v in (("w", weight), ("n", noise))
    ]
    output = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])]
    graph_proto = helper.make_graph(nodes, "model", list(ends.values()), output, constants)
    return helper.make_model(
        graph_proto, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    ).SerializeToString()


def note(version: int, trained_on: str = "real") -> None:
    """Write a version's manifest."""
    hashes = {
        path.name: {"sha256": files.sha256(path)}
        for path in folder(version).iterdir()
        if path.name != "manifest.json"
    }
    manifest = {"trained_on": trained_on, "bundle": f"bundle{version}", "files": hashes}
    files.write_json(folder(version) / "manifest.json", manifest)


def release(version: int, model: bytes = graph(1.0), trained_on: str = "real") -> int:
    """Put a version among the published ones by hand."""
    folder = paths.models("shop") / str(version)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model)
    files.write_json(
        folder / "signature.json", {"inputs": [{"name": "x"}], "output": {"threshold": 0.5}}
    )
    np.savez(folder / "rows.npz", fitted=np.array([], "uint64"))
    note(version, trained_on)
    return version


def folder(version: int) -> Path:
    return paths.models("shop") / str(version)


def judge(
    version: int, parts: Ref, metrics: dict[str, Any] = REAL, problem: Problem = PROBLEM
) -> tuple[bool, str]:
    """Ask the gate about a version; say whether it serves, and why."""
    rows = held_out(folder(version), [parts], parts, problem, Rows())
    decision = gate("shop", version, rows, metrics, problem, Rows())
    return decision.serves, decision.why
