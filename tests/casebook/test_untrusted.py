"""Names and files that anybody may have written."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from casebook.store import Ref
from casebook.untrusted import Untrusted, inside, read

BAD = {
    "empty": "",
    "here": ".",
    "above": "..",
    "above_in_between": "a/../../b",
    "absolute": "/etc/passwd",
    "doubled": "a//b",
    "ending": "a/",
    "backslash": "a\\b",
    "drive": "C:x",
    "null": "a\0",
    "line": "a\nb",
    "half_a_character": "\ud800",
    "device": "NUL",
    "device_with_ending": "com1.txt",
    "device_with_a_blank": "aux .txt",
    "device_with_a_sign": "CONIN$",
    "last_dot": "a.",
    "last_blank": "a ",
    "redirection": "a<b",
    "long": "a" * 256,
    "long_in_bytes": "가" * 86,
    "deep": "/".join("a" * 33),
    "number": 5,
    "nothing": None,
}


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Untrusted, match="is not the name of a file"):
        inside(tmp_path, BAD[name])


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "model.onnx",
        "fold-0/network.keras",
        "..a",
        "a b",
        "한글.md",
        "console",
        "aux-1",
        "train-1:10",
    ],
    ids=range(9),
)
def test_other_names_are_taken(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) == tmp_path / name


@pytest.mark.skipif(os.name == "nt", reason="pipes, sockets and devices in folders are POSIX")
@pytest.mark.parametrize(
    "make",
    [
        Path.mkdir,
        os.mkfifo,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to("/dev/tty"),
    ],
    ids=["folder", "pipe", "endless", "terminal"],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "x")
    with pytest.raises(Untrusted, match="x is no regular file"):
        read(tmp_path / "x", 10)


def test_a_file_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read(tmp_path / "x", 5) == b"12345"
    with pytest.raises(Untrusted, match="has 5 bytes, more than the 4"):
        read(tmp_path / "x", 4)


@pytest.mark.parametrize("place", ["case", "stage", "key"])
@pytest.mark.parametrize("name", ["..", "../x", "/x", "a/b", ""], ids=range(5))
def test_a_reference_stays_in_the_store(place: str, name: str) -> None:
    with pytest.raises(ValidationError, match="is not the name of a folder"):
        Ref.model_validate({"case": "a", "stage": "b", "key": "c"} | {place: name})
