"""What clean_up drops, and what it leaves alone: what goes on, and what it can't understand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from casebook import alive, paths, record
from flows.clean_up import clean_up

pytestmark = pytest.mark.usefixtures("artifacts")
OLD, NEW = "20261128T100000-aaaaaa", "20261128T100001-bbbbbb"
HOLD = "import sys; from pathlib import Path; from casebook import alive\n"
HOLD += "with alive.held(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


def output(key: str) -> Path:
    folder = paths.store() / "shop" / "train" / (key * 32)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    return folder


def run(name: str, status: str, key: str) -> Path:
    folder = paths.runs("shop") / name
    folder.mkdir(parents=True)
    content = {"status": status, "stages": [{"stage": "train", "key": key * 32}]}
    (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def version(manifest: object) -> None:
    folder = paths.models("shop") / "1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def pair(status: str) -> list[Path]:
    """Two runs with an output each, of which the older one has this status."""
    return [output("a"), run(OLD, status, "a"), output("b"), run(NEW, "completed", "b")]


def there(file_paths: list[Path]) -> list[bool]:
    return [path.exists() for path in file_paths]


def test_an_older_run_goes_and_what_it_alone_used() -> None:
    file_paths = pair("completed")
    assert clean_up(1).startswith("Dropped 2 folders")
    assert there(file_paths) == [False, False, True, True]


def test_what_a_run_uses_that_goes_on_stays_however_few_are_kept() -> None:
    file_paths = pair("running")
    with alive.held(record.lock_of(file_paths[1])):
        assert clean_up(1) == "Dropped 0 folders, 0.0 MB."
    assert all(there(file_paths))


def test_a_run_of_another_machine_goes_on_as_long_as_its_record_is_young() -> None:
    file_paths = pair("running")
    assert clean_up(1) == "Dropped 0 folders, 0.0 MB."
    os.utime(file_paths[1] / "run.json", (0, 0))
    assert clean_up(1).startswith("Dropped 2 folders")
    assert there(file_paths) == [False, False, True, True]


def test_a_killed_run_is_told_from_one_that_goes_on() -> None:
    file_paths = pair("running")
    lock = record.lock_of(file_paths[1])
    command = [sys.executable, "-c", HOLD, str(lock)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=paths.project(), **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout.readline() == b"held\n"
        clean_up(1)
        assert all(there(file_paths))
        process.kill()
        process.wait()
    clean_up(1)
    assert there(file_paths) == [False, False, True, True]
    assert not lock.exists()


def test_what_is_made_while_it_looks_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    file_paths, late = pair("completed"), []
    real = record.read

    def read(folder: Path) -> record.Record | None:
        if not late:
            late.extend([run("20261128T110000-cccccc", "running", "c"), output("c")])
        return real(folder)

    monkeypatch.setattr("flows.clean_up.read", read)
    clean_up(5)
    assert all(there(file_paths))
    assert len(late) == 2
    assert all(there(late))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"status": 1, "stages": []}', "\0\0"])
def test_a_damaged_record_stays_with_all_that_its_run_may_have_used(content: str) -> None:
    file_paths = [*pair("completed"), output("c")]
    (file_paths[3] / "run.json").write_text(content, encoding="utf-8")
    message = clean_up(1)
    assert there(file_paths) == [True, False, True, True, True]
    assert str(file_paths[3] / "run.json") in message
    assert f"All outputs of shop stay, as nobody can tell what {NEW} used." in message


@pytest.mark.parametrize(
    "manifest", [{}, [], "", {"trained_on": "real"}, {"trained_on": "real", "run_id": 1}]
)
def test_a_version_that_can_not_tell_its_run_keeps_all_runs(manifest: object) -> None:
    file_paths = pair("completed")
    version(manifest)
    message = clean_up(1)
    assert there(file_paths) == [False, True, True, True]
    assert "All runs of shop stay" in message


def test_the_run_of_a_version_stays() -> None:
    file_paths = pair("completed")
    version({"trained_on": "real", "run_id": OLD})
    clean_up(1)
    assert there(file_paths) == [False, True, True, True]
