"""What is written is whole or not there at all."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from casebook import files


def test_a_new_folder_appears_whole_and_only_at_the_end(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "made") as out:
        (out / "a.txt").write_text("a", encoding="utf-8")
        assert not (tmp_path / "made").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "a.txt").read_text(encoding="utf-8") == "a"


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), files.new_folder(tmp_path / "made") as out:  # noqa: PT012
        (out / "a.txt").write_text("a", encoding="utf-8")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("replace", "kept"), [(False, "old"), (True, "new")])
def test_a_folder_that_stands_there_gives_way_only_when_asked(tmp_path: Path, replace: bool, kept: str) -> None:
    for text in ("old", "new"):
        with files.new_folder(tmp_path / "made", replace=replace) as out:
            (out / "a.txt").write_text(text, encoding="utf-8")
    assert (tmp_path / "made" / "a.txt").read_text(encoding="utf-8") == kept
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_only_what_dead_processes_of_this_machine_left_is_swept(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    here, kept = f".tmp-{platform.node()}", {f".tmp-another-machine-{dead.pid}-cc", "made"}
    for name in (f"{here}-{dead.pid}-aa", f"{here}-{os.getpid()}-bb", *kept):
        (tmp_path / name).mkdir()
    files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{here}-{os.getpid()}-bb", *kept}


def test_json_is_replaced_in_one_step_and_nan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    files.write_json(path, {"a": "ü"})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, float("nan"))
    assert path.read_text(encoding="utf-8") == '{\n  "a": "ü"\n}\n'
    assert [each.name for each in path.parent.iterdir()] == ["a.json"]


def test_the_hash_is_that_of_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
