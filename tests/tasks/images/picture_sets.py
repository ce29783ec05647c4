"""Small picture sets in any usual form, and what reading them gives."""

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from casebook.errors import CasebookError
from tasks.images.picture import Picture, Shape
from tasks.images.read import read

SHAPE, GREY = Shape(4, 6, 3), Shape(4, 6, 1)
KINDS = ("daisy", "rose")


def content(
    kind: str = "PNG",
    mode: str = "RGB",
    colour: Any = (200, 30, 60),
    size: tuple[int, int] = (6, 4),
) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, kind)
    return buffer.getvalue()


def pack(path: Path, files: dict[str, bytes]) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name, data in files.items():
                packed.writestr(name, data)
        return path
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def pictures(path: Path, shape: Shape = SHAPE, kinds: tuple[str, ...] = KINDS) -> list[Picture]:
    return list(read(path, shape, kinds))


def refused(path: Path, words: str, shape: Shape = SHAPE, kinds: tuple[str, ...] = KINDS) -> None:
    with pytest.raises(CasebookError, match=words) as error:
        pictures(path, shape, kinds)
    assert path.name in str(error.value)
    assert "\n" not in str(error.value)


X = np.random.default_rng(0).integers(2, 256, (3, *SHAPE)).astype("uint8")
Y = np.array([1, 0, 2])


def save(path: Path, x: Any = X, y: Any = Y, **other: Any) -> Path:
    np.savez(path, **{"x_train": x, "y_train": y, "x_test": x, "y_test": y, **other})
    return path


def table(
    path: Path, images: Any, label: Any = (0, 1, 0), split: Any = ("train", "test", "train")
) -> Path:
    columns = {"image": images, "label": label, "split": split}
    arrays = {
        name: values if isinstance(values, pa.Array) else pa.array(values)
        for name, values in columns.items()
    }
    parquet.write_table(pa.table(arrays), path)
    return path
