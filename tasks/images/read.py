"""Decode: read an image set into one array, and a table that describes each image in a row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy import typing as npt

from casebook.array_types import UInt8Array
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import write_table
from tasks.data.fetch import proven
from tasks.images.archives import ARCHIVES, in_archive
from tasks.images.arrays import ARRAYS, in_arrays
from tasks.images.picture import Picture, Shape
from tasks.images.tables import COLUMNS, in_table

SampleMaker: TypeAlias = "Callable[[int, int], tuple[UInt8Array, npt.NDArray[np.int64]]]"

PICTURES = "pictures.npy"
TEST_SHARE = 5  # a sample's every fifth picture is a test picture


@stage
def decode(
    out: Path,
    origin: Origin,
    shape: Shape,
    sample: SampleMaker,
    sample_rows: int,
    seed: int,
    classes: tuple[str, ...] = (),
) -> Facts:
    """Decode every picture to one shape, or make the sample.

    `classes` names the folders of an archive, in the order of their labels; without them each
    folder is a class.

    Writes `pictures.npy`, uint8 of shape (pictures, height, width, channels), and `table`, a row
    per picture: its place in the array, label, part (`train` or `test`, as the set has it), width,
    height and mode before it was brought to the shape, the hash of its pixels, and what is wrong
    with it. A picture that can't be decoded is black in the array: validation sets it aside.

    Raises
    ------
    CasebookError
        The file can't be read, or lacks what a picture set of its kind holds.
    """
    records = list(
        sample_pictures(sample, sample_rows, seed)
        if origin.path is None
        else read(origin.path, shape, classes)
    )
    pictures = np.zeros((len(records), *shape), "uint8")
    for place, picture in enumerate(records):
        if picture.pixels is not None:
            pictures[place] = picture.pixels
    np.save(out / PICTURES, pictures)
    table = pd.DataFrame(
        {
            "picture": np.arange(len(records)),
            "label": [picture.label for picture in records],
            "part": [picture.part for picture in records],
            "width": [picture.size[0] for picture in records],
            "height": [picture.size[1] for picture in records],
            "mode": [picture.mode for picture in records],
            "sha256": [hashlib.sha256(pixels.tobytes()).hexdigest() for pixels in pictures],
            "problem": pd.Series([picture.problem for picture in records], dtype="string"),
        }
    )
    write_table(out, table)
    proven(origin)
    return {
        "rows": len(table),
        "columns": list(table.columns),
        "shape": list(shape),
        "dataset": origin.dataset,
        "kind": origin.kind,
        "origin": origin.note,
    }


def sample_pictures(sample: SampleMaker, rows: int, seed: int) -> Iterator[Picture]:
    """Yield the pictures that the sample's maker draws; every fifth is a test picture."""
    pictures, labels = sample(rows, seed)
    mode = "L" if pictures.shape[-1] == 1 else "RGB"
    for i, (pixels, label) in enumerate(zip(pictures, labels, strict=True)):
        part = "train" if (i + 1) % TEST_SHARE else "test"
        yield Picture(pixels, int(label), part, (pixels.shape[1], pixels.shape[0]), mode)


def read(path: Path, shape: Shape, classes: tuple[str, ...] = ()) -> Iterator[Picture]:
    """Return the images of a file.

    They are arrays of pixels (npz), or encoded images in a table (parquet) or in an archive.

    Raises
    ------
    CasebookError
        It is another kind of file, can't be read, or lacks an array or a column.
    """
    name = path.name.lower()
    if name.endswith(".npz"):
        return in_arrays(path, shape)
    if name.endswith(".parquet"):
        return in_table(path, shape)
    if name.endswith(ARCHIVES):
        return in_archive(path, shape, classes)
    raise CasebookError(
        f"{path} is no picture set: give an npz with {', '.join(ARRAYS)}, a parquet with the "
        f"columns {', '.join(COLUMNS)}, or a tgz or zip with a folder for each class."
    )


def pictures_of(raw: Ref, rows: Any) -> UInt8Array:
    """Return some of a set's pictures by their places in the array."""
    chosen: UInt8Array = np.load(raw.path(PICTURES), mmap_mode="r")[rows]
    return chosen
