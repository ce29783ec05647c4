"""Source: a table wherever it lies, as one file that all stages can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pyarrow as pa
import sqlalchemy
from pyarrow import json, parquet
from sqlalchemy import exc

from casebook import files, outside, paths
from casebook.addresses import without_password
from casebook.catalog import DataFile
from casebook.errors import CasebookError
from tasks.data.download import NoAnswer, NotTheFile, download
from tasks.reading import table as tables
from tasks.reading.form import form_of
from tasks.reading.names import ENDINGS, unpacked_name
from tasks.reading.sniff import sniff

JSON_LINES = (".jsonl", ".ndjson", ".json")
DATABASES = (".sqlite", ".sqlite3", ".db")
PATTERN = "*?["


def located(source: str, given: DataFile) -> DataFile:
    """Return the one file in which a source's table lies, and how it is written.

    Parameters
    ----------
    source
        A file, a folder or a pattern of files with the same columns, an address (https), or a
        database (`sqlite:///shop.db`, `postgresql://…`) of which `given.sheet` names the table.
    given
        What is known of how it is written.

    Raises
    ------
    CasebookError
        There is nothing, or it can't be read.
    """
    path = Path(source).expanduser()
    if "://" in source and urlsplit(source).scheme in ("http", "https"):
        return _one(_downloaded(source), given)
    if "://" in source:
        return _kept(_from_database(source, given.sheet), source)
    if path.suffix.lower() in DATABASES:
        _there(path)
        return _kept(_from_database(f"sqlite:///{path.resolve()}", given.sheet), source)
    parts = _parts(source, path)
    if len(parts) == 1:
        return _one(parts[0], given)
    return _kept(_joined([(part, _table(_one(part, given))) for part in parts]), source)


def _one(path: Path, given: DataFile) -> DataFile:
    if path.stat().st_size == 0:
        raise CasebookError(f"The file {path} is empty. Name another with --source.")
    if Path(unpacked_name(path.name)).suffix.lower() in JSON_LINES:
        return _kept(_from_json(path), str(path))
    named = {"name": str(path.resolve()), "note": "your file"}
    return sniff(path, given.model_copy(update=named))


def _table(file: DataFile) -> pa.Table:
    return tables.whole(Path(file.name), form_of(file))


def _parts(source: str, path: Path) -> list[Path]:
    """Return the files that a path, a folder or a pattern names, in the order of their names."""
    if path.is_dir():
        parts = sorted(part for part in path.iterdir() if part.name.lower().endswith(ENDINGS))
    elif any(mark in source for mark in PATTERN) and not path.exists():
        parts = sorted(_matching(path))
    else:
        _there(path)
        return [path]
    if not parts:
        raise CasebookError(
            f"--source {source}: there is no table. Name a file, or another folder."
        )
    return parts


def _matching(pattern: Path) -> Iterator[Path]:
    """Yield the files that a pattern names."""
    parts = pattern.parts
    fixed = next(place for place, part in enumerate(parts) if any(mark in part for mark in PATTERN))
    yield from Path(*parts[:fixed]).glob("/".join(parts[fixed:]))


def _there(path: Path) -> None:
    if not path.exists():
        raise CasebookError(f"--source {path}: there is no such file. Check the path.")


def _joined(parts: Sequence[tuple[Path, pa.Table]]) -> pa.Table:
    """Return the rows of all parts.

    Raises
    ------
    CasebookError
        One has other columns than the first.
    """
    first, whole = parts[0]
    for path, part in parts[1:]:
        if set(part.column_names) != set(whole.column_names):
            other = sorted(set(part.column_names) ^ set(whole.column_names))
            raise CasebookError(
                f"{path} has other columns than {first}: only one of them has {', '.join(other)}. "
                "Name files that have the same columns."
            )
    ordered = [part.select(whole.column_names) for _, part in parts]
    return pa.concat_tables(ordered, promote_options="permissive")


def _from_json(path: Path) -> pa.Table:
    try:
        begins = path.read_bytes()[:1] == b"["
        records = outside.parse_json(outside.read_text(path), path) if begins else None
        table = json.read_json(path) if records is None else pa.Table.from_pylist(records)
    except (pa.ArrowException, AttributeError, TypeError) as error:
        raise CasebookError(
            f"{path} can't be read as JSON lines: {str(error).splitlines()[0]}. Write one object "
            "with the same fields on each line."
        ) from error
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    if nested:
        raise CasebookError(
            f"{path}: {', '.join(nested)} holds lists or objects, and a table has plain values. "
            "Write their parts as fields of their own."
        )
    return table


def _from_database(url: str, table: str | None) -> pa.Table:
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
        names = sqlalchemy.inspect(engine).get_table_names()
        name = table or (names[0] if len(names) == 1 else "")
        if name not in names:
            raise CasebookError(
                f"The database has the tables {', '.join(names) or '(none)'}: name one of them "
                "with --sheet."
            )
        frame = pd.read_sql_table(name, engine)
    except (exc.SQLAlchemyError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise CasebookError(
            f"The database {sqlalchemy.make_url(url).render_as_string() if '@' in url else url} "
            f"can't be read: {reason}. Check its address, and that its driver is installed."
        ) from error
    return pa.Table.from_pandas(frame, preserve_index=False)


def _downloaded(url: str) -> Path:
    name = Path(urlsplit(url).path).name or "table.csv"
    place = paths.raw() / "own" / _digest(url) / name
    try:
        return download(url, place, None)
    except (NoAnswer, NotTheFile) as error:
        raise CasebookError(f"--source {url}: {error}. Check the address.") from error


def _kept(table: pa.Table, source: str) -> DataFile:
    """Write a table that is in no file of its own into the cache, and return what it is there."""
    place = paths.raw() / "own" / _digest(source) / "table.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    content = pa.BufferOutputStream()
    parquet.write_table(table, content)
    files.write_bytes(place, content.getvalue().to_pybytes())
    return DataFile(name=str(place), note=without_password(source))


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
