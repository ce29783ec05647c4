"""PostgreSQL as the distribution has it, with a database of its own in a folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casebook import prefect_runtime
from casebook.errors import CasebookError

START_LIMIT = 60.0
ACCOUNT = "postgres"  # PostgreSQL refuses to be run by root
# not on the PATH
PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL on a free port of the loopback address, and yield its address for Prefect.

    Raises
    ------
    CasebookError
        It is not installed, or did not start.
    """
    bin, port, password = programs(), prefect_runtime.free_port(), secrets.token_hex(16)
    account = make(bin, folder, password)
    settings = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
    command = [
        str(bin / "postgres"),
        "-D",
        str(folder / "data"),
        *(word for setting in settings for word in ("-c", setting)),
    ]
    log = folder / "log"
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, cwd=folder, user=account) as process,
    ):
        try:
            wait([str(bin / "pg_isready"), "--host=127.0.0.1", f"--port={port}"], process, log)
            yield f"postgresql+asyncpg://prefect:{password}@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # its fast way: it waits for nobody's connection


def programs() -> Path:
    """Return the folder of PostgreSQL's programs.

    It is the one on the PATH, or else the newest where distributions put it.

    Raises
    ------
    CasebookError
        There is none.
    """
    if program := shutil.which("initdb"):
        return Path(program).resolve().parent  # it may be a link
    folders = [path.parent for place in PLACES for path in Path("/").glob(f"{place}/initdb")]
    if not folders:
        raise CasebookError(
            f"PostgreSQL's programs are neither on the PATH nor in /{', /'.join(PLACES)}: install "
            "it (Debian: apt install postgresql), or put its programs on the PATH."
        )
    return max(folders, key=lambda folder: int("".join(filter(str.isdigit, str(folder))) or 0))


def account_for(*paths: Path) -> str | None:
    """Return the account that runs PostgreSQL, and give it the paths.

    None stands for our own account.

    Raises
    ------
    CasebookError
        We are root, and there is no such account.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    try:
        for path in paths:
            shutil.chown(path, ACCOUNT)
    except LookupError:
        raise CasebookError(
            f"PostgreSQL can't be run by root, and there is no account {ACCOUNT}: make one."
        ) from None
    return ACCOUNT


def make(bin: Path, folder: Path, password: str) -> str | None:
    """Make the database's files, and return the account that owns them.

    Raises
    ------
    CasebookError
        PostgreSQL's own program refused to.
    """
    folder.mkdir(parents=True)
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password, encoding="utf-8")
    account = account_for(folder, secret)
    options = [
        "--username=prefect",
        "--auth=scram-sha-256",
        f"--pwfile={secret}",
        f"--pgdata={folder / 'data'}",
    ]
    result = subprocess.run(
        [bin / "initdb", *options], capture_output=True, text=True, cwd=folder, user=account
    )
    secret.unlink()
    if result.returncode:
        raise CasebookError(f"PostgreSQL's initdb failed in {folder}: {result.stderr.strip()}")
    return account


def wait(asking: list[str], process: subprocess.Popen[bytes], log: Path) -> None:
    """Come back when PostgreSQL takes connections.

    Raises
    ------
    CasebookError
        It ended, or took none within a minute.
    """
    limit = time.monotonic() + START_LIMIT
    while subprocess.run(asking, capture_output=True).returncode:
        if process.poll() is not None or time.monotonic() > limit:
            raise CasebookError(
                "PostgreSQL did not start: "
                f"{log.read_text(encoding='utf-8', errors='replace')[-500:]}"
            )
        time.sleep(0.1)
