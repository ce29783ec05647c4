"""Served features: what a published graph makes of raw columns, in place of what was fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from sklearn import compose

from casebook.array_types import BoolArray
from casebook.errors import CasebookError
from casebook.tables import write_arrays
from tasks.tables.encoder_graph import distance, feature_names, numeric, steps_of
from tasks.tables.fitting import learns_target
from tasks.training.onnx_format import TOLERANCE


def feeds(raw: pd.DataFrame) -> dict[str, Any]:
    """Return a frame of raw columns as ONNX inputs.

    Each column is one (n, 1) array, float32 or text.
    """
    kinds = {name: "float32" if numeric(raw[name]) else object for name in raw.columns}
    return {name: raw[[name]].to_numpy(kind) for name, kind in kinds.items()}


def learnt_from_target(fitted: compose.ColumnTransformer) -> BoolArray:
    """Return of each encoded feature whether the target had a part in it."""
    learnt = np.zeros(len(feature_names(fitted)), bool)
    for step in steps_of(fitted):
        learnt[step.features] = learns_target(step.transformer)
    return learnt


def serve_features(
    out: Path, graph: onnx.ModelProto, raw: dict[str, pd.DataFrame], learnt: BoolArray
) -> None:
    """Put what the graph makes of the raw columns in place of what the fitted encoder made.

    The two differ in the last digit, which moves a row to the other side of a tree's threshold: a
    model is fitted to what it will be given. Features that are `learnt` from the target stay as
    they are in the training part: the graph would give a row away by its own target.

    Raises
    ------
    CasebookError
        They differ by more on the validation part.
    """
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for name, frame in raw.items():
        with np.load(out / f"{name}.npz") as part:
            fitted, y = part["x"], part["y"]
        served = session.run(None, feeds(frame))[0]
        gap = distance(served, fitted) if name == "validation" else 0.0
        if not gap <= TOLERANCE:
            raise CasebookError(
                "On the validation part the ONNX form of the features differs from the fitted "
                f"encoder by {gap:.2g}, over {TOLERANCE:g}, in the columns "
                f"{', '.join(frame.columns)}. Bring numbers that are far from zero nearer to it in "
                "a cleaning step."
            )
        served = served.reshape(fitted.shape)
        if name == "train":
            served = np.where(learnt, fitted, served)
        write_arrays(out, name, x=served, y=y)
