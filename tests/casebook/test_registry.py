"""A pointer, history or manifest is damaged.

The tools that repair it continue, and report what they can't read.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook import files, paths, registry, versions
from casebook.errors import CasebookError

pytestmark = pytest.mark.usefixtures("artifacts")
GARBAGE = {
    "empty": b"",
    "a path": b"../../x\n",
    "zeros": b"\0\0",
    "latin-1": b"\xe4",
    "negative": b"-1\n",
    "nought": b"0\n",
    "leading noughts": b"007\n",
    "a fraction": b"1.0\n",
    "an Arabic digit": "\u0661\n".encode(),
    "too many digits": b"12345678901\n",
}
BROKEN = {
    "empty": b"",
    "half": b'{"trained_on": "re',
    "a list": b"[]",
    "nothing in it": b"{}",
    "another type": b'{"trained_on": 1}',
    "deep": b"[" * 100_000,
    "zeros": b"\0" * 20,
    "unpaired": b'{"trained_on": "real", "run_id": "\\ud800"}',
}


@pytest.fixture(autouse=True)
def log_capture(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """What is said, also after another test has turned our log lines away."""
    monkeypatch.setattr(logging.getLogger("casebook"), "propagate", True)
    return caplog


@pytest.fixture
def shop() -> Path:
    """A case with versions 1 to 3, of which the last serves."""
    for version in (1, 2, 3):
        release(version)
        registry.promote("shop", version)
    return paths.models("shop")


def release(version: int, trained_on: str = "real") -> None:
    folder = paths.models("shop") / str(version)
    files.write_json(
        folder / "manifest.json", {"trained_on": trained_on, "bundle": "b", "files": {}}
    )


def changes() -> list[list[str]]:
    lines = (paths.models("shop") / "history").read_text(encoding="latin-1").splitlines()
    return [line.split()[1:] for line in lines]


@pytest.mark.parametrize("name", GARBAGE)
def test_promote_mends_a_pointer_that_names_no_version(
    shop: Path, log_capture: pytest.LogCaptureFixture, name: str
) -> None:
    (shop / "production").write_bytes(GARBAGE[name])
    with pytest.raises(CasebookError, match=r"production .*python -m flows.promote shop N"):
        registry.production("shop")
    registry.promote("shop", 1)
    assert registry.production("shop") == 1
    assert changes()[-1] == ["3", "1"]
    assert "By history it is version 3" in log_capture.text


def test_promote_mends_a_pointer_to_the_version_that_served(shop: Path) -> None:
    (shop / "production").write_bytes(b"")
    registry.promote("shop", 3)
    assert registry.production("shop") == 3
    assert changes() == [["-", "1"], ["1", "2"], ["2", "3"]]


@pytest.mark.parametrize("name", ["production", "history"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link"])
def test_promote_replaces_what_is_no_file(shop: Path, name: str, kind: str) -> None:
    (shop / name).unlink()
    make = {
        "folder": Path.mkdir,
        "pipe": os.mkfifo,
        "dangling link": lambda path: path.symlink_to("nowhere"),
    }
    make[kind](shop / name)
    registry.promote("shop", 1)
    assert registry.production("shop") == 1
    assert changes()[-1][1] == "1"


def test_a_pointer_to_a_version_that_is_gone_gives_way(shop: Path) -> None:
    (shop / "production").write_text("99\n")
    registry.promote("shop", 1)
    assert registry.production("shop") == 1


def test_a_sample_model_does_not_get_past_the_real_one_by_a_damaged_pointer(shop: Path) -> None:
    release(4, "sample")
    (shop / "production").write_bytes(b"")
    with pytest.raises(CasebookError, match="must not replace version 3"):
        registry.promote("shop", 4)


def test_a_rollback_mends_the_pointer_by_the_history(shop: Path) -> None:
    (shop / "production").write_bytes(b"\0")
    assert registry.rollback("shop") == 2
    assert registry.production("shop") == 2


@pytest.mark.parametrize(
    "line", [b"", b"\0\0\0", b"\xe4 1 2", b"2026-11-01T00:00:00+00:00", b"a b c d"]
)
def test_a_rollback_goes_by_the_lines_that_can_be_read(
    shop: Path, log_capture: pytest.LogCaptureFixture, line: bytes
) -> None:
    lines = (shop / "history").read_bytes().splitlines()
    (shop / "history").write_bytes(b"\n".join([*lines[:2], line]) + b"\n")
    assert registry.rollback("shop") == 2
    assert "history that can't be read: 3" in log_capture.text
    assert registry.rollback("shop") == 1
    with pytest.raises(CasebookError, match="no version to roll back to"):
        registry.rollback("shop")
    assert registry.production("shop") == 1


def test_a_history_of_unreadable_lines_is_told_and_kept_by_a_promotion(shop: Path) -> None:
    (shop / "history").write_bytes(b"cut sho")
    with pytest.raises(CasebookError, match=r"history that can't be read: 1\."):
        registry.rollback("shop")
    registry.promote("shop", 1)
    assert (shop / "history").read_bytes().startswith(b"cut sho\n2")


def test_a_change_that_a_killed_process_noted_and_did_not_make_is_passed_over(shop: Path) -> None:
    (shop / "production").write_text("2\n")
    assert registry.rollback("shop") == 1
    assert changes() == [["-", "1"]]


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_manifest_is_in_nobodys_way(
    shop: Path, log_capture: pytest.LogCaptureFixture, name: str
) -> None:
    (shop / "4").mkdir()
    (shop / "4" / "manifest.json").write_bytes(BROKEN[name])
    registry.promote("shop", 1)
    assert registry.rollback("shop") == 3
    assert versions.versions("shop") == [1, 2, 3]
    assert versions.free_number("shop") == 5
    assert "shop version 4 is passed over" in log_capture.text
    with pytest.raises(
        CasebookError, match=r"version 4 can't serve: .*manifest\.json.*sound are: 1, 2, 3"
    ):
        registry.promote("shop", 4)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_a_manifest_that_is_no_file_is_in_nobodys_way(
    shop: Path, make: Callable[[Path], None]
) -> None:
    (shop / "4").mkdir()
    make(shop / "4" / "manifest.json")
    registry.promote("shop", 1)
    assert versions.versions("shop") == [1, 2, 3]
    assert list(versions.damaged("shop")) == [4]


def test_a_version_without_a_manifest_keeps_its_number(shop: Path) -> None:
    (shop / "7").mkdir()
    assert versions.free_number("shop") == 8
    with pytest.raises(CasebookError, match=r"version 7 can't serve: .* has no manifest.json"):
        registry.promote("shop", 7)


@pytest.mark.parametrize(
    "name", ["0", "007", "1.0", "1\u00b2", "\u0661", "12345678901", "3.bak", "+1", "1_0"]
)
def test_other_names_are_no_versions(shop: Path, name: str) -> None:
    (shop / "3").rename(shop / name)
    assert versions.number(name) is None
    assert versions.versions("shop") == [1, 2]
    assert versions.damaged("shop") == {}


def test_no_number_is_left_after_the_last_one(shop: Path) -> None:
    (shop / "3").rename(shop / "999999999")
    with pytest.raises(CasebookError, match=r"999999999\. Move that folder away"):
        versions.free_number("shop")
