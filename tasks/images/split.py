"""Split images: keep the set's own test split, or draw one that shares no near-duplicates.

The splits are arrays of pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pandas as pd
from sklearn import model_selection

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays
from tasks.evaluation.leakage_checks import repeats_across
from tasks.images.read import pictures_of
from tasks.tables.split import FOLDS, PARTS, as_given, enough_of_each_class, folds_of

Parts: TypeAlias = "dict[str, pd.DataFrame]"


@stage
def split_pictures(out: Path, table: Ref, raw: Ref, seed: int) -> Facts:
    """Split an image set that has its own test split.

    A tenth of its training images, stratified, is for validation.

    Writes each split as arrays: x, uint8 of shape (pictures, height, width, channels), y, and
    `picture`, the images' positions in the set.

    Raises
    ------
    CasebookError
        A part is missing or a class has too few pictures, or the same picture stands in two parts.
    """
    parts = as_given(read_table(table), seed)
    repeats_across({name: part[["sha256"]] for name, part in parts.items()})
    return written(out, raw, parts)


@stage
def split_grouped_pictures(out: Path, grouped: Ref, raw: Ref, seed: int) -> Facts:
    """Split an image set that has no test split.

    64 % are for training, 16 % for validation, 20 % for the test.

    The splits are stratified, and images of one group (see `tasks.images.group`) stay together.
    Writes what `split_pictures` does.

    Raises
    ------
    CasebookError
        A class has too few pictures, or a group stands in two parts.
    """
    parts = by_group(read_table(grouped), seed)
    repeats_across({name: part[["group"]].drop_duplicates() for name, part in parts.items()})
    return written(out, raw, parts)


def written(out: Path, raw: Ref, parts: Parts) -> Facts:
    """Write each part as arrays, and return how many rows each has."""
    for name, part in parts.items():
        rows = part["picture"].to_numpy()
        write_arrays(out, name, x=pictures_of(raw, rows), y=part["label"].to_numpy(), picture=rows)
    return {name: {"rows": len(part)} for name, part in parts.items()}


def by_group(frame: pd.DataFrame, seed: int) -> Parts:
    """Return training, validation and test rows, stratified by group.

    Each group counts once, with the label of the picture whose hash comes first. Whether it is
    tested is up to that hash, not to the seed.

    Raises
    ------
    CasebookError
        There is one class only, or one with fewer than ten groups.
    """
    first = frame.sort_values("sha256").drop_duplicates("group")
    enough_of_each_class(first, "label", FOLDS)
    folds = folds_of(first[["sha256", "label"]], "label", FOLDS, first["label"].to_numpy())
    rest, test = first[folds != 0], first[folds == 0]
    train, validation = model_selection.train_test_split(
        rest, test_size=1 / FOLDS, random_state=seed, stratify=rest["label"]
    )
    chosen = zip(PARTS, (train, validation, test), strict=True)
    return {name: frame[frame["group"].isin(part["group"])] for name, part in chosen}
