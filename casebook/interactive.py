"""Interactive run: the steps of a case called one after the other, as in a notebook."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from casebook import prefect_runtime
from casebook.case import Case, surroundings
from casebook.params import CaseParams
from casebook.run import Run, Summary, under_way

M = TypeVar("M", bound=CaseParams)


class InteractiveRun:
    """A run of a case whose steps somebody calls: until `end`, every stage belongs to it.

    Parameters
    ----------
    case
        The case.
    params
        Its parameters.
    """

    def __init__(self, case: Case[M], params: M) -> None:
        prefect_runtime.prepare()
        self._run = Run(case.name, params, refresh=params.refresh, details=surroundings())
        self._held = ExitStack()
        self._held.enter_context(under_way(self._run))
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
        with self._held, self._run.ending:
            for step in self._run.last:
                step()
            self._run.write("completed", headline=summary.headline)
