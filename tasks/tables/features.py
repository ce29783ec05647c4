"""Features: fit the encoding of columns on the training part, and apply it to all three.

The fitted encoding is kept as an ONNX graph, never as a pickle: what the service computes is what
was trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from sklearn import compose, impute, pipeline, preprocessing

from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_table, write_arrays
from tasks.data.derive import Derived, derive
from tasks.evaluation.leakage_checks import both_classes
from tasks.evaluation.target_leakage import check_leaks, check_names
from tasks.problem.definition import Problem
from tasks.problem.targets import truth
from tasks.tables.encoder_graph import (
    encoder_graph,
    feature_names,
    taken,
    transformed,
)
from tasks.tables.fitting import fit_on
from tasks.tables.precision import as_served, coarse
from tasks.tables.served_features import learnt_from_target, serve_features
from tasks.tables.split import PARTS
from tasks.training.finite import finite_features

Encoder: TypeAlias = "Callable[[list[str]], compose.ColumnTransformer]"


def numbers(fill: Literal["mean", "median"] = "median") -> pipeline.Pipeline:
    """Return a step of an encoder: missing numbers filled, then all to mean 0 and deviation 1."""
    return pipeline.make_pipeline(
        impute.SimpleImputer(strategy=fill), preprocessing.StandardScaler()
    )


def bins(count: int, fill: Literal["mean", "median"] = "median") -> pipeline.Pipeline:
    """Return an encoder step of bins of equal width.

    It fills missing numbers, then gives a 0 or 1 for each bin.
    """
    sorted_in = preprocessing.KBinsDiscretizer(
        count, encode="onehot-dense", strategy="uniform", subsample=None
    )
    return pipeline.make_pipeline(impute.SimpleImputer(strategy=fill), sorted_in)


def one_hot(values: Sequence[object], *, gaps: bool = False) -> pipeline.Pipeline:
    """Return a step of an encoder: a column for each of the categories, to mean 0 and deviation 1.

    Any other category is none of them. With `gaps`, missing text is filled with the most frequent
    one first.
    """
    filled = [impute.SimpleImputer(missing_values="", strategy="most_frequent")] if gaps else []
    coded = preprocessing.OneHotEncoder(
        categories=[list(values)], handle_unknown="ignore", sparse_output=False
    )
    return pipeline.make_pipeline(*filled, coded, preprocessing.StandardScaler())


@stage
def features(
    out: Path,
    parts: Ref,
    problem: Problem,
    derived: tuple[Derived, ...],
    encoder: Encoder,
    trust_columns: tuple[str, ...] = (),
) -> Facts:
    """Derive columns, fit the encoder on the training split, and write each split encoded.

    Writes `train`, `validation` and `test` (x float32 of shape (rows, features), y float32 of shape
    (rows,)) and `features.onnx`, whose inputs are the raw columns that are needed and whose output
    is x.

    Parameters
    ----------
    parts
        The split.
    problem
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
        The ONNX form disagrees with the fitted encoder, the encoder saw other rows than the
        training part, or a column that it takes identifies rows or decides the target alone.
    """
    suspects = checked(parts, problem, derived, encoder, trust_columns)
    fitted, train = encode(out, parts, problem, derived, encoder)
    needed = raw_columns(train, fitted, derived)
    graph = encoder_graph(fitted, train[needed], derive(train, derived), derived)
    raw = {name: read_raw(parts, name)[needed] for name in PARTS}
    serve_features(out, graph, raw, learnt_from_target(fitted))
    (out / "features.onnx").write_bytes(graph.SerializeToString())
    classes = {"classes": len(problem.labels)} if problem.problem_type == "multiclass" else {}
    names = feature_names(fitted)
    return {"features": len(names), "raw_columns": needed, "leaks": suspects, **classes}


@stage
def fold_features(
    out: Path,
    parts: Ref,
    folds: int,
    problem: Problem,
    derived: tuple[Derived, ...],
    encoder: Encoder,
    trust_columns: tuple[str, ...] = (),
) -> Facts:
    """Do for each of an output's folds what `features` does for one.

    Only the first fold gets the ONNX form.

    Raises
    ------
    CasebookError
        As `features` does.
    """
    for number in range(folds):
        (out / fold_name(number)).mkdir()
    facts = features.fn(out / fold_name(0), parts.fold(0), problem, derived, encoder, trust_columns)
    for number in range(1, folds):
        checked(parts.fold(number), problem, derived, encoder, trust_columns)
        encode(out / fold_name(number), parts.fold(number), problem, derived, encoder)
    return {**facts, "folds": folds}


def encode(
    out: Path, parts: Ref, problem: Problem, derived: tuple[Derived, ...], encoder: Encoder
) -> tuple[compose.ColumnTransformer, pd.DataFrame]:
    """Fit the encoder on the training split and write all three splits encoded.

    Returns the encoder and the raw training split.

    Raises
    ------
    CasebookError
        The encoder saw other rows than the training part.
    """
    raw = {name: read_raw(parts, name) for name in PARTS}
    y = {name: truth(frame, problem) for name, frame in raw.items()}
    both_classes(y, problem)
    tables = {
        name: derive(frame.drop(columns=problem.target), derived) for name, frame in raw.items()
    }
    unfitted = encoder(list(tables["train"].columns))
    used = columns_of(unfitted, tables["train"])
    unlike = coarse(tables["train"][[name for name in used if name in raw["train"]]])
    tables = {name: as_served(table, unlike) for name, table in tables.items()}
    with np.errstate(over="ignore"):  # what is too large is told below
        fitted, train = fit_on(unfitted, tables["train"][used], y["train"])
    names = feature_names(fitted)
    for name, table in tables.items():
        with np.errstate(over="ignore"):
            rows = train if name == "train" else transformed(fitted, table[used])
            x = np.asarray(rows, "float32")
        finite_features(x, name, names)
        write_arrays(out, name, x=x, y=y[name].astype("float32"))
    return fitted, as_served(raw["train"].drop(columns=problem.target), unlike)


def checked(
    parts: Ref,
    problem: Problem,
    derived: tuple[Derived, ...],
    encoder: Encoder,
    trusted: tuple[str, ...],
) -> list[dict[str, object]]:
    """Return what the report must tell of columns that nearly decide the target.

    Raises
    ------
    CasebookError
        The encoder takes a column that identifies rows or decides the target alone, and nobody
        trusts it.
    """
    raw = read_raw(parts, "train")
    table = derive(raw.drop(columns=problem.target), derived)
    check_names(trusted, list(table.columns))
    used = table[columns_of(encoder(list(table.columns)), table)].assign(
        **{problem.target: truth(raw, problem)}
    )
    return check_leaks(used, problem.target, trusted, classes=problem.classes)


def read_raw(parts: Ref, name: str) -> pd.DataFrame:
    """Read one part of a split, with missing text as the empty text: ONNX has no other."""
    frame = read_table(parts, name)
    texts: list[str] = list(frame.select_dtypes("string").columns)
    return frame.assign(**{column: frame[column].fillna("").astype(object) for column in texts})


def columns_of(encoder: compose.ColumnTransformer, table: pd.DataFrame) -> list[str]:
    """Return the columns that an encoder takes, each once.

    Raises
    ------
    CasebookError
        It is no ColumnTransformer, names columns otherwise than in lists, or takes one that isn't
        there.
    """
    if not isinstance(encoder, compose.ColumnTransformer):
        raise CasebookError(
            f"The encoder is a {type(encoder).__name__}, but it must be a ColumnTransformer, which "
            "says of each step what columns it takes. Wrap it: ColumnTransformer([(name, step, "
            "columns)])."
        )
    for name, _, columns in encoder.transformers:
        if isinstance(columns, str) or not all(isinstance(column, str) for column in columns):
            raise CasebookError(
                f"The step '{name}' of the encoder takes {columns!r}: give it a list of column "
                "names."
            )
    used = taken(encoder)
    lacking = [name for name in used if name not in table]
    if lacking or not used:
        raise CasebookError(
            f"The encoder takes {', '.join(lacking) or 'no column'}, but the columns are "
            f"{', '.join(table.columns)}."
        )
    return used


def raw_columns(
    raw: pd.DataFrame, fitted: compose.ColumnTransformer, derived: tuple[Derived, ...]
) -> list[str]:
    """Return the raw columns, in their order, that the encoder needs.

    It takes them itself, or takes a derived column that needs them.
    """
    sources = {d.name: d.columns for d in derived}
    needed = {column for name in taken(fitted) for column in sources.get(name, (name,))}
    return [name for name in raw.columns if name in needed]
