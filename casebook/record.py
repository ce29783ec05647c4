"""Reading run.json, the record that each run leaves, and telling whether its run still goes on."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from casebook import alive, files, share
from casebook.errors import CasebookError

RECORD = "run.json"
RUNNING = "running"
# A run without a lock that we see is one of another machine, or was killed with its machine. Its
# record is written anew at each stage, and no stage takes this long.
SILENCE = 3 * 86_400.0
OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class Damaged(CasebookError):
    """A file that a run left can't be read."""


class Used(BaseModel):
    """A stage's output that a run made or reused."""

    stage: str
    key: str


class Record(BaseModel):
    """What other programs of ours need to know of a run, from its run.json."""

    model_config = ConfigDict(extra="ignore")

    status: str
    stages: list[Used]
    run_id: str = ""
    parameters: dict[str, Any] = {}
    data: dict[str, Any] = {}
    written_at: datetime | None = None


def read(folder: Path) -> Record | None:
    """Return the record in a run's folder, here or on the shared storage; None where there is none.

    Raises
    ------
    Damaged
        It was cut short or altered.
    """
    path = folder / RECORD
    try:
        content = files.read(path)
        if content is None:
            content = share.read(path)
        return None if content is None else Record.model_validate_json(content)
    except (OSError, ValidationError) as error:
        raise _damaged(path, error) from error


def content(path: Path) -> dict[str, Any]:
    """Return all that a JSON file of a run holds; nothing where there is none.

    Raises
    ------
    Damaged
        It was cut short or altered.
    """
    try:
        held = files.read(path)
        return {} if held is None else OBJECT.validate_json(held)
    except (OSError, ValidationError) as error:
        raise _damaged(path, error) from error


def lock_of(folder: Path) -> Path:
    """Return the lock file that a run holds as long as it goes on."""
    return folder.with_name(f".{folder.name}.lock")


def goes_on(folder: Path, record: Record) -> bool:
    """Say whether a run goes on: its lock tells, or how long ago its record was written."""
    if record.status != RUNNING:
        return False
    if lock_of(folder).is_file():
        return alive.lives(lock_of(folder))
    path = folder / RECORD
    if path.is_file():
        return time.time() - path.stat().st_mtime < SILENCE
    return record.written_at is None or time.time() - record.written_at.timestamp() < SILENCE


def _damaged(path: Path, error: OSError | ValidationError) -> Damaged:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        why = f"its field {field}: {first['msg']}" if field else first["msg"]
    else:
        why = str(error.strerror)
    return Damaged(
        f"{path} can't be read ({why}). Restore it, or delete that folder and run the case again."
    )
