"""What keeps a local Prefect server from working: a full disk, or a damaged database."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from casebook import paths
from casebook.errors import CasebookError

NEEDED = 8_000_000  # bytes for a new database with its journal
LEAST = 65_536  # with fewer bytes left, SQLite can't write its next pages
PATIENCE = 2.0  # seconds for a look at a database, which may be large
DAMAGED = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
)
ELSEWHERE = ("PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL")


class Unfit(CasebookError):
    """A local Prefect server can't work on this disk, or with this database."""


def home() -> Path:
    """Return Prefect's home: ours, unless the user set another."""
    return Path(os.environ.get("PREFECT_HOME") or paths.prefect_home())


def database() -> Path | None:
    """Return the file of Prefect's database; None where another one is named."""
    return None if any(map(os.environ.get, ELSEWHERE)) else home() / "prefect.db"


def check() -> None:
    """See that a server can start.

    Raises
    ------
    Unfit
        The disk is full, or the database damaged.
    """
    path = database()
    if path is None:
        return
    check_space(LEAST if path.exists() else NEEDED)
    if why := wrong_with(path):
        raise Unfit(
            f"Prefect's database {path} can't be used ({why}). It only holds what Prefect knows of "
            "earlier runs. Move it away, or restore a copy, and run the same command again."
        )


def check_space(needed: int = LEAST) -> None:
    """See that there is space for a database.

    Raises
    ------
    Unfit
        There is not, or its folder is out of reach.
    """
    try:
        free = shutil.disk_usage(home()).free
    except OSError as error:
        raise Unfit(
            f"Prefect's home {home()} can't be reached ({error.strerror}). See that the folder is "
            "there, and run the same command again: finished stages are kept."
        ) from error
    if database() and free < needed:
        raise Unfit(
            f"No space is left on the disk at {home()}: {free / 1e6:.1f} MB, and Prefect's "
            f"database needs {needed / 1e6:.1f} MB. Free some (`python -m flows.clean_up` drops "
            "old stages), and run the same command again: finished stages are kept."
        )


def wrong_with(path: Path) -> str | None:
    """Say what is wrong with a database, as far as a look of two seconds shows it."""
    if not path.exists():
        return None
    end = time.monotonic() + PATIENCE
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
        ) as opened:
            opened.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            row: tuple[str] = opened.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        # what is busy, or takes longer, is no damage
        return str(error) if error.sqlite_errorcode & 0xFF in DAMAGED else None
    return None if row[0] == "ok" else row[0].replace("\n", " ")
