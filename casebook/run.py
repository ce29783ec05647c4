"""The run in progress: what was requested, what each stage did, and the record it leaves."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from casebook import alive, files, paths, record, share
from casebook.record import RECORD, RUNNING
from casebook.worker_process import WorkerProcess

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

log = logging.getLogger("casebook")
REPORT = "report.html"


class StageRecord(BaseModel):
    """What one stage did in one run, or would do: the rows of `--plan` and of run.json.

    `seconds`, `bytes` and `peak_memory_mb` are the cost of making the output, also where it was
    reused.
    """

    stage: str
    key: str
    status: Literal["run", "reuse"]
    why: str
    seconds: float | None = None
    bytes: int | None = None
    peak_memory_mb: float | None = None


@dataclass
class Run:
    """One run of a case: `planning` asks what would be done, `refresh` redoes everything.

    `libraries` gathers what the stages to be run in this process need, so that it can be imported
    ahead. `cluster` is where submitted stages are run, if not here. `data` has the kind and the
    hash of each data set that is read. `last` has what takes effect for others at once, such as
    that a model serves: it is done when all else is done. `ending` has what is left to do when the
    run ends, and what is taken back after an exception.
    """

    case: str
    params: BaseModel
    planning: bool = False
    refresh: bool = False
    run_id: str = field(
        default_factory=lambda: f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    )
    stages: list[StageRecord] = field(default_factory=list)
    started: float = field(default_factory=perf_counter)
    data: dict[str, dict[str, str]] = field(default_factory=dict)
    details: dict[str, object] = field(default_factory=dict)
    worker: WorkerProcess = field(default_factory=WorkerProcess)
    libraries: set[str] = field(default_factory=set)
    cluster: DaskTaskRunner | None = None
    last: list[Callable[[], None]] = field(default_factory=list)
    ending: ExitStack = field(default_factory=ExitStack)

    @property
    def folder(self) -> Path:
        """The folder that this run's report, figures and records go to."""
        return paths.runs(self.case) / self.run_id

    @property
    def record(self) -> str:
        """The place of this run's run.json among the artifacts."""
        return (self.folder / RECORD).relative_to(paths.artifacts()).as_posix()

    def note(self) -> None:
        """Write run.json of a run in progress.

        What the run uses must not be cleaned up, even if it is killed.
        """
        if not self.planning:
            self.write(RUNNING)

    def write(self, status: str, error: str | None = None, **more: object) -> None:
        """Write run.json.

        It has parameters, code, libraries, device, and each stage's key, status, seconds and bytes.
        """
        content = {
            "case": self.case,
            "run_id": self.run_id,
            "status": status,
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "error": error,
            "parameters": self.params.model_dump(mode="json"),
            "data": self.data,
            "seconds": round(perf_counter() - self.started, 3),
            **self.details,
            **more,
            "stages": [stage.model_dump() for stage in self.stages],
        }
        path = self.folder / RECORD
        files.write_json(path, content)
        share.write(path, path.read_bytes())
        if status != RUNNING:
            share_ended(self.case)


def share_ended(case: str) -> None:
    """Share the folders of runs that ended.

    These are the run that just ended, and earlier ones that could not be shared then.
    """
    if paths.shared() is None:
        return
    for path in paths.runs(case).glob(f"*/{RECORD}"):
        try:
            run_record = record.read(path.parent)
        except record.Damaged as fault:
            log.warning("%s", fault)
            continue
        ended = run_record is not None and run_record.status != RUNNING
        if ended and not (path.parent / share.MANIFEST).is_file():
            share.push(path.parent)


class Summary(BaseModel):
    """What a finished case returns: where its report is, what it published, what to do next."""

    case: str
    run_id: str
    report: str
    headline: str
    next_command: str


_current: ContextVar[Run] = ContextVar("casebook_run")


def current() -> Run:
    """Return the run in progress.

    Stages find it here, so that a flow needn't pass it to each of them.
    """
    return _current.get()


@contextmanager
def under_way(run: Run) -> Iterator[Run]:
    """Make `run` the current one inside the block, and end its worker process afterwards.

    Unless it only plans, it holds a lock meanwhile, by which others see that it goes on.
    """
    token = _current.set(run)
    try:
        if run.planning:
            yield run
            return
        files.make_folder(run.folder.parent)
        with alive.held(record.lock_of(run.folder)):
            yield run
    finally:
        _current.reset(token)
        run.worker.close()
