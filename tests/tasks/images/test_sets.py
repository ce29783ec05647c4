"""A picture set in any usual form gives the same pictures and labels, or a clear error.

The error is one sentence.
"""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


USUAL = {
    "a.jpg": "JPEG",
    "b.jpeg": "JPEG",
    "c.JPG": "JPEG",
    "d.png": "PNG",
    "e.PNG": "PNG",
    "f.webp": "WEBP",
    "g.gif": "GIF",
    "h.bmp": "BMP",
    "i.tif": "TIFF",
    "j.jfif": "JPEG",
}


@pytest.mark.parametrize("name", ["set.tgz", "set.tar.gz", "set.tar", "set.zip", "SET.TGZ"])
def test_every_usual_kind_of_picture_is_read(tmp_path: Path, name: str) -> None:
    files = {f"set/rose/{file_name}": content(kind) for file_name, kind in USUAL.items()}
    loaded = pictures(pack(tmp_path / name, {**files, "set/daisy/1.jpg": content("JPEG")}))
    assert [picture.label for picture in loaded] == [1] * len(USUAL) + [0]
    for picture in loaded:
        assert picture.problem is None and picture.pixels is not None
        assert np.abs(picture.pixels.astype(int) - (200, 30, 60)).max() < 12


def test_what_is_left_out_is_counted_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="casebook")
    files = {
        "set/rose/1.jpg": content("JPEG"),
        "set/daisy/1.jpg": content("JPEG"),
        "set/daisy/._1.jpg": b"of a Mac",
        "__MACOSX/set/daisy/._1.jpg": b"of a Mac",
        "set/.DS_Store": b"",
        "set/daisy/Thumbs.db": b"",
        ".git/daisy/2.jpg": content("JPEG"),
        "set/LICENSE.txt": b"free",
        "set/daisy/raw.heic": b"?",
        "set/lilies/1.jpg": content("JPEG"),
        "set/README": b"",
    }
    assert [picture.label for picture in pictures(pack(tmp_path / "set.zip", files))] == [1, 0]
    assert caplog.messages == [
        "set.zip: left out 1 .heic, 1 .txt, 1 files without an ending, 1 pictures in no folder of "
        "a class"
    ]


def test_folders_within_a_class_and_around_all_are_no_classes(tmp_path: Path) -> None:
    files = {
        "a/train/rose/2019/1.png": content(),
        "a/test/Daisy/1.png": content(),
        "a/rose/2.png": content(),
    }
    assert [picture.label for picture in pictures(pack(tmp_path / "set.tgz", files))] == [1, 0, 1]


def test_nothing_is_written_wherever_an_archive_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "here").mkdir(parents=True)
    monkeypatch.chdir(root / "here")
    files = {
        "../../rose/1.png": content(),
        "/daisy/1.png": content(),
        "..\\..\\daisy\\2.png": content(),
    }
    for name in ("set.tar", "set.zip"):
        assert [picture.label for picture in pictures(pack(root / name, files))] == [1, 0, 0]
    assert sorted(path.name for path in root.rglob("*")) == ["here", "set.tar", "set.zip"]


def test_links_are_left_out(tmp_path: Path) -> None:
    path = pack(tmp_path / "set.tar", {"rose/1.png": content(), "daisy/1.png": content()})
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("rose/2.png")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    assert len(pictures(path)) == 2


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    cut = content(size=(90, 90))[:200]
    path = pack(
        tmp_path / "set.tgz", {"rose/1.png": b"?", "daisy/1.png": content(), "rose/2.png": cut}
    )
    problems = [picture.problem for picture in pictures(path)]
    assert problems[0] == "rose/1.png: cannot identify image file"
    assert problems[1] is None
    assert str(problems[2]).startswith("rose/2.png: ")


@pytest.mark.parametrize(
    ("kind", "mode", "colour", "seen"),
    [
        ("JPEG", "CMYK", (0, 255, 255, 0), (254, 0, 0)),
        ("PNG", "RGBA", (0, 0, 0, 0), (255, 255, 255)),
        ("PNG", "LA", (90, 255), (90, 90, 90)),
        ("PNG", "1", 1, (255, 255, 255)),
        ("PNG", "I;16", 40_000, (156, 156, 156)),
        ("GIF", "P", 0, (0, 0, 0)),
        ("TIFF", "RGB", (1, 2, 3), (1, 2, 3)),
    ],
)
def test_colours_of_every_mode_are_right(
    tmp_path: Path, kind: str, mode: str, colour: Any, seen: Any
) -> None:
    path = pack(
        tmp_path / "set.tar", {"rose/1.png": content(kind, mode, colour), "daisy/1.png": content()}
    )
    pixels = pictures(path)[0].pixels
    assert pixels is not None and np.abs(pixels.astype(int) - seen).max() <= 1


@pytest.mark.parametrize(("mode", "colour"), [("I", 70_000), ("F", 0.5)])
def test_pixels_without_a_white_are_set_aside(tmp_path: Path, mode: str, colour: float) -> None:
    path = pack(
        tmp_path / "set.tar",
        {"rose/1.tif": content("TIFF", mode, colour), "daisy/1.png": content()},
    )
    assert "no defined white" in str(pictures(path)[0].problem)


def test_archives_that_lack_something_are_refused(tmp_path: Path) -> None:
    one = {"set/rose/1.png": content()}
    refused(pack(tmp_path / "a.tgz", one), "a.tgz has no pictures of daisy. Put those")
    refused(
        pack(tmp_path / "b.zip", {"set/rose.txt": b""}),
        r"has no pictures \(.*\) in folders named daisy, rose",
    )
    refused(
        pack(tmp_path / "c.zip", {"rose.png": content()}), "with a name for each class", kinds=()
    )
    nested = {"set/rose/1.png": content(), "set/rose/old/1.png": content()}
    refused(
        pack(tmp_path / "d.tgz", nested), "the folder set/rose/old lies in another one", kinds=()
    )
    whole = pack(
        tmp_path / "e.zip", {"rose/1.png": content(size=(99, 99)), "daisy/1.png": content()}
    ).read_bytes()
    (tmp_path / "e.zip").write_bytes(whole[:-30])
    refused(
        tmp_path / "e.zip",
        r"e\.zip can't be read as zip: File is not a zip file. It may be cut short",
    )
    (tmp_path / "f.tgz").write_bytes(b"")
    refused(tmp_path / "f.tgz", r"f\.tgz can't be read as tgz")


X = np.random.default_rng(0).integers(2, 256, (3, *SHAPE)).astype("uint8")
Y = np.array([1, 0, 2])


def save(path: Path, x: Any = X, y: Any = Y, **other: Any) -> Path:
    np.savez(path, **{"x_train": x, "y_train": y, "x_test": x, "y_test": y, **other})
    return path


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


WHOLE: dict[str, Callable[[Path], Path]] = {
    "npz": lambda path: save(path / "a.npz"),
    "packed npz": lambda path: (
        (np.savez_compressed(path / "a.npz", x_train=X, y_train=Y, x_test=X, y_test=Y), path)[1]
        / "a.npz"
    ),
    "tgz": lambda path: pack(path / "a.tgz", {"rose/1.png": content(), "daisy/1.png": content()}),
    "zip": lambda path: pack(path / "a.zip", {"rose/1.png": content(), "daisy/1.png": content()}),
    "parquet": lambda path: table(path / "a.parquet", [content()] * 3),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_damaged_file_is_always_told_in_one_sentence(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = WHOLE[kind](tmp_path_factory.mktemp("damaged"))
    whole = path.read_bytes()

    @settings(max_examples=60)
    @given(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8),
        st.integers(0, 400),
    )
    def damaged(changes: list[tuple[int, int]], cut: int) -> None:
        spoilt = bytearray(whole)
        for place, value in changes:
            spoilt[place] = value
        path.write_bytes(spoilt[: len(spoilt) - cut] if cut < len(spoilt) else spoilt)
        message = path.name
        try:
            pictures(path)
        except CasebookError as error:
            message = str(error)
        assert path.name in message and "\n" not in message

    damaged()


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
