"""Form: how a file is to be read, as the catalog says or as its name does."""

from dataclasses import dataclass
from pathlib import Path

from casebook.catalog import DataSet
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
    """

    separator: str = ","
    names: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()
    skip: int = 0
    sheet: str | None = None
    quote: bool = True


PLAIN = Form()


def form(entry: DataSet | None, path: Path) -> Form:
    """Return how a file is to be read: as the catalog says of a file of its name, else plainly.

    A file may be packed. A spreadsheet keeps its sheet and its preamble when it is given another
    name, and any file the marks of missing values that the data set has.
    """
    files = entry.files if entry else ()
    called = {name.lower() for name in (path.name, unpacked_name(path.name), *inner_names(path))}
    data_file = next((file for file in files if file.name.lower() in called), None)
    if data_file is None and kind(path.name) == "spreadsheet":
        data_file = next((file for file in files if kind(file.name) == "spreadsheet"), None)
    if data_file is None:
        every = {file.missing: None for file in files if file.missing is not None}
        return Form(separator=usual(*inner_names(path), path.name), missing=tuple(every))
    names = None if data_file.header or entry is None else tuple(entry.columns)
    marks = () if data_file.missing is None else (data_file.missing,)
    return Form(data_file.separator, names, marks, data_file.skip, data_file.sheet, data_file.quote)
