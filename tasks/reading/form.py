"""Form: how a file is to be read, as the catalog says or as its name does."""

from dataclasses import dataclass
from pathlib import Path

from casebook.catalog import DataSet

PACKINGS = (".gz", ".bz2", ".xz", ".zst", ".zip")
PARQUET = (".parquet", ".pq")
SPREADSHEETS = (".xlsx", ".xlsm")
TABS = (".tsv", ".tab")
TEXTS = (".csv", *TABS)
ENDINGS = tuple(
    ending + packing
    for ending in (*PARQUET, *SPREADSHEETS, *TEXTS)
    for packing in ("", *PACKINGS)
)  # fmt: skip


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

    A spreadsheet keeps its sheet and its preamble when it is given another name, and any file the
    marks of missing values that the data set has.
    """
    files = entry.files if entry else ()
    called = (path.name.lower(), unpacked_name(path.name).lower())
    known = next((file for file in files if file.name.lower() in called), None)
    if known is None and kind(path.name) == "spreadsheet":
        known = next((file for file in files if kind(file.name) == "spreadsheet"), None)
    if known is None:
        every = {file.missing: None for file in files if file.missing is not None}
        return Form(separator=usual(path), missing=tuple(every))
    names = None if known.header or entry is None else tuple(entry.columns)
    marks = () if known.missing is None else (known.missing,)
    return Form(known.separator, names, marks, known.skip, known.sheet, known.quote)


def usual(path: Path) -> str:
    """Return what parts the fields of a file that the catalog doesn't know."""
    return "\t" if _ending(path.name) in TABS else ","


def kind(name: str) -> str:
    """Return what a name says that a file is, packed or not: parquet, spreadsheet or text."""
    ending = _ending(name)
    if ending in PARQUET:
        return "parquet"
    return "spreadsheet" if ending in SPREADSHEETS else "text"


def unpacked_name(name: str) -> str:
    """Return a file's name without the ending that says how it is packed."""
    ending = Path(name).suffix
    return name[: -len(ending)] if ending.lower() in PACKINGS else name


def _ending(name: str) -> str:
    return Path(unpacked_name(name)).suffix.lower()
