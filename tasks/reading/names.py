"""Names: what a file's name says of it."""

from pathlib import Path

PACKINGS = (".gz", ".bz2", ".xz", ".zst", ".zip")
PARQUET = (".parquet", ".pq")
SPREADSHEETS = (".xlsx", ".xlsm")
TABS = (".tsv", ".tab")
TEXTS = (".csv", *TABS)
ENDINGS = tuple(
    ending + packing for ending in (*PARQUET, *SPREADSHEETS, *TEXTS) for packing in ("", *PACKINGS)
)


def usual(name: str, *_: str) -> str:
    """Return the delimiter of a file missing from the catalog, by the first of its names."""
    return "\t" if _ending(name) in TABS else ","


def kind(name: str) -> str:
    """Return what a name says that a file is, packed or not: parquet, spreadsheet or text.

    Examples
    --------
    >>> [kind(name) for name in ("a.PARQUET", "a.csv.gz", "a.xlsm.zip", "a")]
    ['parquet', 'text', 'spreadsheet', 'text']
    """
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
