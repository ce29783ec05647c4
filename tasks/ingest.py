"""Ingest: read the source file into a table that has the catalog's columns and types, or say what is wrong."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from casebook.catalog import Column, DataFile, DataSet, data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts
from casebook.tables import write_table
from tasks.fetch import Origin, proven

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
    proven(origin)
    return {
        "rows": len(frame),
        "columns": list(frame.columns),
        "dataset": entry.name,
        "kind": origin.kind,
        "origin": origin.note,
    }


class Form(TypedDict):
    """How a file is to be read, in pandas' words."""

    sep: str
    names: list[str] | None
    na_values: list[str]
    skiprows: int
    sheet_name: str | None


def form(entry: DataSet, path: Path) -> Form:
    """Return how a file is to be read: as the catalog says of a file of this name, else of a spreadsheet, else plainly.

    A spreadsheet keeps its sheets and its preamble when it is given another name.
    """
    known = {file.name: file for file in entry.files}
    alike = (file for file in entry.files if file.name.endswith(SPREADSHEET) and path.suffix == SPREADSHEET)
    file = known.get(path.name) or next(alike, DataFile(name=path.name))
    return {
        "sep": file.separator,
        "names": None if file.header else list(entry.columns),
        "na_values": [file.missing] if file.missing is not None else [],
        "skiprows": file.skip,
        "sheet_name": file.sheet,
    }


SPREADSHEET = ".xlsx"
PLAIN: Form = {"sep": ",", "names": None, "na_values": [], "skiprows": 0, "sheet_name": None}
KINDS = {".parquet": "parquet", SPREADSHEET: "a spreadsheet (xlsx)"}  # any other ending is CSV


def read(path: Path, form: Form = PLAIN) -> "pd.DataFrame":
    """Read a CSV, parquet or xlsx file.

    Raises
    ------
    CasebookError
        The file is empty, cut short or no such file at all, or a spreadsheet lacks the sheet.
    """
    import pandas as pd
    import pyarrow

    kind = KINDS.get(path.suffix, "CSV")
    readers = {".parquet": _read_parquet, SPREADSHEET: _read_sheet}
    try:
        frame = readers.get(path.suffix, _read_text)(path, form)
    except (
        pyarrow.ArrowInvalid,
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
        zipfile.BadZipFile,
        OSError,
    ) as error:
        raise CasebookError(
            f"The file {path} can't be read as {kind}: {str(error).strip() or type(error).__name__}. It may be cut "
            "short or of another format; fetch it again or name another with --source PATH."
        ) from error
    if frame.empty:
        raise CasebookError(f"The file {path} has no rows. Name another with --source PATH.")
    return frame


def _read_parquet(path: Path, _: Form) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_parquet(path)


def _read_text(path: Path, form: Form) -> "pd.DataFrame":
    import pandas as pd

    return pd.read_csv(
        path,
        skipinitialspace=True,
        header="infer" if form["names"] is None else None,
        sep=form["sep"],
        names=form["names"],
        na_values=form["na_values"],
        skiprows=form["skiprows"],
    )


def _read_sheet(path: Path, form: Form) -> "pd.DataFrame":
    """Read one sheet; a header that is a number, as a year may be, becomes text as in a text file."""
    import pandas as pd

    try:
        book = pd.ExcelFile(path, engine="openpyxl")
    except KeyError as error:  # what openpyxl says of a zip file that is no spreadsheet
        raise zipfile.BadZipFile(str(error)) from error
    with book:
        sheet = form["sheet_name"] or book.sheet_names[0]
        if sheet not in book.sheet_names:
            raise CasebookError(
                f"The spreadsheet {path} has no sheet '{sheet}'; it has {', '.join(map(str, book.sheet_names))}. "
                "Rename the sheet, or name another file with --source PATH."
            )
        frame = pd.read_excel(book, sheet_name=sheet, skiprows=form["skiprows"], na_values=form["na_values"])
    return frame.rename(columns=str)


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
