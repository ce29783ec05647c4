"""Keep the state of a scoring in progress, so that a killed one resumes where it stopped.

The result of a scoring appears in one step.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock
import pyarrow as pa

from casebook import files
from casebook.errors import CasebookError
from tasks.scoring.blocks import Answers

log = logging.getLogger("casebook")


@dataclass(frozen=True)
class Tally:
    """Numbers of rows: all, faulty, outside the known range, and answered in an earlier run."""

    rows: int = 0
    faulty: int = 0
    warned: int = 0
    kept: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            *(
                one + two
                for one, two in zip(asdict(self).values(), asdict(other).values(), strict=True)
            )
        )


@dataclass(frozen=True)
class Job:
    """A scoring in progress.

    Its folder beside the output holds finished files, and predictions for blocks of others.
    """

    folder: Path
    output: Path

    @property
    def draft(self) -> Path:
        """The output to be."""
        return self.folder / "made" / self.output.name

    def block(self, file: int, number: int, work: Callable[[], Answers]) -> tuple[Answers, bool]:
        """Return the predictions for a block, and whether they were kept.

        If they were not, they are computed and kept now.
        """
        path = self.folder / f"{file}-{number}.arrow"
        if path.is_file():
            return _read(path), True
        answers = work()
        _write(path, answers)
        return answers, False

    def file(self, number: int, path: Path, work: Callable[[Path], Tally]) -> Tally:
        """Make a file unless it exists.

        The file appears in one step, and the predictions kept for its blocks are removed.
        """
        record = self.folder / f"{number}.json"
        if record.is_file():
            tally = Tally(**json.loads(record.read_text(encoding="utf-8")))
            return Tally(tally.rows, tally.faulty, tally.warned, tally.rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".partial-{path.name}")
        tally = work(partial)
        files.flush(partial)
        os.replace(partial, path)
        files.write_json(record, asdict(tally))
        for block in self.folder.glob(f"{number}-*.arrow"):
            block.unlink()
        return tally

    def place(self) -> None:
        """Put the output in its place; a folder that stands there is moved aside first."""
        if self.draft.exists():
            old = self.folder / "old"
            if self.output.is_dir():
                os.rename(self.output, old)
            os.replace(self.draft, self.output)
            files.flush(self.output.parent)

    def placed(self) -> bool:
        """Return whether the output is in place, and only this folder is still to be removed."""
        return (
            any(self.folder.glob("[0-9]*.json"))
            and not self.draft.exists()
            and self.output.exists()
        )

    def lost(self) -> bool:
        """Say whether the output was put in its place and is there no more."""
        return (
            any(self.folder.glob("[0-9]*.json"))
            and not self.draft.exists()
            and not self.output.exists()
        )


@contextmanager
def begun(output: Path, facts: dict[str, Any], *, overwrite: bool) -> Iterator[Job]:
    """Begin a scoring, or go on with one of the same facts that was killed.

    Parameters
    ----------
    output
        The file or folder to be made.
    facts
        All that the output depends on.
    overwrite
        Whether an output that is there already gives way.

    Raises
    ------
    CasebookError
        The output is there already, or another process makes it.
    """
    job = Job(output.with_name(f".{output.name}.scoring"), output)
    previous = _facts(job)
    same = previous == facts and not job.lost()
    if output.exists() and not overwrite and not (same and job.placed()):
        raise CasebookError(
            f"--output {output} is there already. Give another, or --overwrite to replace it."
        )
    with _alone(job):
        if not same:
            _clear(job, previous is not None)
            files.write_json(job.folder / "job.json", facts)
        elif left := sum(1 for _ in job.folder.glob("*-*.arrow")):
            log.info("going on where an earlier run stopped: %s answered blocks are kept", left)
        yield job
    shutil.rmtree(job.folder)


@contextmanager
def _alone(job: Job) -> Iterator[None]:
    """Let one process at a time work on an output.

    The folder can be removed only after the lock in it is released.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(job.folder / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise CasebookError(
            f"--output {job.output}: another process is scoring into it. Wait for its end."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _facts(job: Job) -> Any:
    path = job.folder / "job.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _clear(job: Job, outdated: bool) -> None:
    if outdated:
        log.info(
            "what an earlier run with another input, model or option left for %s is dropped",
            job.output,
        )
    for path in job.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


def _write(path: Path, answers: Answers) -> None:

    facts = {"faulty": str(answers.faulty), "warned": str(answers.warned)}
    columns = answers.columns.replace_schema_metadata(facts)
    partial = path.with_suffix(".partial")
    with pa.OSFile(str(partial), "wb") as stream, pa.ipc.new_file(stream, columns.schema) as writer:
        writer.write_batch(columns)
    files.flush(partial)
    os.replace(partial, path)


def _read(path: Path) -> Answers:

    with pa.OSFile(str(path)) as stream, pa.ipc.open_file(stream) as reader:
        columns: pa.RecordBatch = reader.get_batch(0)
    metadata = columns.schema.metadata
    return Answers(
        columns.replace_schema_metadata(None), int(metadata[b"faulty"]), int(metadata[b"warned"])
    )
