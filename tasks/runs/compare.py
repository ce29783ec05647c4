"""Compare two runs of a case: what went in, and what came out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook import paths, share
from casebook.errors import CasebookError
from casebook.record import content

SURROUNDINGS = ("code_version", "python", "libraries", "device")
DATA = ("source", "origin", "sha256", "rows")


@dataclass(frozen=True)
class Changed:
    """One thing that differs; nothing where a run has it not."""

    what: str
    name: str
    first: Any
    second: Any


@dataclass(frozen=True)
class Figures:
    """A candidate's or baseline's figure in both runs, each with value, low and high.

    None where a run has it not. Each is of its own run's test rows: whether models differ,
    `tasks.runs.paired` says.

    Examples
    --------
    >>> first, second = ({"value": v, "low": v - 1, "high": v + 1} for v in (9.0, 6.5))
    >>> Figures("ours", "rmse", first, second).gap
    -2.5
    """

    model: str
    metric: str
    first: Mapping[str, float] | None
    second: Mapping[str, float] | None

    @property
    def gap(self) -> float | None:
        """The second run's value less the first one's."""
        return (
            None
            if self.first is None or self.second is None
            else self.second["value"] - self.first["value"]
        )


def read(case: str, run: str) -> dict[str, Any]:
    """Return a run's record and figures.

    Raises
    ------
    CasebookError
        There is no such run, or it left no figures.
    """
    folder = paths.runs(case) / Path(run).name
    required = {name: folder / f"{name}.json" for name in ("run", "metrics")}
    share.pull(folder)
    missing = [path.name for path in required.values() if not path.is_file()]
    if missing:
        here = (path.parent.name for path in paths.runs(case).glob("*/metrics.json"))
        available = sorted({*here, *share.names(paths.runs(case))}, reverse=True)
        there = ", ".join(available[:10]) or "none"
        raise CasebookError(
            f"Run {run} of {case} has no {' and no '.join(missing)}. Runs with figures are: "
            f"{there}."
        )
    return {name: content(path) for name, path in required.items()}


def changes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Changed]:
    """Yield what differs in parameters, data, and what the runs ran with."""
    runs = first["run"], second["run"]
    metrics = first["metrics"], second["metrics"]
    compared = {
        "parameter": [run["parameters"] for run in runs],
        "data": [{name: run_metrics["data"].get(name) for name in DATA} for run_metrics in metrics],
        "protocol": [{"protocol": run_metrics.get("protocol")} for run_metrics in metrics],
        "surroundings": [{name: run.get(name) for name in SURROUNDINGS} for run in runs],
    }
    for what, (one, other) in compared.items():
        yield from _differing(what, one, other)


def outcomes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Changed]:
    """Yield what differs in what the runs came to, besides figures.

    Champion, findings, the best of a search.
    """
    metrics = first["metrics"], second["metrics"]
    compared = {
        "result": [_result(run_metrics) for run_metrics in metrics],
        "finding": [run_metrics.get("findings", {}) for run_metrics in metrics],
    }
    for what, (one, other) in compared.items():
        yield from _differing(what, one, other)


def _result(metrics: Mapping[str, Any]) -> dict[str, Any]:
    best = metrics.get("best", {})
    result = {
        "champion": metrics.get("champion"),
        "best": {name: best.get(name) for name in ("figure", "parameters")},
    }
    return result | {"course": metrics.get("course")}


def _differing(
    what: str, first: Mapping[str, Any], second: Mapping[str, Any], before: str = ""
) -> Iterator[Changed]:
    for name in dict.fromkeys([*first, *second]):
        one, other = first.get(name), second.get(name)
        if isinstance(one, dict | None) and isinstance(other, dict | None):
            yield from _differing(what, one or {}, other or {}, f"{before}{name} ")
        elif one != other:
            yield Changed(what, before + name, one, other)


def figures(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Figures]:
    """Return every figure of either run, the primary one of each model first."""
    models: dict[str, None] = {}
    tables: list[dict[str, Mapping[str, Any]]] = []
    for run in (first, second):
        tables.append({**run["metrics"].get("candidates", {}), **run["metrics"].get("peers", {})})
        models |= dict.fromkeys(tables[-1])
    primary = first["metrics"].get("primary_metric")
    comparisons = []
    for model in models:
        one, other = (table.get(model, {}) for table in tables)
        names = sorted(dict.fromkeys([*one, *other]), key=lambda name: name != primary)
        comparisons += [Figures(model, name, one.get(name), other.get(name)) for name in names]
    return comparisons
