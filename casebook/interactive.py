"""Interactive run: the steps of a case called one after the other, as in a notebook."""

from __future__ import annotations

import atexit
import json
from pathlib import Path
from typing import Any, TypeVar

from casebook import prefect_runtime, track, worker_process
from casebook.case import Case, complete, record_failure
from casebook.cli import speak
from casebook.errors import CasebookError
from casebook.params import CaseParams
from casebook.run import Summary, current, under_way

M = TypeVar("M", bound=CaseParams)


class InteractiveRun:
    """A run of a case whose steps somebody calls: until `end`, every stage belongs to it.

    A run that was begun before it and has not ended counts as failed.

    Parameters
    ----------
    case
        The case.
    params
        Its parameters.
    """

    def __init__(self, case: Case[M], params: M) -> None:
        speak(debug=False)
        prefect_runtime.prepare()
        give_up()
        serve_until_exit()
        worker_process.load(tuple(sorted(case.plan(params).libraries)))  # which drops their noise
        self._run = case.begin(params)
        self._run.ending.enter_context(under_way(self._run))
        self._run.write("running")

    @property
    def folder(self) -> Path:
        """The folder of the run's report and records."""
        return self._run.folder

    @property
    def metrics(self) -> dict[str, Any]:
        """What metrics.json says, once the models are judged."""
        content: dict[str, Any] = json.loads((self.folder / "metrics.json").read_text("utf-8"))
        return content

    def end(self, summary: Summary) -> None:
        """End the run: a version that may serve does from now on."""
        try:
            with self._run.ending:
                complete(self._run, summary)
        except BaseException as error:
            record_failure(self._run, error)
            raise
        track.track_ended(self._run.case, self._run.run_id)


def serve_until_exit() -> None:
    """Start a Prefect server for this process, unless one runs.

    Prefect reads its address once, so that all runs of the process have the same server.
    """
    starting = prefect_runtime.Starting()
    try:
        starting.wait()
    except BaseException:
        starting.stop()
        raise
    atexit.register(starting.stop)


def give_up() -> None:
    """End the run that is under way, if one is, as one that failed: nothing of it serves."""
    try:
        run = current()
    except LookupError:
        return
    error = CasebookError("The next run began before this one had ended.")
    run.ending.__exit__(type(error), error, None)
    record_failure(run, error)
