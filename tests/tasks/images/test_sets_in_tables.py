"""Encoded pictures in a table are read in any usual form, or refused in one sentence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.tasks.images.picture_sets import content, pictures, refused, table

PICTURE = content("JPEG")
IMAGES: dict[str, pa.Array] = {
    "as Hugging Face has them": pa.array(
        [{"bytes": PICTURE, "path": f"{i}.jpg"} for i in range(3)]
    ),
    "large": pa.array([PICTURE] * 3, pa.large_binary()),
    "fixed": pa.array([PICTURE] * 3, pa.binary(len(PICTURE))),
    "packed by a dictionary": pa.array([PICTURE] * 3).dictionary_encode(),
}


@pytest.mark.parametrize("form", IMAGES)
def test_encoded_pictures_come_in_many_forms(tmp_path: Path, form: str) -> None:
    loaded = pictures(table(tmp_path / "a.parquet", IMAGES[form]))
    assert [picture.problem for picture in loaded] == [None] * 3
    assert [(picture.label, picture.part) for picture in loaded] == [
        (0, "train"),
        (1, "test"),
        (0, "train"),
    ]


def test_a_picture_without_bytes_is_named(tmp_path: Path) -> None:
    images = pa.array([{"bytes": None, "path": "1.jpg"}, {"bytes": PICTURE, "path": None}, None])
    loaded = pictures(table(tmp_path / "a.parquet", images))
    assert [picture.problem for picture in loaded] == [
        "row 1: cannot identify image file",
        None,
        "row 3: cannot identify image file",
    ]


def test_odd_columns_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    whole = pictures(table(path, [PICTURE] * 3, pa.array([1.0, None, np.nan])))
    assert [picture.label for picture in whole] == [1, -1, -1]
    refused(
        table(path, [PICTURE] * 3, [0, 1.5, 0]),
        r"the label of row 2 is 1\.5. A label is the number of a class",
    )
    refused(
        table(path, [PICTURE] * 3, [0, 1 << 62, 0]), "the label of row 2 is 4611686018427387904"
    )
    refused(
        table(path, [PICTURE] * 3, ["a", "b", "c"]),
        "the column label is of the type string. It must hold numbers",
    )
    refused(
        table(path, ["a", "b", "c"]), "the column image is of the type string. It must hold bytes"
    )
    refused(table(path, [[1], [2], [3]]), "the column image is of the type list")
    refused(
        table(path, [PICTURE] * 3, split=[0, 1, 0]),
        "the column split is of the type int64. It must hold texts",
    )
    frame = pd.DataFrame(
        {"image": [PICTURE], "label": [0], "split": ["train"]}, index=pd.Index([7], name="id")
    )
    frame.to_parquet(path)
    assert len(pictures(path)) == 1
