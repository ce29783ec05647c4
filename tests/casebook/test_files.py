"""What is written is whole or not there at all."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook import files, paths


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
def test_a_folder_that_stands_there_gives_way_only_when_asked(
    tmp_path: Path, replace: bool, kept: str
) -> None:
    for text in ("old", "new"):
        with files.new_folder(tmp_path / "made", replace=replace) as out:
            (out / "a.txt").write_text(text, encoding="utf-8")
    assert (tmp_path / "made" / "a.txt").read_text(encoding="utf-8") == kept
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


WRITE = """
import sys, time
from pathlib import Path
from casebook import files
with files.new_folder(Path(sys.argv[1]) / "made") as out:
    (out / "a.txt").write_text("a")
    print(out.name, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of writing a folder."""
    command = [sys.executable, "-c", WRITE, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=paths.project(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(".tmp-")
        yield process
        process.kill()


def test_what_another_process_is_writing_is_not_swept(
    tmp_path: Path, writer: subprocess.Popen[str]
) -> None:
    files.sweep(tmp_path)
    (partial,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert (partial / "a.txt").read_text() == "a"


def test_what_a_killed_process_left_is_swept(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    writer.kill()
    writer.wait()
    files.sweep(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_lock_or_of_another_machine_is_swept_when_it_is_a_day_old(
    tmp_path: Path,
) -> None:
    names = f".tmp-{platform.node()}-aa", ".tmp-another-machine-bb", ".tmp-another-machine-cc"
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / f"{names[2]}.lock").touch()
    files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == set(names)
    for name in names:
        os.utime(tmp_path / name, (0, 0))
    files.sweep(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is no file"):
        files.read(tmp_path / "pipe")
    assert files.read(tmp_path / "none") is None


def test_json_is_replaced_in_one_step_and_nan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    files.write_json(path, {"a": "ü"})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, float("nan"))
    assert path.read_text(encoding="utf-8") == '{\n  "a": "ü"\n}\n'
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


def test_the_hash_is_that_of_all_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert (
        files.sha256(tmp_path / "a")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
