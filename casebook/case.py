"""A case: the story in a flow file, made into a Prefect flow that keeps a record of each run."""

from __future__ import annotations

import inspect
import logging
import os
import platform
import re
import subprocess
from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import prefect
from prefect import runtime

from casebook import paths, track
from casebook.artifacts_ui import log_lines, show
from casebook.cluster import connected
from casebook.errors import CasebookError
from casebook.fingerprint import library_versions
from casebook.params import CaseParams
from casebook.run import REPORT, Run, Summary, under_way

M = TypeVar("M", bound=CaseParams)
NAMED = 40  # characters of a source in the name of a run
LIBRARIES = ("prefect", "great-expectations", "pandas", "scikit-learn", "imbalanced-learn", "keras")


class Case(Generic[M]):
    """A story `(params) -> Summary` with its Prefect flow, its parameters' model and its plan.

    Calling it runs the Prefect flow. Prefect is imported only then: asking for help or a plan needs
    none of it.
    """

    def __init__(self, story: Callable[[M], Summary]) -> None:
        self.story = story
        self.name = story.__name__
        parameters = inspect.signature(story, eval_str=True).parameters
        self.params: type[M] = next(iter(parameters.values())).annotation
        update_wrapper(self, story)

    def __call__(self, params: M) -> Summary:
        """Run the case as a Prefect flow."""
        return self.flow(params)

    @cached_property
    def flow(self) -> prefect.Flow[[M], Summary]:
        """The Prefect flow, as deployments and the UI know it."""

        def tell(summary: Summary) -> None:
            text = f"{summary.headline}\nReport: {summary.report}\nNext: `{summary.next_command}`"
            show(f"{self.name}-report", text)

        def body(params: M) -> Summary:
            log_lines()
            return self.record(params, tell)

        parameter = inspect.Parameter(
            "params", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=self.params()
        )
        parameter = parameter.replace(annotation=self.params)
        body.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
        body.__annotations__ = {"params": self.params, "return": Summary}
        summary = (inspect.getdoc(self.story) or "").strip()
        named = prefect.flow(
            name=self.name,
            description=summary,
            flow_run_name=lambda: run_name(self.name, runtime.flow_run.parameters["params"]),
            persist_result=False,
        )
        return named(body)

    def plan(self, params: M) -> Run:
        """Walk through the story without running a stage.

        Return what would be run or reused, and why.
        """
        run = Run(
            self.name, params, planning=True, refresh=params.refresh, libraries=track.prepare()
        )
        with under_way(run):
            self.story(params)
        return run

    def begin(self, params: M) -> Run:
        """Return a new run of the case, which is tracked if requested."""
        track.prepare()
        return Run(self.name, params, refresh=params.refresh, details=surroundings())

    def record(self, params: M, tell: Callable[[Summary], None]) -> Summary:
        """Run the story, write a run.json, and track the run if requested.

        The run.json is written whether the run ends well or not. A model serves only after all else
        is done, and an exception even after that takes it back.
        """
        run = self.begin(params)
        with under_way(run):
            try:
                with run.ending:
                    run.write("running")
                    with connected(params.runner, run.record) as run.cluster:
                        summary = self.story(params)
                    complete(run, summary)
                    tell(summary)  # waits for a server that is away
            except BaseException as error:
                record_failure(run, error)
                raise
        track.track_ended(run.case, run.run_id)
        return summary


def complete(run: Run, summary: Summary) -> None:
    """Let what a run has made take effect for others, and record that it ended well."""
    for step in run.last:
        step()
    run.write("completed", headline=summary.headline)


def record_failure(run: Run, error: BaseException) -> None:
    """Write of a run that it failed, and drop its report: that tells of a version taken back."""
    try:
        (run.folder / REPORT).unlink(missing_ok=True)
        run.write("failed", f"{type(error).__name__}: {error}")
    except (
        OSError,
        CasebookError,
    ) as problem:  # a full disk or a lost network is the failure itself
        logging.getLogger("casebook").warning(
            "run.json could not be written or shared: %s", problem
        )
        return
    if isinstance(error, Exception):  # and nobody wants it to stop at once
        track.track_ended(run.case, run.run_id)


def run_name(case: str, params: CaseParams) -> str:
    """Return what a run is called in Prefect's UI.

    Examples
    --------
    >>> run_name("fraud", CaseParams(profile="smoke", source="data/card payments.csv"))
    'fraud, smoke, card payments.csv'
    >>> run_name("fraud", CaseParams(source="https://me:secret@host/a/b.csv?token=secret"))
    'fraud, standard, b.csv'
    """
    source = params.source
    if "://" in source:  # what stands before and behind the path may be secret
        source = urlsplit(source).path
    last = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    printable = "".join(letter for letter in last if letter.isprintable())
    return f"{case}, {params.profile}, {printable[:NAMED]}"


def case(story: Callable[[M], Summary]) -> Case[M]:
    """Make the story in a flow file a case."""
    return Case(story)


def surroundings() -> dict[str, object]:
    """Return what the run ran with: code version, Python and library versions."""
    return {
        "code_version": code_version(),
        "python": platform.python_version(),
        "libraries": library_versions(LIBRARIES),
    }


def code_version() -> str | None:
    """Return the checked-out commit, marked `+changes` if files differ from it.

    Return None without git. A container image has no checkout: its version was given when it was
    built.
    """
    if version := os.environ.get("CASEBOOK_CODE_VERSION"):
        return version
    try:
        command = [
            "git",
            "-C",
            str(paths.project()),
            "describe",
            "--always",
            "--abbrev=40",
            "--dirty=+changes",
        ]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
