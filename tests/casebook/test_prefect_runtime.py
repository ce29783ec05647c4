"""A Prefect server of our own.

Whatever keeps it from working is named at once, and a server that is killed is started again.
"""

import os
import signal
import sqlite3
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prefect import settings

from casebook import prefect_disk, prefect_runtime
from casebook.errors import CasebookError
from casebook.operation import Operation

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def home(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of Prefect's own, with no server and no other database named."""
    for name in ("PREFECT_API_URL", *prefect_disk.ELSEWHERE):
        monkeypatch.delenv(name, raising=False)
    folder = artifacts / "prefect"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PREFECT_HOME", str(folder))
    return folder


@pytest.fixture
def database(home: Path) -> Path:
    """A sound database."""
    with closing(sqlite3.connect(home / "prefect.db")) as opened, opened:
        opened.execute("CREATE TABLE runs (name TEXT)")
        opened.executemany("INSERT INTO runs VALUES (?)", [("x" * 1000,)] * 200)
    return home / "prefect.db"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribble(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:20_000] + b"\xff" * 8192 + content[28_192:])


def replace(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"garbage" * 1000),
    "half": cut,
    "overwritten": scribble,
    "a folder": replace,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_database_is_named_before_a_server_starts(database: Path, name: str) -> None:
    DAMAGE[name](database)
    with (
        pytest.raises(CasebookError, match=r"prefect\.db can't be used .* Move it away"),
        prefect_runtime.server(),
    ):
        pass
    assert "PREFECT_API_URL" not in os.environ


def test_a_sound_an_empty_and_no_database_are_fine(database: Path) -> None:
    prefect_disk.check()
    database.write_bytes(b"")
    prefect_disk.check()
    database.unlink()
    prefect_disk.check()


def test_a_busy_database_is_not_damaged(database: Path) -> None:
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("BEGIN EXCLUSIVE")
        prefect_disk.check()


def test_a_full_disk_is_named_before_a_server_starts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        prefect_disk.shutil, "disk_usage", lambda _: Usage(10**6, 10**6 - 5000, 5000)
    )
    with (
        pytest.raises(CasebookError, match=f"No space is left on the disk at {home}"),
        prefect_runtime.server(),
    ):
        pass


def test_a_home_that_was_removed_is_named(home: Path) -> None:
    home.rmdir()
    with pytest.raises(CasebookError, match=r"can't be reached \(No such file or directory"):
        prefect_disk.check_space()


def test_a_database_elsewhere_is_not_looked_for_here(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write_bytes(b"garbage" * 1000)
    monkeypatch.setenv(
        "PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://prefect@db/prefect"
    )
    prefect_disk.check()


def tidy(what: str) -> str:
    """Tidy up."""
    return f"{what} is tidy."


def test_what_mends_is_done_without_a_server_that_can_not_start(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database.write_bytes(b"garbage" * 1000)
    assert Operation(tidy, mends=True).main(["all"]) == 0
    output = capsys.readouterr()
    assert output.out == "all is tidy.\n"
    assert "done without Prefect" in output.err
    assert Operation(tidy).main(["all"]) == 1
    assert "prefect.db" in capsys.readouterr().err


def test_a_user_without_a_name_may_mend_too(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10002")

    database.write_bytes(b"garbage" * 1000)
    monkeypatch.setattr("getpass.getuser", nameless)
    assert Operation(tidy, mends=True).main(["all"]) == 0
    assert f"by user {os.getuid()}" in capsys.readouterr().err


@pytest.fixture(
    params=[signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"]
)
def handler(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Handle SIGINT as Python does, or ignore it, as a shell does for background processes."""
    before = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("home")
def test_a_server_that_is_killed_is_started_again_and_the_run_ends_if_that_happens_too_often(
    monkeypatch: pytest.MonkeyPatch, handler: Any
) -> None:

    client = settings.get_current_settings().client
    monkeypatch.setattr(client, "max_retries", client.max_retries)  # to be restored
    monkeypatch.setattr(prefect_runtime, "RESTARTS", 1)
    with pytest.raises(
        CasebookError, match="ended 2 times by itself, the last time with exit code -9"
    ):
        wait_under_a_server_that_is_killed_twice()
    assert client.max_retries == 0
    assert signal.getsignal(signal.SIGINT) == handler


def wait_under_a_server_that_is_killed_twice() -> None:
    with prefect_runtime.server() as starting:
        starting.wait()
        for _ in range(2):
            wait_until_answered()
            kill(starting)
        time.sleep(600)


def kill(starting: prefect_runtime.Starting) -> None:
    """Kill the server, and wait until its end is noticed."""
    killed = starting.process
    assert killed is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    while starting.process is killed and starting.failure is None:
        time.sleep(0.1)


def wait_until_answered() -> None:
    while not prefect_runtime.answers(os.environ["PREFECT_API_URL"]):
        time.sleep(0.1)
