"""Score: the files that are scored, found and read block by block."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from casebook.errors import CasebookError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv

SUFFIXES = (".parquet", ".csv")
CSV_BLOCK = 8 << 20  # bytes
BLOCK = 32 << 20  # bytes of a block of rows, about: a table of many columns is read in fewer rows at once
BUFFERS = 32 << 20  # bytes read ahead, whatever the size of the row groups
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
    schema
        Its columns; those of a CSV file are texts.
    rows
        How many of its rows are read at once, at most.
    size, changed
        Its bytes, and when it was last written, in ns.
    """

    path: Path
    place: Path
    schema: "pa.Schema"
    rows: int
    size: int
    changed: int

    @property
    def written(self) -> bool:
        """Whether it is CSV, in which everything is a text."""
        return self.path.suffix == ".csv"

    @property
    def path_columns(self) -> dict[str, str | None]:
        """The columns that stand in its path, as in `year=2026/part.parquet`."""
        pairs = (part.partition("=") for part in self.place.parts[:-1])
        return {name: None if value == NULL else unquote(value) for name, equals, value in pairs if equals}


def find(given: Path) -> list[Source]:
    """Return the file, or a folder's files in the order of their paths.

    Raises
    ------
    CasebookError
        There is none, or one can't be read.
    """
    if given.is_file():
        return [look(given, Path(given.name))]
    if not given.is_dir():
        raise CasebookError(f"--input {given}: there is no such file or folder.")
    places = sorted(path.relative_to(given) for path in given.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    shown = [place for place in places if not any(part.startswith((".", "_")) for part in place.parts)]
    if not shown:
        raise CasebookError(f"--input {given}: the folder holds no file that ends with {' or '.join(SUFFIXES)}.")
    return [look(given / place, place) for place in shown]


def look(path: Path, place: Path) -> Source:
    """Read what a file says about itself."""
    if path.suffix not in SUFFIXES:
        raise CasebookError(f"{path}: only files that end with {' or '.join(SUFFIXES)} can be scored.")
    with readable(path):
        facts = path.stat()
        schema = _schema_of_csv(path) if path.suffix == ".csv" else _schema_of_parquet(path)
        rows = CSV_BLOCK if path.suffix == ".csv" else _rows_at_once(path)
    if twice := sorted({name for name in schema.names if schema.names.count(name) > 1}):
        raise CasebookError(f"{path}: the column {twice[0]} stands there twice. Rename one.")
    return Source(path, place, schema, rows, facts.st_size, facts.st_mtime_ns)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn whatever reading a file raises into an error that names it."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CasebookError(f"{path} can't be read: {reason}. Mend the file or leave it out.") from error


def blocks(source: Source, most: int) -> Iterator[tuple["pa.RecordBatch", int]]:
    """Yield a file's rows in order, at most so many at once, and how many of its bytes are done then."""
    rows = min(most, source.rows)
    read = _blocks_of_csv if source.written else _blocks_of_parquet
    parts = read(source, rows)
    while True:
        with readable(source.path):
            part = next(parts, None)
        if part is None:
            return
        block, done = part
        for start in range(0, block.num_rows, rows):
            yield block.slice(start, rows), done


def _schema_of_parquet(path: Path) -> "pa.Schema":
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return file.schema_arrow


def _rows_at_once(path: Path) -> int:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        told = file.metadata
        size = sum(told.row_group(number).total_byte_size for number in range(told.num_row_groups))
        return int(max(1, BLOCK // max(8 * told.num_columns, size // max(1, told.num_rows), 1)))


def _blocks_of_parquet(source: Source, rows: int) -> Iterator[tuple["pa.RecordBatch", int]]:
    from pyarrow import parquet

    done = 0
    ahead = max(1 << 16, BUFFERS // max(1, len(source.schema)))
    with parquet.ParquetFile(source.path, buffer_size=ahead, pre_buffer=False) as file:
        for block in file.iter_batches(rows):
            done += block.num_rows
            yield block, source.size * done // file.metadata.num_rows


def _schema_of_csv(path: Path) -> "pa.Schema":
    import pyarrow as pa
    from pyarrow import csv

    with path.open("rb") as stream, csv.open_csv(stream, parse_options=_dialect()) as reader:
        return pa.schema([(name, pa.string()) for name in reader.schema.names])


def _dialect() -> "csv.ParseOptions":
    from pyarrow import csv

    return csv.ParseOptions(newlines_in_values=True)


def _blocks_of_csv(source: Source, rows: int) -> Iterator[tuple["pa.RecordBatch", int]]:
    """Read every cell as it is written; an empty one is missing."""
    from pyarrow import csv

    convert = csv.ConvertOptions(
        column_types=source.schema, strings_can_be_null=True, null_values=[""], check_utf8=True
    )  # fmt: skip
    with (
        source.path.open("rb") as stream,
        csv.open_csv(stream, csv.ReadOptions(block_size=CSV_BLOCK), _dialect(), convert) as reader,
    ):
        for block in reader:
            yield block, min(stream.tell(), source.size)
