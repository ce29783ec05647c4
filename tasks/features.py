"""Features: fit the encoding of columns on the training part, and apply it to all three.

The fitted encoding is kept as an ONNX graph, never as a pickle: what the service computes is what was trained on.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_table, write_arrays
from tasks.aim import Aim
from tasks.derive import Derived, derive
from tasks.leaks import check_leaks, check_names
from tasks.split import PARTS
from tasks.tripwires import fitted_on

if TYPE_CHECKING:
    import onnx
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    Encoder = Callable[[list[str]], ColumnTransformer]

OPSET = 20  # the first that matches patterns
ML_OPSET = 3
IR_VERSION = 10
TOLERANCE = 1e-4


def numbers(fill: Literal["mean", "median"] = "median") -> "Pipeline":
    """Return a step of an encoder: missing numbers filled, then all to mean 0 and deviation 1."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(SimpleImputer(strategy=fill), StandardScaler())


def bins(count: int, fill: Literal["mean", "median"] = "median") -> "Pipeline":
    """Return a step of an encoder: missing numbers filled, then a 0 or 1 for each of some bins of equal width."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer

    sorted_in = KBinsDiscretizer(count, encode="onehot-dense", strategy="uniform", subsample=None)
    return make_pipeline(SimpleImputer(strategy=fill), sorted_in)


def one_hot(values: Sequence[object], *, gaps: bool = False) -> "Pipeline":
    """Return a step of an encoder: a column for each of the categories, to mean 0 and deviation 1.

    Any other category is none of them. With `gaps`, missing text is filled with the most frequent one first.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    filled = [SimpleImputer(missing_values="", strategy="most_frequent")] if gaps else []
    coded = OneHotEncoder(categories=[list(values)], handle_unknown="ignore", sparse_output=False)
    return make_pipeline(*filled, coded, StandardScaler())


@stage
def features(
    out: Path, parts: Ref, aim: Aim, derived: tuple[Derived, ...], encoder: "Encoder",
    trust_columns: tuple[str, ...] = (),
) -> Facts:  # fmt: skip
    """Derive columns, fit the encoder on the training part, and write each part as arrays `x` and `y`.

    Writes `train`, `validation` and `test` (x float32 of shape (rows, features), y float32 of shape (rows,)) and
    `features.onnx`, whose inputs are the raw columns that are needed and whose output is x.

    Parameters
    ----------
    parts
        The split.
    aim
        Names the target.
    derived
        Columns to compute first.
    encoder
        Makes, from the names of all raw and derived columns, an unfitted encoder of those it takes.
    trust_columns
        Columns that may decide the target alone.

    Raises
    ------
    CasebookError
        The ONNX form disagrees with the fitted encoder, the encoder saw other rows than the training part, or a column
        that it takes identifies rows or decides the target alone.
    """
    import numpy as np

    suspects = checked(parts, aim, derived, encoder, trust_columns)
    fitted, train = encode(out, parts, aim, derived, encoder)
    needed = raw_columns(train, fitted, derived)
    graph = to_onnx(fitted, train[needed], derive(train, derived), derived)
    with np.load(out / "validation.npz") as validation:
        _agree(graph, read_raw(parts, "validation")[needed], validation["x"])
    (out / "features.onnx").write_bytes(graph.SerializeToString())
    return {"features": len(fitted.get_feature_names_out()), "raw_columns": needed, "leaks": suspects}


@stage
def fold_features(
    out: Path, parts: Ref, folds: int, aim: Aim, derived: tuple[Derived, ...], encoder: "Encoder",
    trust_columns: tuple[str, ...] = (),
) -> Facts:  # fmt: skip
    """Do for each of an output's folds what `features` does for one; the ONNX form is the first fold's alone.

    Raises
    ------
    CasebookError
        As `features` does.
    """
    for number in range(folds):
        (out / fold_name(number)).mkdir()
    facts = features.fn(out / fold_name(0), parts.fold(0), aim, derived, encoder, trust_columns)
    for number in range(1, folds):
        checked(parts.fold(number), aim, derived, encoder, trust_columns)
        encode(out / fold_name(number), parts.fold(number), aim, derived, encoder)
    return {**facts, "folds": folds}


def encode(
    out: Path, parts: Ref, aim: Aim, derived: tuple[Derived, ...], encoder: "Encoder"
) -> "tuple[ColumnTransformer, pd.DataFrame]":
    """Fit the encoder on the training part and write all three parts encoded; return it and the raw training part.

    Raises
    ------
    CasebookError
        The encoder saw other rows than the training part.
    """
    import numpy as np

    raw = {name: read_raw(parts, name) for name in PARTS}
    tables = {name: derive(frame.drop(columns=aim.target), derived) for name, frame in raw.items()}
    unfitted = encoder(list(tables["train"].columns))
    used = taken(unfitted)
    fitted = unfitted.fit(tables["train"][used])
    fitted_on(_rows_seen(fitted), len(tables["train"]))
    for name, table in tables.items():
        x = np.asarray(fitted.transform(table[used]), "float32")
        write_arrays(out, name, x=x, y=raw[name][aim.target].to_numpy("float32"))
    return fitted, raw["train"].drop(columns=aim.target)


def checked(
    parts: Ref, aim: Aim, derived: tuple[Derived, ...], encoder: "Encoder", trusted: tuple[str, ...]
) -> list[dict[str, object]]:
    """Return what the report must tell of columns that nearly decide the target.

    Raises
    ------
    CasebookError
        The encoder takes a column that identifies rows or decides the target alone, and nobody trusts it.
    """
    raw = read_raw(parts, "train")
    table = derive(raw.drop(columns=aim.target), derived)
    check_names(trusted, list(table.columns))
    used = table[taken(encoder(list(table.columns)))]
    return check_leaks(used.assign(**{aim.target: raw[aim.target]}), aim.target, trusted, classes=aim.classes)


def read_raw(parts: Ref, name: str) -> "pd.DataFrame":
    """Read one part of a split, with missing text as the empty text: ONNX has no other."""
    frame = read_table(parts, name)
    texts: list[str] = list(frame.select_dtypes("string").columns)
    return frame.assign(**{column: frame[column].fillna("").astype(object) for column in texts})


def taken(encoder: "ColumnTransformer") -> list[str]:
    """Return the columns that an encoder takes, each once."""
    return list(dict.fromkeys(column for _, _, columns in encoder.transformers for column in columns))


def raw_columns(raw: "pd.DataFrame", fitted: "ColumnTransformer", derived: tuple[Derived, ...]) -> list[str]:
    """Return the raw columns, in their order, that the encoder takes or that a derived column it takes needs."""
    sources = {d.name: d.columns for d in derived}
    needed = {column for name in taken(fitted) for column in sources.get(name, (name,))}
    return [name for name in raw.columns if name in needed]


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
        The training part: the raw columns that are needed, which name the graph's inputs, and all after `derive`.
    derived
        The derived columns, whose nodes come first.
    """
    import onnx
    from onnx import helper
    from skl2onnx import convert_sklearn

    opsets = {"": OPSET, "ai.onnx.ml": ML_OPSET}
    used = taken(fitted)
    encoding = convert_sklearn(fitted, initial_types=_types(table[used]), target_opset=opsets)
    encoding = onnx.compose.add_prefix(encoding, "encoder/")
    computed = {d.name: d for d in derived}
    nodes = []
    for name, entry in zip(used, encoding.graph.input, strict=True):  # there a sign such as a hyphen has become another
        copied = [helper.make_node("Identity", [name], [entry.name])]
        nodes += computed[name].nodes(entry.name) if name in computed else copied
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
