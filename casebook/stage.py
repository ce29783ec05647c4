"""Stages: plain functions that write files, made into Prefect tasks whose outputs outlive the run.

A stage's key is made from its code, its parameters, its inputs' content and the libraries it uses.
The store keeps the output under that key, and decides whether it is reused: only after the files
are there and their hashes agree. Prefect runs what is made, and shows what is reused. Outputs that
other machines made are brought from the shared storage, and ours go there.
"""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, update_wrapper
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import (
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    overload,
)

import prefect
from prefect import cache_policies, context, states

from casebook import files, prefect_runtime, share, store, untrusted
from casebook.errors import CasebookError
from casebook.fingerprint import fingerprint
from casebook.futures import CompletedFuture, Future
from casebook.reuse import cost_of, decide
from casebook.run import StageRecord, current
from casebook.stage_key import key_parts, refs_in, set_for
from casebook.store import Facts, Ref

log = logging.getLogger("casebook")
P = ParamSpec("P")
T = TypeVar("T")
Process = Literal["main", "worker"]


@dataclass(frozen=True)
class RemoteFuture:
    """A future of a stage that a cluster makes; its record is filled in here when it is there."""

    future: Future
    call: Call

    def result(self) -> Ref:
        """Wait for the stage and return its reference, or raise what it raised."""
        return self._ref

    @cached_property
    def _ref(self) -> Ref:
        ref = self.future.result()
        store.download(ref)
        return _note(self.call, ref)


@dataclass(frozen=True)
class Call:
    """One call of a stage: its arguments, its key, and whether a stored output is reused.

    `label` names the place in the store: the same stage called for another candidate or fold has
    another label.
    """

    stage: Stage[Any]
    label: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    parts: dict[str, str]
    ref: Ref
    record: StageRecord

    @property
    def inputs(self) -> list[Ref]:
        """The references among the arguments, also inside lists and mappings."""
        return list(refs_in([*self.args, *self.kwargs.values()]))


class Stage(Generic[P]):
    """A function `(out, ...) -> facts` that writes its output into the folder `out`.

    Calling the stage in a flow runs it as a Prefect task (or reuses its stored output) and returns
    a `Ref`. `fn` is the function itself, for tests. With `process="worker"` it runs in the run's
    worker process, beside the main one.
    """

    def __init__(
        self,
        fn: Callable[Concatenate[Path, P], Facts],
        *,
        process: Process = "main",
        label: str = "",
    ) -> None:
        self.fn = fn
        self.process: Process = process
        self.label = label or fn.__name__
        update_wrapper(self, fn)

    def __reduce__(self) -> tuple[Callable[[str, str], object], tuple[str, str]]:
        """Pickle by name, so that another process can run the stage's function."""
        return named, (self.fn.__module__, self.fn.__qualname__)

    def with_label(self, label: object) -> Stage[P]:
        """Return the same stage under another name.

        `train.with_label("course-0")` is shown as `train-course-0`.
        """
        if not untrusted.is_part(f"{self.label}-{label}"):
            raise CasebookError(
                f"{label!r:.80} can't be part of a folder's name: give the stage {self.label} "
                "another."
            )
        return Stage(self.fn, process=self.process, label=f"{self.label}-{label}")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Ref:
        """Run the stage or reuse its output, and return the reference."""
        call = self._prepare(args, kwargs)
        return call.ref if current().planning else _run(call)

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> Future:
        """Start the stage, on the cluster if the run has one.

        Later stages wait for it by `result()`. Without a cluster a stage of the worker process
        starts beside this one, and any other runs at once: this process does one thing at a time.
        Outside of a flow, as in a notebook, all run at once.
        """
        call, run = self._prepare(args, kwargs), current()
        if run.planning:
            return CompletedFuture(call.ref)
        if call.record.status == "run" and run.cluster:
            task = _as_task(make_there, call.label)
            return RemoteFuture(
                cast(Future, run.cluster.submit(task, {"call": call, "inputs": call.inputs})), call
            )
        in_flow = context.FlowRunContext.get() is not None  # Prefect submits from nowhere else
        if call.record.status == "run" and self.process == "worker" and in_flow:
            return _as_task(make, call.label).submit(call, call.inputs)
        return CompletedFuture(_run(call))

    def _prepare(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call:
        """Compute the key of this call, and decide whether its stored output serves."""
        run = current()
        kwargs = {**set_for(self.fn, run.params), **kwargs}
        parts = dict(key_parts(self.fn, args, kwargs))
        ref = Ref(case=run.case, stage=self.label, key=store.key_of(parts))
        # what is reused from here on, a clean-up must see in the run's record before it looks
        with nullcontext() if run.planning else store.alone(run.case):
            record = decide(run, ref, parts)
            run.stages.append(record)
            run.note()
        if record.status == "run" and self.process == "main":
            run.libraries.update(name.split()[1] for name in parts if name.startswith("library "))
        if record.status == "reuse" and not run.planning:
            log.info("  %-26s reused", self.label)
        manifest = store.read_manifest(ref.folder) if record.status == "reuse" else None
        return Call(
            self, self.label, args, kwargs, parts, manifest.ref if manifest else ref, record
        )


def named(module: str, name: str) -> object:
    """Return the stage that a module defines under a name."""
    return getattr(import_module(module), name)


@overload
def stage(fn: Callable[Concatenate[Path, P], Facts]) -> Stage[P]: ...


@overload
def stage(*, process: Process) -> Callable[[Callable[Concatenate[Path, P], Facts]], Stage[P]]: ...


def stage(
    fn: Callable[Concatenate[Path, P], Facts] | None = None, *, process: Process = "main"
) -> Stage[P] | Callable[[Callable[Concatenate[Path, P], Facts]], Stage[P]]:
    """Make a function a stage.

    Parameters
    ----------
    process
        Where it runs: in the main process, or in the run's worker process, so that its imports and
        its work don't hold up the main one.
    """

    def decorate(function: Callable[Concatenate[Path, P], Facts]) -> Stage[P]:
        return Stage(function, process=process)

    return decorate if fn is None else decorate(fn)


def _as_task(fn: Callable[P, T], name: str) -> prefect.Task[P, T]:
    """Return the Prefect task that calls a function.

    Prefect caches nothing and keeps no result: that is the store's part.
    """
    return prefect.Task(
        fn=fn, name=name, cache_policy=cache_policies.NO_CACHE, persist_result=False
    )


def _run(call: Call) -> Ref:
    """Make a stage's output in a Prefect task, or show in one that it is reused."""
    if call.record.status == "run":
        return _as_task(make, call.label)(call, call.inputs)
    _as_task(reuse, call.label)(call, call.inputs)
    return call.ref


def reuse(call: Call, inputs: list[Ref]) -> prefect.State[Ref]:
    """Return the state of a stage whose output is reused, as the body of a Prefect task.

    Prefect shows it as it shows a hit of its own cache.
    """
    return states.Completed(name="Cached", message=call.record.why, data=call.ref)


def make(call: Call, inputs: list[Ref]) -> Ref:
    """Make a stage's output in this process or the worker process, as the body of a Prefect task.

    `inputs` are the references among the call's arguments: Prefect draws the run's graph from them.
    """
    return _write_output(call, current().worker.run if call.stage.process == "worker" else _here)


def _write_output(call: Call, work: Callable[..., tuple[Facts, float | None]]) -> Ref:
    """Have a stage's function write into a new folder of the store, and seal it."""
    started = perf_counter()
    for ref in call.inputs:
        store.download(ref)
    with files.new_folder(call.ref.folder, replace=call.ref.folder.exists()) as out:
        facts, peak = work(perform, call.stage, out, call.args, dict(call.kwargs))
        cost = {
            "seconds": perf_counter() - started,
            "peak_memory_mb": peak,
            "made_at": datetime.now(UTC).isoformat(),
        }
        store.write_manifest(out, call.ref.case, call.ref.stage, call.parts, facts, cost)
    share.push(call.ref.folder)
    return _note(call, call.ref)


def make_there(call: Call, inputs: list[Ref]) -> Ref:
    """Make a stage's output on a cluster's worker.

    Raises
    ------
    CasebookError
        The worker has other code than the process that runs the flow.
    """
    prefect_runtime.prepare()
    if fingerprint(call.stage.fn)[0] != call.parts["code"]:
        raise CasebookError(
            f"{call.label}: the worker on {platform.node()} has other code than the flow: bring "
            "its checkout up to date, and start it again."
        )
    return _write_output(call, _here)


def _note(call: Call, ref: Ref) -> Ref:
    """Record and log what making an output cost, and return the reference to it.

    The cost goes into the run's record.
    """
    manifest = store.read_manifest(ref.folder)
    if manifest is None:
        raise FileNotFoundError(ref.folder / store.MANIFEST)
    for name, value in cost_of(manifest).items():
        setattr(call.record, name, value)
    log.info("  %-26s %6.1f s  %s", call.label, manifest.seconds, call.record.why)
    return manifest.ref


def perform(
    stage: Stage[Any], out: Path, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Facts, float | None]:
    """Call a stage's function.

    Return its facts and the process's peak memory so far in MB (None on Windows).
    """
    facts = stage.fn(out, *args, **kwargs)
    if sys.platform == "win32":
        return facts, None
    import resource  # which Windows lacks

    return facts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << 20 if sys.platform == "darwin" else 1 << 10
    )


def _here(function: Callable[..., T], *args: object) -> T:
    return function(*args)


class UncachedTask(Generic[P, T]):
    """A function that runs in every run, as a Prefect task that is never cached.

    Examples are a look-up or a publication. A plan lists it and goes on without its return value,
    so a flow may only pass that value on.
    """

    def __init__(self, fn: Callable[P, T]) -> None:
        self.fn = fn
        update_wrapper(self, fn)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the act, or only note it in a plan."""
        run = current()
        record = StageRecord(stage=self.fn.__name__, key="", status="run", why="done in every run")
        run.stages.append(record)
        if run.planning:
            return cast(T, None)
        started = perf_counter()
        answer = _as_task(self.fn, self.fn.__name__)(*args, **kwargs)
        record.seconds = perf_counter() - started
        return answer


def uncached_task(fn: Callable[P, T]) -> UncachedTask[P, T]:
    """Make a function an act."""
    return UncachedTask(fn)
