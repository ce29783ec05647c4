"""Pictures of any file come out in one shape; what can't be decoded is said, not dropped."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.store import Ref
from casebook.tables import read_table
from tasks.images.picture import Shape, fitted
from tasks.images.read import decode, pictures_of

SHAPE = Shape(6, 6, 3)


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (6, 6), kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def origin(path: Path | None) -> Origin:
    return Origin(dataset="shop", kind="real" if path else "sample", path=path)


def sample(rows: int, seed: int) -> Any:
    return np.full((rows, *SHAPE), 7, "uint8"), np.arange(rows) % 2


def stored(path: Path, images: list[bytes | None], **columns: list[Any]) -> Path:
    frame = pd.DataFrame(
        {"image": images, "label": [0] * len(images), "split": ["train"] * len(images), **columns}
    )
    frame.to_parquet(path)
    return path


def test_encoded_pictures_of_any_kind_and_size(keep: Callable[..., Ref], tmp_path: Path) -> None:
    images = [
        jpeg((255, 0, 0)),
        jpeg((0, 255, 0), (20, 10), "PNG"),
        jpeg((0, 0, 255), (6, 9), "WEBP"),
    ]
    path = stored(tmp_path / "a.parquet", images, label=[0, 1, 2], split=["train", "test", "train"])
    ref = keep(decode.fn, origin(path), SHAPE, sample, 0, 0)
    table = read_table(ref)
    assert table["label"].tolist() == [0, 1, 2]
    assert table["part"].tolist() == ["train", "test", "train"]
    assert table[["width", "height"]].to_numpy().tolist() == [[6, 6], [20, 10], [6, 9]]
    assert table["problem"].isna().all()
    assert pictures_of(ref, [0, 1, 2]).argmax(axis=3).reshape(3, -1).tolist() == [
        [0] * 36,
        [1] * 36,
        [2] * 36,
    ]


def test_what_cannot_be_decoded_is_named(keep: Callable[..., Ref], tmp_path: Path) -> None:
    whole = jpeg((9, 9, 9), (300, 300), "PNG")
    path = stored(tmp_path / "a.parquet", [b"no picture", None, whole[: len(whole) // 2], whole])
    problems = read_table(keep(decode.fn, origin(path), SHAPE, sample, 0, 0))["problem"]
    assert "cannot identify" in problems[0]
    assert problems.notna().tolist() == [True, True, True, False]


def test_arrays_of_pixels(keep: Callable[..., Ref], tmp_path: Path) -> None:
    x = np.arange(3 * 108, dtype="uint8").reshape(3, *SHAPE)
    np.savez(
        tmp_path / "a.npz",
        x_train=x[:2],
        y_train=np.array([1, 0]),
        x_test=x[2:],
        y_test=np.array([1]),
    )
    ref = keep(decode.fn, origin(tmp_path / "a.npz"), SHAPE, sample, 0, 0)
    assert np.array_equal(pictures_of(ref, slice(None)), x)
    assert read_table(ref)["part"].tolist() == ["train", "train", "test"]


def test_a_sample_is_parted(keep: Callable[..., Ref]) -> None:
    ref = keep(decode.fn, origin(None), SHAPE, sample, 10, 0)
    assert (read_table(ref)["part"] == "test").sum() == 2
    assert ref.facts["kind"] == "sample"


def _lacking(path: Path) -> Path:
    np.savez(path.with_suffix(".npz"), x_train=np.zeros((1, *SHAPE), "uint8"))
    return path.with_suffix(".npz")


def _other_size(path: Path) -> Path:
    x, y = np.zeros((2, 5, 5, 3), "uint8"), np.zeros(2)
    np.savez(path.with_suffix(".npz"), x_train=x, y_train=y, x_test=x, y_test=y)
    return path.with_suffix(".npz")


def _cut(path: Path) -> Path:
    stored(path.with_suffix(".parquet"), [jpeg((1, 2, 3))])
    path.with_suffix(".parquet").write_bytes(path.with_suffix(".parquet").read_bytes()[:100])
    return path.with_suffix(".parquet")


def _no_image(path: Path) -> Path:
    pd.DataFrame({"label": [1], "split": ["train"]}).to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def _text(path: Path) -> Path:
    path.with_suffix(".csv").write_text("a,b")
    return path.with_suffix(".csv")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_lacking, "lacks the array x_test, y_test, y_train"),
        (_other_size, "x_train has shape"),
        (_cut, "can't be read as parquet"),
        (_no_image, "lacks the column image"),
        (_text, "is no picture set"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    keep: Callable[..., Ref], tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    with pytest.raises(CasebookError, match=words):
        keep(decode.fn, origin(make(tmp_path / "a")), SHAPE, sample, 0, 0)


def test_a_picture_is_turned_upright_and_its_middle_is_cut_out() -> None:
    image = Image.new("RGB", (4, 2))
    image.putpixel((0, 0), (255, 255, 255))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    upright = np.asarray(fitted(Image.open(buffer), Shape(4, 2, 1)))
    assert upright.shape == (4, 2)
    assert upright[0, 1] == 255
    wide = Image.fromarray(np.repeat([[0, 0, 255, 255, 0, 0]], 2, axis=0).astype("uint8"))
    assert np.asarray(fitted(wide, Shape(2, 2, 1))).min() == 255


def test_an_archive_with_a_folder_for_each_class(keep: Callable[..., Ref], tmp_path: Path) -> None:
    path = tmp_path / "photos.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (
            ("photos/roses/1.jpg", jpeg((255, 0, 0))),
            ("photos/daisy/2.jpg", jpeg((0, 255, 0))),
            ("photos/../daisy/3.jpg", b"no picture"),
            ("photos/LICENSE.txt", b"by their authors"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    table = read_table(keep(decode.fn, origin(path), SHAPE, sample, 0, 0))
    assert table["label"].tolist() == [1, 0, 0]
    assert table["problem"].notna().tolist() == [False, False, True]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CasebookError, match=r"photos\.tgz can't be read as tgz"):
        keep(decode.fn, origin(path), SHAPE, sample, 0, 0)
