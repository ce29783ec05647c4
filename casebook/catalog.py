"""The catalog of data sets: what each is, where it comes from, what its columns mean."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from casebook import outside, paths
from casebook.errors import CasebookError


class Unlisted(CasebookError):
    """No catalog here has the data set."""


Role = Literal[
    "target", "number", "category", "date", "text", "identifier", "constant", "repeat", "left out"
]


class Column(BaseModel):
    """One column: its type, its unit, what it says, and whether its value may be missing.

    In a table that was looked at by a program alone, `role` says what the column is for a model,
    and `reason` why. `categories` are the values, or the words of a text, that it is given; with
    `rarer` other values stand in the table as well. `date_format` is how `strftime` writes its
    dates.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["float", "integer", "string"]
    unit: str | None = None
    description: str = ""
    optional: bool = False
    role: Role | None = None
    reason: str = ""
    categories: tuple[str, ...] = ()
    rarer: bool = False
    date_format: str = ""


class DataFile(BaseModel):
    """One file that holds the data set (or a subset of it), with its public address if it has one.

    `separator` is what parts the fields of a text file, as a regular expression where it is longer
    than a character; without a `header` the fields are the catalog's columns in their order;
    `missing` (one mark, or several) stands where a value is missing. A text is in an `encoding` of
    Python's; its numbers have a `decimal` point or comma, and `thousands` may be parted by a mark.
    Of a spreadsheet `sheet` is the one that is read, the
    first if none is named. `skip` rows stand before the header. Where `quote` is false, quotes
    enclose no fields: they are characters like any other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    url: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    rows: int | None = None
    note: str = ""
    separator: str = ","
    header: bool = True
    missing: str | tuple[str, ...] | None = None
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: str = ""
    sheet: str | None = None
    skip: int = 0
    quote: bool = True

    @property
    def marks(self) -> tuple[str, ...]:
        """What stands where a value is missing."""
        return (self.missing,) if isinstance(self.missing, str) else self.missing or ()


class DataSet(BaseModel):
    """One entry of the catalog.

    `limits` says what metrics on this data do not show; `population_*` describe the population of
    which a file may be a subset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    folder: str
    licence: str
    citation: str
    limits: str = ""
    target: str | None = None
    population_rows: int | None = None
    population_positives: int | None = None
    files: tuple[DataFile, ...]
    columns: dict[str, Column]

    @property
    def drafted(self) -> bool:
        """Whether a program alone has looked at the table."""
        return any(column.role for column in self.columns.values())


def data_set(name: str) -> DataSet:
    """Return the catalog's entry for a data set.

    Raises
    ------
    CasebookError
        A catalog is no TOML, or the entry is missing or malformed.
    """
    names = []
    for root in paths.roots():
        path = root / "data" / "catalog.toml"
        entries = outside.parse_toml(outside.read_text(path), path) if path.is_file() else {}
        names += list(entries)
        if name in entries:
            return _entry(name, entries[name], path)
    raise Unlisted(
        f"The catalog has no data set '{name}'; it has {', '.join(names)}. Add it to "
        "data/catalog.toml."
    )


def _entry(name: str, values: Any, path: Path) -> DataSet:
    if not isinstance(values, dict):
        raise CasebookError(
            f"The entry {name} in {path} is no table: write it as [{name}] with fields below."
        )
    try:
        return DataSet.model_validate({"name": name, **values})
    except ValidationError as error:
        raise CasebookError(
            f"The entry [{name}] in {path} is malformed: {outside.faults(error)}. Mend it there."
        ) from error
