"""The outcome of a run that has ended, read from its folder as names and values for a tracker.

Metrics are named by their place in metrics.json: `candidates/ensemble/auprc` is a value, the same
with `_low` and `_high` its interval, and `champion/auprc` the champion's, whichever candidate that
is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from casebook import paths, share, untrusted
from casebook.errors import CasebookError
from casebook.record import content
from casebook.store import Ref

Curves = dict[str, list[tuple[int, float]]]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run, or of one training of a search.

    Attributes
    ----------
    name
        The run's id; of a training `<run id>/<training>`.
    group
        Which outcomes it is comparable with: those of the same case. Those of models trained on a
        sample are kept apart.
    failed
        Whether the run did not reach its end.
    note
        The outcome in words.
    began, ended
        When.
    parameters, tags, figures
        By name.
    curves
        By name, pairs of epoch, counted from 1, and value: those of each candidate's first fold, as
        in the report.
    folders
        The folders it left, by name: the run's own folder has no name, that of a published version
        is `model`.
    trials
        The trainings of a search.
    lacks
        What the run had and is no longer there.
    """

    name: str
    group: str
    failed: bool
    note: str
    began: datetime
    ended: datetime
    parameters: Mapping[str, Any]
    tags: Mapping[str, str]
    figures: Mapping[str, float]
    curves: Curves = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    trials: tuple[Outcome, ...] = ()
    lacks: tuple[str, ...] = ()


def outcome(case: str, run: str) -> Outcome:
    """Read what a run came to.

    Raises
    ------
    CasebookError
        There is no such run, it has not ended, or what machines share of it was altered.
    """
    folder = _brought(paths.runs(case) / Path(run).name)
    record, metrics = _ended(case, folder), content(folder / "metrics.json")
    began = datetime.strptime(record["run_id"].partition("-")[0], "%Y%m%dT%H%M%S").replace(
        tzinfo=UTC
    )
    curves, gone = _all_curves(record, metrics)
    folders = {"": folder, **_published(record)}
    whole = Outcome(
        name=record["run_id"],
        group=_group(record, metrics),
        failed=record["status"] == "failed",
        note=record["error"] or record.get("headline", ""),
        began=began,
        ended=began + timedelta(seconds=record["seconds"]),
        parameters=record["parameters"],
        tags=dict(_tags(record, metrics)),
        figures=dict(_figures(metrics)),
        curves=curves,
        folders={name: path for name, path in folders.items() if path.is_dir()},
        lacks=(*gone, *(f"version {path.name}" for path in folders.values() if not path.is_dir())),
    )
    return replace(
        whole,
        trials=tuple(_trial(whole, record, metrics, trial) for trial in metrics.get("trials", ())),
    )


def _ended(case: str, folder: Path) -> dict[str, Any]:
    share.pull(folder)
    record = content(folder / "run.json")
    if record and record["status"] == "running":
        raise CasebookError(
            f"Run {folder.name} of {case} goes on, or was killed: there is nothing to tell of it "
            "yet."
        )
    if not record:
        here = (path.parent.name for path in paths.runs(case).glob("*/run.json"))
        run_ids = sorted({*here, *share.names(paths.runs(case))}, reverse=True)
        raise CasebookError(
            f"{case} has no run {folder.name}. Its runs are: {', '.join(run_ids[:10]) or 'none'}."
        )
    return record


def _brought(folder: Path) -> Path:
    """Return a folder that another machine perhaps made; it is here then, if it is anywhere."""
    if not folder.is_dir():
        share.pull(folder)
    return folder


def _published(record: Mapping[str, Any]) -> dict[str, Path]:
    published = record.get("published")
    if not published:
        return {}
    return {
        "model": _brought(untrusted.inside(paths.models(record["case"]), str(published["version"])))
    }


def _source(record: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return the kind of data; a run that failed early has only the requested kind."""
    requested = record["parameters"]["source"]
    return str(
        metrics["data"]["source"]
        if metrics
        else requested
        if requested in ("real", "sample")
        else "unknown"
    )


def _group(record: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    subject = "-".join(filter(None, (record["case"], metrics.get("searched"))))
    return subject + ("-sample" if _source(record, metrics) == "sample" else "")


def _tags(record: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tags that distinguish where a run's metrics come from."""
    data = metrics.get("data", {})
    tags = {
        "casebook.case": record["case"],
        "casebook.code_version": record["code_version"],
        "casebook.version": record.get("published", {}).get("version"),
        "data.source": _source(record, metrics),
        "data.origin": data.get("origin"),
        "data.sha256": data.get("sha256"),
        "device": record.get("device", {}).get("used"),
        "python": record["python"],
        **{f"library.{name}": version for name, version in record["libraries"].items()},
        **{
            name: metrics.get(name)
            for name in ("protocol", "primary_metric", "champion", "searched")
        },
    }
    yield from ((name, str(value)) for name, value in tags.items() if value is not None)


def _figures(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield every number of metrics.json by its place there, and the champion's once more."""
    primary = metrics.get("primary_metric", "")
    chosen_by = metrics.get("validation", {})
    if "trials" in metrics:
        chosen_by = {"best": metrics["best"]["figure"], "course": metrics["course"]}
    sections = {
        name: metrics.get(name) for name in ("candidates", "peers", "findings", "test", "data")
    }
    sections["validation"] = {name: {primary: figure} for name, figure in chosen_by.items()}
    if "champion" in metrics:
        sections["champion"] = metrics["candidates"][metrics["champion"]]
    yield from _numbers(sections)


def _numbers(node: object, place: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers in named values by their place; a value and its interval are one metric."""
    if isinstance(node, dict) and node.keys() >= {"value", "low", "high"}:
        yield from (
            (place, node["value"]),
            (f"{place}_low", node["low"]),
            (f"{place}_high", node["high"]),
        )
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from _numbers(value, f"{place}/{name}" if place else name)
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        yield place, node


def _all_curves(record: Mapping[str, Any], metrics: Mapping[str, Any]) -> tuple[Curves, list[str]]:
    """Return the curves of all candidates, and whose are no longer in the store."""
    curves: Curves = {}
    gone = []
    for name in metrics.get("candidates", {}):
        candidate_curves = _curves(record, name)
        curves |= {
            f"training/{name}/{what}": curve for what, curve in (candidate_curves or {}).items()
        }
        gone += [f"the training curves of {name}"] if candidate_curves is None else []
    return curves, gone


def _curves(record: Mapping[str, Any], name: str) -> Curves | None:
    """Return a training's curves by epoch, those of its first fold.

    Return None if its stage's output was cleaned up.
    """
    for stage in record["stages"]:
        if stage["stage"] != name and stage["stage"].partition("-")[2].removesuffix("-0") != name:
            continue
        ref = Ref(case=record["case"], stage=stage["stage"], key=stage["key"])
        if not _brought(ref.folder).is_dir():
            return None
        for path in (ref.path("history.json"), ref.fold(0).path("history.json")):
            if history := content(path):
                return dict(_series(history))
    return {}


def _series(history: Mapping[str, list[float]]) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    """Yield each series with its epochs.

    Validation may have been evaluated after some epochs only.
    """
    for name, values in history.items():
        looks: Iterable[float] = range(1, len(values) + 1)
        if name.startswith("val_"):
            looks = history.get("val_epoch", looks)
        if name != "val_epoch":
            yield name, [(int(epoch), value) for epoch, value in zip(looks, values, strict=True)]


def _trial(
    whole: Outcome, record: Mapping[str, Any], metrics: Mapping[str, Any], trial: Mapping[str, Any]
) -> Outcome:
    """Return one training of a search."""
    label = f"trial-{trial['number']}-epochs-{trial['parameters']['epochs']}"
    curves = _curves(record, label) or {}
    return replace(
        whole,
        name=f"{whole.name}/{label}",
        note="",
        ended=whole.began + timedelta(seconds=trial["seconds"]),
        parameters=trial["parameters"],
        figures={f"validation/{metrics['primary_metric']}": trial["figure"]},
        curves={f"training/{what}": curve for what, curve in curves.items()},
        folders={},
    )
