"""Score: the files that are scored, found and read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from casebook.catalog import DataSet
from casebook.errors import CasebookError
from tasks.reading import table as tables
from tasks.reading.form import Form, form
from tasks.reading.names import ENDINGS, unpacked_name

SUFFIXES = (".parquet", ".csv")  # of what is made
MANY = 1 << 23  # rows of a block, where bytes set a limit
NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Source:
    """A file to be scored.

    Attributes
    ----------
    path
        Where it lies.
    place
        Its path below the input folder, or its name.
    kind
        parquet, spreadsheet or text.
    schema
        Its columns; all but those of a parquet file are texts.
    rows
        How many of its rows are read at once, at most.
    size, changed
        Its bytes, and when it was last written, in ns.
    form
        How it is read.
    codec
        How a parquet file is compressed.
    """

    path: Path
    place: Path
    kind: str
    schema: pa.Schema
    rows: int
    size: int
    changed: int
    form: Form
    codec: str

    @property
    def written(self) -> bool:
        """Whether everything in it is a text, as in CSV."""
        return self.kind != "parquet"

    @property
    def output(self) -> Path:
        """The path of the file's output, below the output folder.

        It is the file's own path if its format is CSV or parquet.
        """
        name = unpacked_name(self.place.name)
        suffix = ".csv" if self.written else ".parquet"
        return self.place.with_name(
            name if name.lower().endswith(suffix) else Path(name).stem + suffix
        )

    @property
    def path_columns(self) -> dict[str, str | None]:
        """The columns that stand in its path, as in `year=2026/part.parquet`."""
        pairs = (part.partition("=") for part in self.place.parts[:-1])
        return {
            name: None if value == NULL else unquote(value)
            for name, equals, value in pairs
            if equals
        }


def find(given: Path, entry: DataSet | None = None) -> list[Source]:
    """Return the file, or a folder's files in the order of their paths.

    Parameters
    ----------
    given
        The file or folder.
    entry
        The data set of the model, which says how files of its names are read.

    Raises
    ------
    CasebookError
        There is none, one can't be read, or two would become one.
    """
    if given.is_file():
        return [look(given, Path(given.name), entry)]
    if not given.is_dir():
        raise CasebookError(f"--input {given}: there is no such file or folder.")
    paths = [
        path for path in given.rglob("*") if path.name.lower().endswith(ENDINGS) and path.is_file()
    ]
    places = sorted(path.relative_to(given) for path in paths)
    shown = [
        place for place in places if not any(part.startswith((".", "_")) for part in place.parts)
    ]
    if not shown:
        raise CasebookError(
            f"--input {given}: the folder holds no file that ends with {' or '.join(SUFFIXES)}."
        )
    sources = [look(given / place, place, entry) for place in shown]
    outputs: dict[Path, Source] = {}
    for source in sources:
        if source.output in outputs:
            raise CasebookError(
                f"--input {given}: {outputs[source.output].place} and {source.place} would both "
                f"become {source.output}. Rename one, or take it out."
            )
        outputs[source.output] = source
    return sources


def look(path: Path, place: Path, entry: DataSet | None = None) -> Source:
    """Read what a file says about itself."""
    how = form(entry, path)
    info, facts = tables.look(path, how), path.stat()
    return Source(
        path,
        place,
        info.kind,
        info.schema,
        info.rows or MANY,
        facts.st_size,
        facts.st_mtime_ns,
        how,
        info.codec,
    )


def blocks(source: Source, limit: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield a file's rows in order, with the number of its bytes read so far.

    A block has at most `limit` rows.
    """
    for block, share in tables.blocks(source.path, source.form, min(limit, source.rows)):
        yield block, int(source.size * share)
