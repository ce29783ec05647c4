"""Ingest: read the source file into a table that has the catalog's columns and types, or say what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from casebook.catalog import Column, DataFile, DataSet, data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts
from casebook.tables import write_table
from tasks.fetch import Origin

if TYPE_CHECKING:
    import pandas as pd

    SampleMaker = Callable[[int, int], pd.DataFrame]


@stage
def ingest(out: Path, origin: Origin, sample: "SampleMaker", sample_rows: int, seed: int) -> Facts:
    """Read the origin's file, or make the sample, and keep it as a typed table.

    Raises
    ------
    CasebookError
        The file can't be read, has other than its known number of rows, lacks a column, or has text in a number column.
    """
    entry = data_set(origin.dataset)
    frame = sample(sample_rows, seed) if origin.path is None else read(origin.path, form(entry, origin.path))
    if origin.rows not in (None, len(frame)):
        raise CasebookError(
            f"The file {origin.path} has {len(frame):,} rows where the catalog says {origin.rows:,}: it was cut short "
            "or is another one. Delete it to fetch it again, or use it all the same with --source PATH."
        )
    frame = conform(frame, entry, origin.path or Path("the embedded sample"))
    write_table(out, frame)
    return {
        "rows": len(frame),
        "columns": list(frame.columns),
        "dataset": entry.name,
        "kind": origin.kind,
        "origin": origin.note,
    }


class Form(TypedDict):
    """How a text file is to be read, in pandas' words."""

    sep: str
    names: list[str] | None
    na_values: list[str]


def form(entry: DataSet, path: Path) -> Form:
    """Return how a file is to be read: as the catalog says of a file of this name, else as plain CSV."""
    file = next((file for file in entry.files if file.name == path.name), DataFile(name=path.name))
    return {
        "sep": file.separator,
        "names": None if file.header else list(entry.columns),
        "na_values": [file.missing] if file.missing is not None else [],
    }


PLAIN: Form = {"sep": ",", "names": None, "na_values": []}


def read(path: Path, form: Form = PLAIN) -> "pd.DataFrame":
    """Read a CSV or parquet file.

    Raises
    ------
    CasebookError
        The file is empty, cut short or no such file at all.
    """
    import pandas as pd
    import pyarrow

    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else _read_text(path, form)
    except (
        pyarrow.ArrowInvalid,
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
        OSError,
    ) as error:
        kind = "parquet" if path.suffix == ".parquet" else "CSV"
        raise CasebookError(
            f"The file {path} can't be read as {kind}: {str(error).strip() or type(error).__name__}. It may be cut "
            "short or of another format; fetch it again or name another with --source PATH."
        ) from error
    if frame.empty:
        raise CasebookError(f"The file {path} has no rows. Name another with --source PATH.")
    return frame


def _read_text(path: Path, form: Form) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_csv(path, skipinitialspace=True, header="infer" if form["names"] is None else None, **form)


def conform(frame: "pd.DataFrame", entry: DataSet, path: Path) -> "pd.DataFrame":
    """Return the catalog's columns in its order and types; columns it doesn't name are left out.

    Raises
    ------
    CasebookError
        Columns are missing, or a value is not of its column's type.
    """
    missing = [name for name in entry.columns if name not in frame.columns]
    if missing:
        raise CasebookError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} of the data set "
            f"'{entry.name}'; it has {', '.join(map(str, frame.columns[:8]))}… Check the header row and the spelling."
        )
    return frame[list(entry.columns)].assign(
        **{name: typed(frame[name], column, path) for name, column in entry.columns.items()}
    )


def typed(values: "pd.Series", column: Column, path: Path) -> "pd.Series":
    """Return a column in its catalog type; an integer column with gaps stays a float one.

    Raises
    ------
    CasebookError
        A value is text where a number belongs; its row (counted from 1, without the header) is named.
    """
    import numpy as np
    import pandas as pd

    if column.type == "string":
        return values.astype("string")
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = (numbers.isna() & values.notna()) | ~np.isfinite(numbers.fillna(0))
    if wrong.any():
        first = int(wrong.to_numpy().argmax())
        raise CasebookError(
            f"{path}: the column {values.name} holds numbers, but row {values.index[first] + 1} has "
            f"{str(values.iloc[first])!r} ({int(wrong.sum()):,} such rows). Mend or remove them; a missing number is "
            "an empty field."
        )
    whole = column.type == "integer" and numbers.notna().all() and (numbers == numbers.round()).all()
    return numbers.astype("int64" if whole else "float64")
