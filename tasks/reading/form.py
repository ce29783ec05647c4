"""Form: how a file is to be read, as the catalog says or as its name does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from casebook.catalog import DataFile, DataSet
from tasks.reading.names import kind, unpacked_name, usual
from tasks.reading.packing import inner_names


@dataclass(frozen=True)
class Form:
    """How a file is to be read.

    Attributes
    ----------
    separator
        What parts the fields of a text file; a regular expression if it is longer than a character.
    names
        The names of the columns where no header has them.
    missing
        What stands where a value is missing.
    skip
        How many lines stand before the header.
    sheet
        Which sheet of a spreadsheet is read; the first if it is None.
    quote
        Whether quotes enclose fields. Otherwise they are characters like any other.
    encoding
        How a text file's characters are written.
    decimal, thousands
        How its numbers are written.
    """

    separator: str = ","
    names: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()
    skip: int = 0
    sheet: str | None = None
    quote: bool = True
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""


PLAIN = Form()


def form(entry: DataSet | None, path: Path) -> Form:
    """Return how a file is to be read: as the catalog says of a file of its name, else plainly.

    A file may be packed. A spreadsheet keeps its sheet and its preamble when it is given another
    name, a text of a table of somebody's own how it is written, and any file the marks of missing
    values that the data set has.
    """
    files = entry.files if entry else ()
    data_file = _listed(files, path)
    if data_file is None:
        every = dict.fromkeys(mark for file in files for mark in file.marks)
        return Form(separator=usual(*inner_names(path), path.name), missing=tuple(every))
    names = None if data_file.header or entry is None else tuple(entry.columns)
    return form_of(data_file, names)


def form_of(file: DataFile, names: tuple[str, ...] | None = None) -> Form:
    """Return how a file is read, by the catalog's words; `names` are the columns without a header.

    Examples
    --------
    >>> form_of(DataFile(name="a.csv", separator=";", missing="?")).missing
    ('?',)
    """
    return Form(
        separator=file.separator,
        names=names,
        missing=file.marks,
        skip=file.skip,
        sheet=file.sheet,
        quote=file.quote,
        encoding=file.encoding,
        decimal=file.decimal,
        thousands=file.thousands,
    )


def _listed(files: Sequence[DataFile], path: Path) -> DataFile | None:
    """Return what the catalog says of a file of this name, or of one that is written alike."""
    called = {name.lower() for name in (path.name, unpacked_name(path.name), *inner_names(path))}
    for file in files:
        if Path(file.name).name.lower() in called:
            return file
    which = kind(path.name)
    for file in files:
        alike = which == "spreadsheet" or (which == "text" and Path(file.name).is_absolute())
        if alike and kind(file.name) == which:
            return file
    return None
