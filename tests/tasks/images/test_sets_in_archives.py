"""Pictures in archives, with a folder for each class, are read, or refused in one sentence."""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tasks.images.picture_sets import (
    content,
    pack,
    pictures,
    refused,
)

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
