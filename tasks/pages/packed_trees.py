"""Packed trees: an ensemble of trees with what its order tells left out.

ONNX gives each node a number and names its children. Here the nodes of a tree stand in preorder,
so that it is enough to tell which of them are leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from casebook.array_types import Int64Array
from tasks.pages.packed_numbers import PackedNumbers

LEAF = b"LEAF"
KEPT = ("n_targets", "aggregate_function", "post_transform", "classlabels_int64s")


def pack_trees(attributes: Mapping[str, Any], numbers: PackedNumbers) -> dict[str, Any]:
    """Return the attributes of a node of trees.

    Returns
    -------
    `leaf` tells of each node whether it is one. The other lists are of the nodes that are none:
    `features`, `bounds`, `modes`, and where a missing value goes. Of each leaf `counts` says how
    many of `targets` are its own; their `weights` are places in `values`.
    """
    kind = "class" if "class_ids" in attributes else "target"
    order = preorder(attributes)
    leaf = np.array([attributes["nodes_modes"][row] == LEAF for row in order])
    inner = order[~leaf]
    missing = attributes.get("nodes_missing_value_tracks_true") or [0] * len(order)
    counts, entries = _entries(attributes, kind, order[leaf])
    weights = np.array(attributes[f"{kind}_weights"], "float32")[entries]
    values, places = np.unique(weights, return_inverse=True)
    modes = [attributes["nodes_modes"][row].decode() for row in inner]
    kept = {name: attributes[name] for name in KEPT if name in attributes}
    return {
        **{name: one.decode() if isinstance(one, bytes) else one for name, one in kept.items()},
        "base_values": [float(value) for value in attributes.get("base_values", [])],
        "leaf": numbers.add(leaf, "uint8"),
        "features": numbers.add(np.array(attributes["nodes_featureids"])[inner], "uint16"),
        "bounds": numbers.add(np.array(attributes["nodes_values"])[inner], "float32"),
        "modes": modes[:1] if len(set(modes)) <= 1 else modes,
        "missing": numbers.add(np.array(missing)[inner], "uint8"),
        "counts": numbers.add(counts, "uint16"),
        "targets": numbers.add(np.array(attributes[f"{kind}_ids"])[entries], "uint16"),
        "values": numbers.add(values, "float32"),
        "weights": numbers.add(places, "uint32"),
    }


def preorder(attributes: Mapping[str, Any]) -> Int64Array:
    """Return the rows of all nodes, each tree's root first, and left of right."""
    trees = attributes["nodes_treeids"]
    keys = zip(trees, attributes["nodes_nodeids"], strict=True)
    rows = {key: row for row, key in enumerate(keys)}
    left, right = attributes["nodes_truenodeids"], attributes["nodes_falsenodeids"]
    inner = [row for row, mode in enumerate(attributes["nodes_modes"]) if mode != LEAF]
    children = {row: (rows[trees[row], left[row]], rows[trees[row], right[row]]) for row in inner}
    below = {child for pair in children.values() for child in pair}
    waiting = [row for row in reversed(range(len(trees))) if row not in below]
    order = []
    while waiting:
        row = waiting.pop()
        order.append(row)
        waiting.extend(reversed(children.get(row, ())))
    return np.array(order, "int64")


def _entries(
    attributes: Mapping[str, Any], kind: str, leaves: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """Return how many weights each leaf has, and the rows of these weights, leaf by leaf."""
    nodes = zip(attributes["nodes_treeids"], attributes["nodes_nodeids"], strict=True)
    keys = {key: row for row, key in enumerate(nodes)}
    place = {int(row): k for k, row in enumerate(leaves)}
    of = zip(attributes[f"{kind}_treeids"], attributes[f"{kind}_nodeids"], strict=True)
    owners = np.array([place[keys[key]] for key in of], "int64")
    return np.bincount(owners, minlength=len(leaves)), np.argsort(owners, kind="stable")
