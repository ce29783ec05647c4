"""Halves: a set of texts whose training part and test part are two files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from tasks.data.fetch import fetch


def fetch_halves(halves: tuple[str, str], source: str) -> tuple[Origin, Origin]:
    """Fetch the training file and the test file, by their names in the catalog.

    Raises
    ------
    CasebookError
        The source has only one of them.
    """
    train, test = (fetch(name, source) for name in halves)
    if train.kind != test.kind or (train.path and train.path == test.path):
        first, second = (Path(data_set(name).files[0].name).stem for name in halves)
        suffixes = [f"both as {Path(file.name).suffix}" for file in data_set(halves[0]).files]
        raise CasebookError(
            f"--source {source} gives no test part of its own: name a folder that holds "
            f"{first} and {second}, {' or '.join(suffixes)}."
        )
    return train, test


def both(train: Origin, test: Origin) -> Origin:
    """Return where the texts came from.

    They are the training file, whose hash the record names, and the test file.
    """
    locations = f"{train.location}, {test.location}" if train.path else train.location
    return train.model_copy(update={"location": locations})


@stage
def join(out: Path, train: Ref, test: Ref) -> Facts:
    """Put both files into one table, whose column `part` says which a text is from."""
    frames = [read_table(ref).assign(part=part) for ref, part in ((train, "train"), (test, "test"))]
    frame = pd.concat(frames, ignore_index=True).astype({"part": "string"})
    write_table(out, frame)
    return {**train.facts, "rows": len(frame), "columns": list(frame.columns)}
