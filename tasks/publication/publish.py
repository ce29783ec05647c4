"""Publish: make an exported model a numbered version, and let it serve if it has earned that."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from prefect import events
from pydantic import BaseModel, computed_field

from casebook import files, paths, registry, share
from casebook.array_types import NamedArrays
from casebook.language import Message
from casebook.registry import alone, point
from casebook.run import current
from casebook.stage import uncached_task
from casebook.store import Ref
from casebook.versions import folder_of, free_number, published
from tasks.pages.model_card import card
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import InputKind
from tasks.publication.held_out import FILE, held_out, record
from tasks.publication.promotion_gate import gate, joined, unfit
from tasks.publication.training_distribution import describe


class Published(BaseModel):
    """What became of an exported model: its version, whether it serves, and why."""

    case: str
    version: int
    folder: str
    serves: bool
    reasons: tuple[Message, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def why(self) -> str:
        """The reasons in English."""
        return joined(self.reasons)


@uncached_task
def publish(
    bundle: Ref,
    parts: Sequence[Ref],
    evaluation: Ref,
    metrics: dict[str, Any],
    problem: Problem,
    kind: InputKind,
) -> Published:
    """Prepare an exported model as the case's next version, and promote it if the gate allows.

    The same model published again keeps its version. The version appears, and serves, when all else
    in the run is done: what this returns is what the report states. An exception, before that or
    after, leaves the versions as they were. Until the run's end no other process publishes or
    promotes the case. Two machines that publish at the same time take different numbers.

    Parameters
    ----------
    bundle, parts
        What `export` wrote, and the parts of each fold whose test rows the gate compares models on.
    evaluation
        What `evaluate` wrote.
    metrics
        The run's metrics.json.
    problem, kind
        What is predicted from what, and the figure that versions are compared by.
    """
    case, ending = bundle.case, current().ending
    paths.models(case).mkdir(parents=True, exist_ok=True)
    ending.enter_context(alone(case))
    manifests = published(case)
    earlier = [
        version
        for version, manifest in manifests.items()
        if manifest.get("bundle") == bundle.sha256
    ]
    version = earlier[-1] if earlier else share.claim(paths.models(case), free_number(case))
    folder = paths.models(case) / str(version)
    ending.enter_context(_taken_back(case, version, None if earlier else folder))
    writing = ending.enter_context(ExitStack())
    if earlier:
        draft = folder_of(case, version)
    else:
        draft = writing.enter_context(files.new_folder(folder))
        _write(draft, bundle, parts[0], metrics, problem, kind)
    rows = held_out(draft, parts, evaluation, problem, kind)
    if not earlier:
        _finish(draft, bundle, metrics, record(rows, problem, kind))
    decision = gate(case, version, rows, metrics, problem, kind, draft)
    publication = Published(
        case=case,
        version=version,
        folder=str(folder),
        serves=decision.serves,
        reasons=decision.reasons,
    )
    current().last.append(partial(_release, publication, writing, metrics, best=decision.best))
    return publication


def _release(
    publication: Published, writing: ExitStack, metrics: Mapping[str, Any], *, best: bool
) -> None:
    """Let a version that is ready appear, and serve if it may."""
    writing.close()
    folder_of(publication.case, publication.version)
    if publication.serves:
        point(publication.case, publication.version)
        if best:
            registry.note_best(publication.case, publication.version)
    elif unfit(publication.case, metrics) is None:
        tell_refused(publication.case, publication.version, publication.why)
    current().details["published"] = publication.model_dump(include={"version", "serves", "why"})


@contextmanager
def _taken_back(case: str, version: int, folder: Path | None) -> Iterator[None]:
    """After an exception, let serve what served before, and remove a version's new folder."""
    names = (registry.POINTER, registry.HISTORY, registry.BEST)
    small = [paths.models(case) / name for name in names]
    before = [_small(path) for path in small]
    try:
        yield
    except BaseException:
        current().details.pop("published", None)
        if before[0] != _small(small[0]) == f"{version}\n".encode():
            for path, content in zip(small, before, strict=True):
                _restore(path, content)
        if folder:
            _withdraw(folder)
        raise


def _small(path: Path) -> bytes | None:
    """Return what a small file holds, or None if it is no file.

    It is read from the shared storage if there is one.
    """
    if path.exists() and not path.is_file():
        return None
    share.get(path)
    return path.read_bytes() if path.is_file() else None


def _restore(path: Path, content: bytes | None) -> None:
    """Give a small file its content back, or remove it where there was none."""
    if content is None:
        share.drop(path)
        path.unlink(missing_ok=True)
    else:
        share.write(path, content)
        files.write_bytes(path, content)


def tell_refused(case: str, version: int, why: str) -> None:
    """Emit `casebook.promotion-refused`, which an automation may tell people of."""
    resource = {"prefect.resource.id": f"casebook.model.{case}", "casebook.version": str(version)}
    payload = {"case": case, "version": version, "why": why}
    events.emit_event("casebook.promotion-refused", resource=resource, payload=payload)


def _write(
    out: Path, bundle: Ref, parts: Ref, metrics: dict[str, Any], problem: Problem, kind: InputKind
) -> None:
    """Write a version: the bundle, what it was trained on, its metrics and its card."""
    for path in bundle.folder.iterdir():
        if path.suffix in (".onnx", ".keras", ".json") and path.name != "manifest.json":
            shutil.copy2(path, out / path.name)
    files.write_json(
        out / "reference.json",
        describe(out, kind.inputs(out, parts), kind.predict(out, parts, problem)),
    )
    files.write_json(out / "metrics.json", metrics)
    files.write_text(out / "card.md", card(metrics, bundle, problem))


def _finish(out: Path, bundle: Ref, metrics: dict[str, Any], rows: NamedArrays) -> None:
    """Note which rows a version was fitted to, and write a manifest with each file's hash."""
    np.savez_compressed(out / FILE, allow_pickle=False, **rows)
    written = sorted(path for path in out.iterdir() if not path.name.startswith("."))
    hashes = {p.name: {"sha256": files.sha256(p), "bytes": p.stat().st_size} for p in written}
    files.write_json(
        out / "manifest.json",
        {
            "case": bundle.case,
            "dataset": bundle.facts.get("dataset"),
            "trained_on": metrics["data"]["source"],
            "primary_metric": metrics["primary_metric"],
            "run_id": metrics["run_id"],
            "date": metrics["data"].get("date"),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "bundle": bundle.sha256,
            "files": hashes,
        },
    )


def _withdraw(folder: Path) -> None:
    """Take a version away again."""
    if folder.is_dir():
        shutil.rmtree(folder)
    share.drop(folder)
