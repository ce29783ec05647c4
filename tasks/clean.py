"""Clean: apply named steps to a table, and count what each did."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table

if TYPE_CHECKING:
    import pandas as pd

    Step = Callable[[pd.DataFrame], pd.DataFrame]


@stage
def clean(out: Path, table: Ref, steps: "tuple[Step, ...]") -> Facts:
    """Apply the steps in their order, each a pure function of a frame, and count the rows that each drops."""
    frame = read_table(table)
    dropped = {}
    for step in steps:
        cleaned = step(frame)
        dropped[step.__name__] = len(frame) - len(cleaned)
        frame = cleaned
    write_table(out, frame)
    return {"rows": len(frame), "dropped": dropped}


def drop_repeats(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Keep the first of rows that agree in every column: a repeat in both training and test would be a leak."""
    return frame.drop_duplicates(ignore_index=True)


def drop_repeated_pictures(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Keep the first of pictures with the same pixels; a test picture goes before a training picture."""
    first = frame.sort_values("part", kind="stable").drop_duplicates("sha256")
    return first.sort_index().reset_index(drop=True)


def drop_pictures_of_two_labels(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Drop pictures whose very pixels stand under several labels, all of them: nothing says which label is right."""
    labels = frame.groupby("sha256")["label"].transform("nunique")
    return frame[labels == 1].reset_index(drop=True)
