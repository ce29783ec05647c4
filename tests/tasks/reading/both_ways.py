"""A file read as training does, and as scoring does."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.store import Ref
from casebook.tables import read_table
from serving.check_columns import Numbers
from serving.signature import Field
from tasks.data.ingest import ingest
from tasks.reading.table import unmarked
from tasks.scoring.cells import column, fits
from tasks.scoring.read import blocks, find

Values = dict[str, list[Any]]
HEADER = "price,pieces,maker,sold"


ROWS = "1.5,3,Acme,0\n2,4,Bolt,1\n"
SOUND: Values = {"price": [1.5, 2.0], "pieces": [3, 4], "maker": ["Acme", "Bolt"], "sold": [0, 1]}


def no_sample(rows: int, seed: int) -> pd.DataFrame:
    raise AssertionError("a file was given")


def plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def trained(path: Path, keep: Callable[..., Ref], dataset: str = "shop") -> Values:
    """Return what training reads."""
    frame = read_table(
        keep(ingest.fn, Origin(dataset=dataset, kind="real", path=path), no_sample, 0, 0)
    )
    return {str(name): [plain(value) for value in frame[name]] for name in frame.columns}


def scored(path: Path, dataset: str = "shop") -> Values:
    """Return what scoring reads; a cell that is no number stays a text, as the message has it."""
    entry = data_set(dataset)
    (source,) = find(path, entry)
    values: Values = {name: [] for name in entry.columns}
    for block, _ in blocks(source, 1 << 20):
        if source.written:
            block = unmarked(block, source.form.missing)
        for name, spec in entry.columns.items():
            field = Field(name, spec.type, optional=True)
            cells = block.column(name)
            if not fits(field, cells.type, written=source.written):
                raise CasebookError(f"{path}: {name} is {cells.type}")
            read = column(field, cells)
            values[name] += [plain(read.cell(row)) for row in range(len(cells))]
            assert isinstance(read, Numbers) == (spec.type != "string")
    return values


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


TEXT = f"{HEADER}\n{ROWS}"
