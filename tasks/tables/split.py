"""Split: divide the rows into training, validation and test splits.

No row and no repeat of a row is in two of them. Which fold tests a row is up to a hash of its
features: it is the same in every run, with any seed, and also where rows were added since.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn import model_selection

from casebook.array_types import AnyArray, Float64Array, Int64Array
from casebook.errors import CasebookError
from casebook.language import Message, msg
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_table, write_table
from tasks.data.row_hash import positions, row_hashes
from tasks.evaluation.leakage_checks import repeats_across
from tasks.problem.definition import Problem
from tasks.problem.targets import has_target

Parts: TypeAlias = "dict[str, pd.DataFrame]"

PARTS = ("train", "validation", "test")
FOLDS = 5
VALIDATION = 0.1  # of the rows that are not test rows, where the set says which those are
SMALL_FOLDS = 10  # of data so small that every row is needed, and the whole is split several times
TOLERANCE = 0.01  # of a class's rows: so many more or less may a fold have


@stage
def split(
    out: Path, table: Ref, target: str, fold: int, seed: int, *, grouped: bool = False
) -> Facts:
    """Split a table for one of five outer folds.

    A fifth is for the test, a fifth of the rest for validation.

    The share of positives is the same in all parts (stratified): 64 % training, 16 % validation, 20
    % test. All five folds together test every row once. The seed chooses validation rows, and has
    no say in what is tested. With `grouped`, rows that agree in every column but the target stay
    together.

    Raises
    ------
    CasebookError
        There are too few rows of a class, or the parts share rows.
    """
    frame = read_table(table)
    has_target(frame, target)
    parts = (
        by_group(frame, target, fold, seed) if grouped else stratified(frame, target, fold, seed)
    )
    repeats_across(parts)
    for name, part in parts.items():
        write_table(out, part, name)
    positive = next(iter(sorted(frame[target].unique())[1:2]), None)  # of two classes the second
    return {
        name: {"rows": len(p), "positives": int((p[target] == positive).sum())}
        for name, p in parts.items()
    }


@stage
def split_repeatedly(
    out: Path, table: Ref, problem: Problem, folds: int, seed: int, group: str = ""
) -> Facts:
    """Part a small table by repeated 10-fold cross-validation; the output holds `folds` folds.

    Of ten folds of equal size one is the test part, the next one the validation part and eight are
    for training. After ten folds the rows are divided anew. Classes have the same share in every
    fold. Rows of one value of the column `group`, if one is named, stay in one part.

    Raises
    ------
    CasebookError
        There are too few rows of a class, or the parts share rows.
    """
    for number, parts in enumerate(repeated(read_table(table), problem, folds, seed, group)):
        repeats_across(parts)
        folder = out / fold_name(number)
        folder.mkdir()
        for name, part in parts.items():
            write_table(folder, part, name)
    return {
        "folds": folds,
        "repeats": -(-folds // SMALL_FOLDS),
        "rows": {n: len(p) for n, p in parts.items()},
    }


def stratified(frame: pd.DataFrame, target: str, fold: int, seed: int) -> Parts:
    """Return training, validation and test part of one outer fold, stratified by the target.

    Raises
    ------
    CasebookError
        The target has one class only, or a class with fewer rows than there are folds.
    """
    enough_of_each_class(frame, target, FOLDS)
    labels = labels_of(frame, target)
    folds = folds_of(frame, target, FOLDS, labels.to_numpy())
    development, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
    train, validation = model_selection.train_test_split(
        development, test_size=1 / FOLDS, random_state=seed, stratify=labels.iloc[development]
    )
    return {
        name: frame.iloc[rows] for name, rows in zip(PARTS, (train, validation, test), strict=True)
    }


def as_given(table: pd.DataFrame, seed: int) -> Parts:
    """Return the splits of a set whose column `part` says which rows are for the test.

    A tenth of the other rows is for validation.

    Raises
    ------
    CasebookError
        There are no test rows, or a class has fewer than two training rows.
    """
    rest, test = table[table["part"] == "train"], table[table["part"] == "test"]
    least = rest["label"].value_counts().min() if len(rest) else 0
    if not len(test) or least < 2:
        raise CasebookError(
            f"The set has {len(rest):,} training and {len(test):,} test rows, of the rarest class "
            f"{least} for training: a test part and two training rows of each class are needed at "
            "least."
        )
    share = max(VALIDATION, rest["label"].nunique() / len(rest))
    train, validation = model_selection.train_test_split(
        rest, test_size=share, random_state=seed, stratify=rest["label"]
    )
    return {"train": train, "validation": validation, "test": test}


def by_group(frame: pd.DataFrame, target: str, fold: int, seed: int) -> Parts:
    """Return the splits of one outer fold, stratified by distinct feature rows.

    All repeats of a distinct row stay together. It counts once, with its first label, however often
    it is repeated: folds of groups that are stratified row by row take a search over all groups,
    minutes for some ten thousand of them.

    Raises
    ------
    CasebookError
        The target has one class only, or a class with fewer rows than there are folds.

    Examples
    --------
    >>> x = np.repeat(np.arange(100), 2)
    >>> parts = by_group(pd.DataFrame({"x": x, "y": x % 2}), "y", fold=0, seed=0)
    >>> {name: (len(part), part["x"].nunique()) for name, part in parts.items()}
    {'train': (128, 64), 'validation': (32, 16), 'test': (40, 20)}
    """
    features = frame.drop(columns=target)
    distinct = stratified(frame[~features.duplicated()], target, fold, seed)
    groups = frame.groupby(list(features), sort=False, dropna=False).ngroup()
    return {name: frame[groups.isin(groups.loc[part.index])] for name, part in distinct.items()}


def repeated(
    frame: pd.DataFrame, problem: Problem, folds: int, seed: int, group: str = ""
) -> Iterator[Parts]:
    """Yield the parts of the folds of repeated 10-fold cross-validation.

    Rows of one value of the column `group` are in one part; classes may then have other shares.

    Raises
    ------
    CasebookError
        There are fewer rows (of a class) than folds need.
    """
    has_target(frame, problem.target)
    if problem.classes:
        enough_of_each_class(frame, problem.target, SMALL_FOLDS)
    elif len(frame) < 2 * SMALL_FOLDS:
        raise CasebookError(
            f"Only {len(frame)} rows, too few for {SMALL_FOLDS} folds: at least {2 * SMALL_FOLDS}."
        )
    stratify = problem.classes and not group
    classes = labels_of(frame, problem.target).to_numpy() if stratify else None
    for number in range(folds):
        repeat, fold = divmod(number, SMALL_FOLDS)
        of_row = folds_of(frame, problem.target, SMALL_FOLDS, classes, salt=repeat, group=group)
        test, validation = (
            np.flatnonzero(of_row == tested) for tested in (fold, (fold + 1) % SMALL_FOLDS)
        )
        rest = np.setdiff1d(np.arange(len(frame)), np.concatenate([test, validation]))
        rest = np.random.default_rng((seed, number)).permutation(rest)
        yield {
            name: frame.iloc[rows]
            for name, rows in zip(PARTS, (rest, validation, test), strict=True)
        }


def folds_of(
    frame: pd.DataFrame,
    target: str,
    count: int,
    classes: AnyArray | None = None,
    salt: int = 0,
    group: str = "",
) -> Int64Array:
    """Return the number of the fold that tests each row.

    It is up to the hash of the row's features alone, or of its group, but for a few rows of each
    class that make up for folds of unequal size. Another salt divides the rows in another way.
    """
    decisive = frame[[group]] if group else frame.drop(columns=target)
    places = positions(row_hashes(decisive), salt)
    folds = np.zeros(len(frame), "int64")
    groups = [np.full(len(frame), True)]
    if classes is not None:
        groups = [classes == label for label in pd.unique(classes)]
    for rows in groups:
        folds[rows] = np.searchsorted(ends(places[rows], count), places[rows], side="right")
    return folds


def ends(places: Float64Array, count: int) -> Float64Array:
    """Return where all folds but the last end, given the rows' places between 0 and 1.

    An end gives way to the rows beside it if more than half of `TOLERANCE` too many or too few rows
    lie before it.

    Examples
    --------
    >>> ends(np.array([0.1, 0.3, 0.7, 0.9]), 2).tolist()
    [0.5]
    >>> ends(np.array([0.1, 0.3, 0.4, 0.9]), 2).tolist()
    [0.4]
    """
    rows, ordered = len(places), np.sort(places)
    chosen = []
    for place in np.arange(1, count) / count:
        least, greatest = (
            np.ceil((place - TOLERANCE / 2) * rows),
            np.floor((place + TOLERANCE / 2) * rows),
        )
        if least > greatest:
            least = greatest = np.round(place * rows)
        before = np.searchsorted(ordered, place)
        within = int(np.clip(before, least, greatest))
        chosen.append(place if within == before else ordered[within])
    return np.array(chosen)


def labels_of(frame: pd.DataFrame, target: str) -> pd.Series:
    """Return the target as scikit-learn stratifies by it: text as plain objects."""
    values = frame[target]
    return values if pd.api.types.is_numeric_dtype(values) else values.astype(object)


def enough_of_each_class(frame: pd.DataFrame, target: str, folds: int) -> None:
    """Refuse a table that can't be parted into folds that hold both classes, validation included.

    Raises
    ------
    CasebookError
        The target has one class only, or a class has fewer than twice as many rows as there are
        folds.
    """
    counts = frame[target].value_counts()
    if len(counts) < 2:
        raise CasebookError(
            f"All {len(frame):,} rows have {target} = {counts.index[0]}: there is nothing to tell "
            "apart. Use data that holds both classes."
        )
    if counts.min() < 2 * folds:
        raise CasebookError(
            f"Only {counts.min()} rows have {target} = {counts.idxmin()}, too few for {folds} "
            f"folds that each need one for validation too: at least {2 * folds} are needed. Use "
            "more data."
        )


def repeated_folds(folds: int) -> Message:
    """Say how figures over the folds of `split_repeatedly` come about."""
    return msg(
        "repeated 10-fold cross-validation, mean of {folds} folds of {shuffles} shuffles",
        folds=folds,
        shuffles=-(-folds // SMALL_FOLDS),
    )
