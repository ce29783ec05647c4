"""Encoding: a fitted encoder as an ONNX graph, step by step.

Each step has the precision that is nearer to what was fitted.

A published model takes 32-bit numbers. A scaler must compute in 64 bits: a mean of 2,008 rounded to
32 bits is off by a ten-thousandth of a deviation of 0.8. A step that sorts numbers into bins must
compare in 32 bits: 40.3 is no longer an edge of 40.3 once it came as 40.299999. So both are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
import pandas as pd
from onnx import helper
from sklearn import compose

from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from tasks.data.derive import Derived
from tasks.tables.converters import convert_step
from tasks.training.onnx_format import IR_VERSION, OPSETS, TOLERANCE, opsets

COMPARED = 5000  # training rows on which a step's graph is compared with the fitted step
CONVERTIBLE = (
    "StandardScaler, RobustScaler, MinMaxScaler, MaxAbsScaler, PowerTransformer, "
    "KBinsDiscretizer, Normalizer, PolynomialFeatures, SimpleImputer, OneHotEncoder, "
    "OrdinalEncoder, TargetEncoder and pipelines of these"
)


class Step(NamedTuple):
    """One step of a fitted encoder.

    It has its name, the transformer, its columns, and the place of its features.
    """

    name: str
    transformer: Any
    columns: list[str]
    features: slice

    def __str__(self) -> str:
        return (
            f"the step '{self.name}' of the encoder "
            f"({kind_of(self.transformer)} of {', '.join(self.columns)})"
        )


class Piece(NamedTuple):
    """The graph of one step, its numeric precision, and its distance from the fitted step."""

    graph: onnx.ModelProto
    precision: str
    gap: float


def steps_of(fitted: compose.ColumnTransformer) -> Iterator[Step]:
    """Yield the steps of a fitted encoder that make features."""
    for name, transformer, columns in fitted.transformers_:
        if len(columns) and not (isinstance(transformer, str) and transformer == "drop"):
            yield Step(name, transformer, list(columns), fitted.output_indices_[name])


def feature_names(fitted: compose.ColumnTransformer) -> list[str]:
    """Return for each encoded feature the columns that it is made of."""
    names: list[str] = []
    for step in steps_of(fitted):
        count = step.features.stop - step.features.start
        names += (
            step.columns if count == len(step.columns) else [" and ".join(step.columns)] * count
        )
    return names


def kind_of(transformer: Any) -> str:
    """Return what a transformer is called, a pipeline by its parts."""
    if isinstance(transformer, str):
        return transformer
    parts = getattr(transformer, "named_steps", None)
    return (
        type(transformer).__name__ if parts is None else " and ".join(map(kind_of, parts.values()))
    )


def transformed(fitted: compose.ColumnTransformer, table: pd.DataFrame) -> Float64Array:
    """Return the encoded features of a table."""
    return dense(fitted.transform(table))


def dense(features: Any) -> Float64Array:
    """Return features as a dense array: an encoder may make a sparse matrix of them."""
    return np.asarray(features.toarray() if hasattr(features, "toarray") else features)


def encoder_graph(
    fitted: compose.ColumnTransformer,
    raw: pd.DataFrame,
    table: pd.DataFrame,
    derived: tuple[Derived, ...],
) -> onnx.ModelProto:
    """Return one graph from the raw columns, as a person would type them, to the encoded features.

    Inside the graph columns have names of our own, so that their original names don't matter.

    Parameters
    ----------
    fitted
        The fitted encoder.
    raw, table
        The training part: the raw columns that are needed, which name the graph's inputs, and all
        after `derive`.
    derived
        The derived columns, whose nodes come first.

    Raises
    ------
    CasebookError
        A step has no form as a graph, or one that differs from what was fitted.
    """
    inside = prefix_for("encoder/", list(raw.columns))
    columns = list(dict.fromkeys(column for step in steps_of(fitted) for column in step.columns))
    names = {column: f"{inside}column{place}" for place, column in enumerate(columns)}
    nodes = _columns(names, derived)
    initializers, outputs = [], []
    for place, (step, piece) in enumerate(pieces(fitted, table)):
        own = f"{inside}step{place}/"
        graph = onnx.compose.add_prefix(piece.graph, own).graph
        nodes += _fed(graph, [names[column] for column in step.columns], piece.precision)
        nodes += [*graph.node, _cast(graph.output[0].name, f"{own}features", "FLOAT")]
        initializers += list(graph.initializer)
        outputs.append(f"{own}features")
    nodes.append(helper.make_node("Concat", outputs, [f"{inside}features"], axis=1))
    inputs = [
        helper.make_tensor_value_info(name, element(raw[name]), [None, 1]) for name in raw.columns
    ]
    output = helper.make_tensor_value_info(
        f"{inside}features", onnx.TensorProto.FLOAT, [None, None]
    )
    graph = helper.make_graph(nodes, "features", inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def prefix_for(prefix: str, names: list[str]) -> str:
    """Return a prefix that none of the names begins with."""
    while any(name.startswith(prefix) for name in names):
        prefix = f"_{prefix}"
    return prefix


def pieces(fitted: compose.ColumnTransformer, table: pd.DataFrame) -> Iterator[tuple[Step, Piece]]:
    """Yield each step with its graph.

    Raises
    ------
    CasebookError
        A step has no form as a graph, or one that differs from what was fitted.
    """
    rows = table.head(COMPARED)
    expected = transformed(fitted, rows[taken(fitted)])
    for step in steps_of(fitted):
        candidates, problems = [], []
        texts = [not numeric(rows[name]) for name in step.columns]
        for precision in ("FLOAT", "DOUBLE"):
            try:
                graph = convert_step(step.transformer, texts, precision, OPSETS)
                actual = run_piece(graph, rows[step.columns], precision)
                candidates.append(
                    Piece(graph, precision, distance(actual, expected[:, step.features]))
                )
            except Exception as error:  # converters and runtime raise whatever they like
                problems.append(
                    str(error).strip().splitlines()[0]
                    if str(error).strip()
                    else type(error).__name__
                )
        if not candidates:
            raise CasebookError(
                f"A published model is an ONNX graph, and {step} can't be written as one: "
                f"{problems[0]} Use {CONVERTIBLE}, or compute the column by tasks.data.derive."
            )
        piece = min(candidates, key=lambda candidate: candidate.gap)
        if not piece.gap <= TOLERANCE:
            raise CasebookError(too_far(step, piece.gap))
        yield step, piece


def too_far(step: Step, gap: float) -> str:
    """Say that a step's graph answers otherwise than the fitted step, and what to do."""
    return (
        f"As an ONNX graph, {step} gives features that differ by {gap:.2g} from the fitted ones, "
        f"over {TOLERANCE:g}. A published model takes 32-bit numbers of about seven digits: bring "
        "these columns near zero in a cleaning step, for example years since 2000, or use another "
        f"of {CONVERTIBLE}."
    )


def distance(actual: Any, expected: Any) -> float:
    """Return the greatest difference between features.

    It is relative to 1 where a feature is small, else relative to the feature.
    """
    if actual.shape != expected.shape:
        raise ValueError(f"It gives {actual.shape[1]} features instead of {expected.shape[1]}.")
    gap = float((np.abs(actual - expected) / (1.0 + np.abs(expected))).max(initial=0.0))
    return gap if np.isfinite(gap) else float("inf")


def run_piece(graph: onnx.ModelProto, rows: pd.DataFrame, precision: str) -> Any:
    """Return what a step's graph makes of rows whose numbers came in 32 bits."""
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = [entry.name for entry in session.get_inputs()]
    blocks = [_array(rows[name], precision) for name in rows.columns]
    feeds = (
        dict(zip(given, blocks, strict=True)) if len(given) > 1 else {given[0]: np.hstack(blocks)}
    )
    return np.asarray(session.run(None, feeds)[0], "float64")


def taken(encoder: compose.ColumnTransformer) -> list[str]:
    """Return the columns that an encoder takes, each once."""
    return list(
        dict.fromkeys(column for _, _, columns in encoder.transformers for column in columns)
    )


def numeric(values: pd.Series) -> bool:
    """Whether a column is one of numbers."""
    return pd.api.types.is_numeric_dtype(values)


def element(values: pd.Series) -> int:
    """Return how a graph takes a column."""
    return int(onnx.TensorProto.FLOAT if numeric(values) else onnx.TensorProto.STRING)


def _array(values: pd.Series, precision: str) -> Any:
    if not numeric(values):
        return values.to_numpy(object)[:, None]
    return values.to_numpy("float32")[:, None].astype(
        "float64" if precision == "DOUBLE" else "float32"
    )


def _columns(names: dict[str, str], derived: tuple[Derived, ...]) -> list[onnx.NodeProto]:
    """Return the nodes that give each column that the encoder takes the name that it has inside."""
    computed = {derivation.name: derivation for derivation in derived}
    nodes: list[onnx.NodeProto] = []
    for column, name in names.items():
        copied = [helper.make_node("Identity", [column], [name])]
        nodes += computed[column].nodes(name) if column in computed else copied
    return nodes


def _fed(graph: onnx.GraphProto, columns: list[str], precision: str) -> list[onnx.NodeProto]:
    """Return the nodes that feed columns to a step's graph.

    Each column goes to an input of its own, or all go side by side to one.
    """
    text = onnx.TensorProto.STRING
    inputs = [entry.name for entry in graph.input]
    kinds = [entry.type.tensor_type.elem_type for entry in graph.input]
    if len(inputs) == len(columns):
        return [
            helper.make_node("Identity", [column], [name])
            if kind == text
            else _cast(column, name, precision)
            for column, name, kind in zip(columns, inputs, kinds, strict=True)
        ]
    together = f"{inputs[0]}/columns"
    last = helper.make_node("Identity", [together], inputs) if kinds[0] == text else None
    return [
        helper.make_node("Concat", columns, [together], axis=1),
        last or _cast(together, inputs[0], precision),
    ]


def _cast(name: str, result: str, precision: str) -> onnx.NodeProto:

    return helper.make_node("Cast", [name], [result], to=int(getattr(onnx.TensorProto, precision)))
