"""Features: what an estimator is given of each step ahead, computed by the graph that serves."""

from __future__ import annotations

from pathlib import Path

import keras

from casebook.array_types import NamedArrays
from casebook.device import DeviceChoice, prepare
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.series.forecaster import described, raw_inputs
from tasks.series.graph import converted_series, run

GRAPH = "features.onnx"
FEATURES = "features"
KEPT = ("y", "period")  # what is needed beside the features


@stage
def describe_windows(out: Path, parts: Ref, device: DeviceChoice) -> Facts:
    """Compute the features of each step ahead that a `forecaster` gets too.

    The graph that serves computes them here as well: trees decide by a hair, so that a sum in
    another order could lead to another leaf.

    Parameters
    ----------
    parts
        What `tasks.series.windowing` makes of the series.
    device
        Where networks are trained in this process.

    Writes `features.onnx` (raw numbers in) and, for each part, the features `x` of shape (rows,
    steps, features) beside what followed each window, and the period.
    """
    prepare(device, seed=0)
    rows = {name: read_arrays(parts, name) for name in ("train", "validation", "test")}
    graph = converted_series(describing(rows["train"]), out, FEATURES)
    (out / GRAPH).write_bytes(graph.SerializeToString())
    for name, arrays in rows.items():
        kept = {key: arrays[key] for key in KEPT if key in arrays}
        write_arrays(out, name, x=run(graph, arrays, FEATURES), **kept)
    return {name: len(arrays["y"]) for name, arrays in rows.items()}


def describing(rows: NamedArrays) -> keras.Model:
    """Return the model from raw numbers to the features of each step ahead.

    Its output has the shape (rows, steps, features).
    """
    inputs = raw_inputs(rows)
    features = described(inputs, rows["y"].shape[1])
    return keras.Model(list(inputs.values()), features, name="describing")
