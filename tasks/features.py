"""Features: fit the encoding of columns on the training part, and apply it to all three.

The fitted encoding is kept as an ONNX graph, never as a pickle: what the service computes is what was trained on.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays
from tasks.derive import Derived, derive
from tasks.split import PARTS
from tasks.tripwires import fitted_on

if TYPE_CHECKING:
    import onnx
    import pandas as pd
    from sklearn.compose import ColumnTransformer

    Encoder = Callable[[list[str]], ColumnTransformer]

OPSET = 18
ML_OPSET = 3
IR_VERSION = 10
TOLERANCE = 1e-4


@stage
def features(out: Path, parts: Ref, target: str, derived: tuple[Derived, ...], encoder: "Encoder") -> Facts:
    """Derive columns, fit the encoder on the training part, and write each part as arrays `x` and `y`.

    Writes `train`, `validation` and `test` (x float32 of shape (rows, features), y float32 of shape (rows,)) and
    `features.onnx`, whose inputs are the raw columns and whose output is x.

    Raises
    ------
    CasebookError
        The ONNX form disagrees with the fitted encoder, or the encoder saw other rows than the training part.
    """
    import numpy as np

    raw = {name: read_table(parts, name) for name in PARTS}
    tables = {name: derive(frame.drop(columns=target), derived) for name, frame in raw.items()}
    fitted = encoder(list(tables["train"].columns)).fit(tables["train"])
    fitted_on(_rows_seen(fitted), len(tables["train"]))
    encoded = {name: np.asarray(fitted.transform(table), "float32") for name, table in tables.items()}
    for name, x in encoded.items():
        write_arrays(out, name, x=x, y=raw[name][target].to_numpy("float32"))
    columns = raw["train"].drop(columns=target)
    graph = to_onnx(fitted, columns, tables["train"], derived)
    _agree(graph, raw["validation"].drop(columns=target), encoded["validation"])
    (out / "features.onnx").write_bytes(graph.SerializeToString())
    return {"features": int(encoded["train"].shape[1]), "raw_columns": list(columns.columns)}


def _rows_seen(fitted: "ColumnTransformer") -> int:
    """Return how many rows the encoder's steps say they saw; steps that don't count are left out."""
    import numpy as np

    steps = [
        step for _, steps, _ in fitted.transformers_ for step in getattr(steps, "named_steps", {"": steps}).values()
    ]
    # one count per column where values are missing, of the values that are there
    seen = {int(np.max(step.n_samples_seen_)) for step in steps if hasattr(step, "n_samples_seen_")}
    if len(seen) != 1:
        raise CasebookError(f"The encoder's steps saw {sorted(seen)} rows; all must be fitted on the training part.")
    return seen.pop()


def to_onnx(
    fitted: "ColumnTransformer", raw: "pd.DataFrame", table: "pd.DataFrame", derived: tuple[Derived, ...]
) -> "onnx.ModelProto":
    """Return one graph from the raw columns, as a person would type them, to the encoded features.

    Parameters
    ----------
    fitted
        The fitted encoder.
    raw, table
        The training part before and after `derive`: their columns name the graph's inputs.
    derived
        The derived columns, whose nodes come first.
    """
    import onnx
    from onnx import helper
    from skl2onnx import convert_sklearn

    opsets = {"": OPSET, "ai.onnx.ml": ML_OPSET}
    encoding = convert_sklearn(fitted, initial_types=_types(table), target_opset=opsets, final_types=None)
    encoding = onnx.compose.add_prefix(encoding, "encoder/")
    sources = {d.name: d.column for d in derived}
    nodes = []
    for d in derived:
        nodes += d.nodes(d.column, f"encoder/{d.name}")
    for name in table.columns:
        if name not in sources:
            nodes.append(helper.make_node("Identity", [name], [f"encoder/{name}"]))
    inputs = [helper.make_tensor_value_info(name, _element(raw[name]), [None, 1]) for name in raw.columns]
    graph = helper.make_graph(
        [*nodes, *encoding.graph.node],
        "features",
        inputs,
        list(encoding.graph.output),
        list(encoding.graph.initializer),
    )
    ids = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=ids, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def _types(table: "pd.DataFrame") -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    kinds = {True: FloatTensorType, False: StringTensorType}
    return [(name, kinds[_numeric(table[name])]([None, 1])) for name in table.columns]


def _element(values: "pd.Series") -> int:
    import onnx

    return int(onnx.TensorProto.FLOAT if _numeric(values) else onnx.TensorProto.STRING)


def _numeric(values: "pd.Series") -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(values)


def feeds(raw: "pd.DataFrame") -> dict[str, Any]:
    """Return a frame of raw columns as ONNX inputs: one (n, 1) array per column, float32 or text."""
    kinds = {name: "float32" if _numeric(raw[name]) else object for name in raw.columns}
    return {name: raw[[name]].to_numpy(kind) for name, kind in kinds.items()}


def _agree(graph: "onnx.ModelProto", raw: "pd.DataFrame", expected: Any) -> None:
    """Compare the graph with the encoder on the validation part."""
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    got = session.run(None, feeds(raw))[0]
    gap = float(np.max(np.abs(got - expected) / (1.0 + np.abs(expected))))
    if not gap < TOLERANCE:
        raise CasebookError(f"The ONNX form of the features differs from the fitted encoder by {gap:.2g}.")
