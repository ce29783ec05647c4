"""Pictures and labels as numpy's arrays are read in any usual form, or refused in one sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tasks.images.picture_sets import GREY, X, Y, pictures, refused, save

TAKEN: dict[str, tuple[Any, Any]] = {
    "as keras has them": (X, Y[:, None].astype("uint8")),
    "one-hot": (X, np.eye(3)[Y]),
    "one-hot booleans": (X, np.eye(3, dtype=bool)[Y]),
    "whole fractions": (X, Y.astype("float32")),
    "channels first": (np.moveaxis(X, -1, 1), Y),
    "integers": (X.astype("int64"), Y.astype("int8")),
    "floats to 255": (X.astype("float64"), Y),
    "floats to 1": (X / 255, Y),
    "half floats to 1": ((X / 255).astype("float32"), Y),
    "big-endian": (X.astype(">i4"), Y.astype(">i8")),
}


@pytest.mark.parametrize("form", TAKEN)
def test_pixels_and_labels_come_in_many_forms(tmp_path: Path, form: str) -> None:
    loaded = pictures(save(tmp_path / "a.npz", *TAKEN[form]))
    assert [picture.label for picture in loaded] == [*Y, *Y]
    assert [picture.part for picture in loaded] == ["train"] * 3 + ["test"] * 3
    assert np.array_equal([picture.pixels for picture in loaded], [*X, *X])


def test_grey_pictures_need_no_channels(tmp_path: Path) -> None:
    for x in (X[..., 0], X[..., :1], np.moveaxis(X[..., :1], -1, 1)):
        loaded = pictures(save(tmp_path / "a.npz", x), GREY)
        assert np.array_equal([picture.pixels for picture in loaded[:3]], X[..., :1])
    black_or_white = pictures(save(tmp_path / "a.npz", X[..., 0] > 99), GREY)
    assert np.array_equal(
        [picture.pixels for picture in black_or_white[:3]], np.where(X[..., :1] > 99, 255, 0)
    )


OBJECTS = np.array([{"a": 1}, None, 3], dtype=object)
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a fraction": (
        {"y": [1, 1.5, 0]},
        r"y_train: label 2 is 1\.5 \(1 such labels\). A label is the number",
    ),
    "not a number": ({"y": [1, np.nan, 0]}, "y_train: label 2 is nan"),
    "infinite": ({"y": [1, 0, np.inf]}, "y_train: label 3 is inf"),
    "negative": ({"y": [0, -1, 0]}, "y_train: label 2 is -1"),
    "1e300": ({"y": [0, 1e300, 0]}, r"y_train: label 2 is 1e\+300"),
    "texts": ({"y": ["a", "b", "c"]}, "y_train is of the type <U1. Save it as numbers"),
    "soft labels": ({"y": [[0.5, 0.5], [1, 0], [0, 1]]}, "row 1 is not a 1 among zeros"),
    "two hot": ({"y": [[1, 0], [1, 1], [0, 1]]}, "row 2 is not a 1 among zeros"),
    "three dimensions": ({"y": np.zeros((3, 1, 1))}, r"y_train has shape \(3, 1, 1\)"),
    "one label": ({"y": np.array(1)}, r"y_train has shape \(\)"),
    "objects": ({"y": OBJECTS}, "y_train holds Python objects, which could run code"),
    "fewer labels": ({"y": [0, 1]}, r"x_train has shape \(3, 4, 6, 3\) for 2 labels"),
    "none": ({"x": X[:0], "y": Y[:0]}, "for 0 labels"),
    "another size": (
        {"x": X[:, :3]},
        r"x_train has shape \(3, 3, 6, 3\) of uint8, expected \(4, 6, 3\)",
    ),
    "flat": ({"x": X.reshape(3, -1)}, r"x_train has shape \(3, 72\)"),
    "no pictures": ({"x": np.array(5)}, r"x_train has shape \(\)"),
    "centred": ({"x": X / 127.5 - 1}, "x_train holds numbers from -.* of float64. Brightness is"),
    "not finite": ({"x": np.full(X.shape, np.nan)}, "x_train holds numbers from nan"),
    "16 bits": (
        {"x": X.astype("uint16") * 257},
        "x_train holds numbers from .* to 65535 of uint16",
    ),
    "only 0 and 1": ({"x": (X > 99).astype("uint8")}, "x_train holds only 0 and 1 of uint8"),
    "two scales": ({"x": X / 255, "x_test": X * 1.0}, "x_train goes up to 1 and x_test up to 255"),
    "complex": ({"x": X * 1j}, "x_train is of the type complex128"),
}


@pytest.mark.parametrize("fault", BAD)
def test_other_arrays_are_refused(tmp_path: Path, fault: str) -> None:
    arrays, words = BAD[fault]
    refused(save(tmp_path / "a.npz", **arrays), words)


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.save(path.with_suffix(".npy"), X)
    path.write_bytes(path.with_suffix(".npy").read_bytes())
    refused(path, "a.npz is a single array. Save x_train, y_train, x_test, y_test with numpy.savez")
    path.write_bytes(b"")
    refused(path, "can't be read as npz: No data left in file")
    path.unlink()
    refused(path, "can't be read: No such file or directory. Check")
    np.savez(path, X, Y)
    refused(path, "lacks the array x_test, x_train, y_test, y_train; it has arr_0, arr_1")
