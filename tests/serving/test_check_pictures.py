"""Instances with pictures become one array, or the list of their faults."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from serving.check import Refused
from serving.check_pictures import PictureReader
from serving.signature import Shape


def encoded(grey: int, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (6, 8), grey).save(stream, kind, **options)
    return stream.getvalue()


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def reader() -> PictureReader:
    return PictureReader("picture", Shape(8, 6, 1))


def test_every_way_to_give_a_picture_is_read(reader: PictureReader) -> None:
    wrapped = base64.encodebytes(encoded(4)).decode()
    ways = [
        {"b64": text(encoded(1))},
        text(encoded(2)),
        f"data:image/png;base64,{text(encoded(3))}",
        wrapped,
        encoded(5),
    ]
    checked = reader.read([{"picture": way} for way in ways])
    array = checked.feeds["picture"]
    assert (array.shape, array.dtype) == ((5, 8, 6, 1), np.uint8)
    assert array[:, 0, 0, 0].tolist() == [1, 2, 3, 4, 5]
    assert (checked.warnings, checked.more_warnings) == ([], 0)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "not null"),
        (7, "not a number"),
        (["a"], "not a list"),
        ({}, "not an object"),
        ({"b64": None}, "not null"),
        ({"b64": "", "more": 1}, "not an object"),
        ("", "is empty"),
        (b"", "is empty"),
        ({"b64": ""}, "is empty"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/png,abc", "none in base64"),
        ("data:", "none in base64"),
        ("no base64!", "is not base64"),
        ("YWJj\ud800", "is not base64"),
        ("YWJ", "is not base64"),
        (text(b"no picture"), "is no JPEG"),
        (text(encoded(9)[:-30]), "cut short"),
    ],
)
def test_one_wrong_picture_is_named(reader: PictureReader, value: object, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        reader.read([{"picture": encoded(1)}, {"picture": value}])
    (fault,) = refused.value.faults
    assert (fault.row, fault.field) == (1, "picture") and problem in fault.problem


def test_every_fault_is_listed_at_once(reader: PictureReader) -> None:
    with pytest.raises(Refused) as refused:
        reader.read(
            [7, {}, {"photo": 1, "picture": encoded(1)}, {"picture": encoded(1)}, {"picture": "-"}]
        )
    assert [tuple(fault) for fault in refused.value.faults] == [
        (0, None, "a row must be an object, not a number"),
        (1, "picture", "is missing"),
        (2, "photo", "is no field of this model"),
        (4, "picture", "is not base64"),
    ]


def test_what_pil_warns_of_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    damaged = encoded(1, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    reader = PictureReader("picture", Shape(8, 6, 1))
    reader.read([{"picture": damaged}])
    assert capfd.readouterr().err == ""
