"""Image tables: an image set that a parquet file holds as encoded images, labels and splits.

An image is a column of bytes, or of a structure with `bytes` and `path`, as Hugging Face's datasets
write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from pyarrow import types as t

from casebook.errors import CasebookError
from casebook.outside import reading
from tasks.images.picture import Picture, Shape, decoded

COLUMNS = ("image", "label", "split")
ROWS = 1024  # that are held at once
MOST_CLASSES = 1 << 16
NO_LABEL = -1  # which the set's suite refuses with its row


def in_table(path: Path, shape: Shape) -> Iterator[Picture]:
    """Yield images that are stored as JPEG, PNG or WebP in a column of a table.

    They are decoded in blocks of rows.

    Raises
    ------
    CasebookError
        The file can't be read, or lacks a column or has one of another type.
    """
    with reading(path, "parquet"):
        file = parquet.ParquetFile(path)
        schema = file.schema_arrow
    _check(path, schema)
    batches = file.iter_batches(ROWS, columns=list(COLUMNS))
    row = 0
    while True:
        with reading(path, "parquet"):
            batch = next(batches, None)
            columns = {} if batch is None else batch.to_pydict()
        if batch is None:
            return
        for image, label, part in zip(*(columns[name] for name in COLUMNS), strict=True):
            row += 1
            yield decoded(_content(image), _label(label, path, row), str(part), shape, f"row {row}")


def _check(path: Path, schema: pa.Schema) -> None:
    names = schema.names
    if missing := sorted(set(COLUMNS) - set(names)):
        raise CasebookError(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(names)}."
        )
    for name in COLUMNS:
        if names.count(name) > 1:
            raise CasebookError(
                f"{path} has the column {name} {names.count(name)} times. Rename all but one."
            )
    expected = {
        "image": "bytes, or a structure with bytes",
        "label": "numbers",
        "split": "texts (train or test)",
    }
    for name, sound in (("image", _is_picture), ("label", _is_number), ("split", _is_text)):
        kind = schema.field(name).type
        if not sound(kind):
            raise CasebookError(
                f"{path}: the column {name} is of the type {kind}. It must hold {expected[name]}."
            )


def _is_picture(kind: pa.DataType) -> bool:

    if t.is_dictionary(kind):
        return _is_picture(kind.value_type)
    if t.is_struct(kind):
        return any(field.name == "bytes" and _is_picture(field.type) for field in kind)
    tests = (t.is_binary, t.is_large_binary, t.is_fixed_size_binary, t.is_binary_view, t.is_null)
    return any(test(kind) for test in tests)


def _is_number(kind: pa.DataType) -> bool:

    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind) or t.is_null(kind))


def _is_text(kind: pa.DataType) -> bool:

    inner = kind.value_type if t.is_dictionary(kind) else kind
    return bool(t.is_string(inner) or t.is_large_string(inner) or t.is_string_view(inner))


def _content(image: Any) -> bytes | None:
    content: bytes | None = image["bytes"] if isinstance(image, dict) else image
    return content


def _label(value: float | None, path: Path, row: int) -> int:
    if value is None or value != value:  # not a number
        return NO_LABEL
    if not NO_LABEL <= value < MOST_CLASSES or value != int(value):
        raise CasebookError(
            f"{path}: the label of row {row} is {value}. A label is the number of a class: 0, 1, "
            "2, …."
        )
    return int(value)
