"""Overview: the runs of each case, what they came to, and which versions serve or wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook import paths, registry, share, versions
from casebook.record import RECORD, Damaged, content
from casebook.run import REPORT
from tasks.pages.numbers import rounded
from tasks.problem.definition import TITLES

NOT_CASES = ("compare", "score", "monitor")  # operations that leave pages among the runs


@dataclass(frozen=True)
class RunLine:
    """One run.

    Attributes
    ----------
    run_id, status, seconds
        As its run.json has them; `damaged` is a status too.
    profile, data
        How much was run, and on what kind of data.
    figure
        The champion's primary figure with its interval; nothing where no model was judged.
    value
        That figure as a number.
    published
        The version, and whether it served or waited.
    report
        Where its report is, if it has one.
    """

    run_id: str
    status: str
    seconds: float | None = None
    profile: str = ""
    data: str = ""
    figure: str = ""
    value: float | None = None
    published: str = ""
    report: Path | None = None


@dataclass(frozen=True)
class VersionLine:
    """One published version: whether it serves, on what it was trained, and how good it is."""

    version: int
    serves: bool
    trained_on: str
    created: str
    figure: str
    card: Path | None


@dataclass(frozen=True)
class CaseLines:
    """A case with its runs, the newest first, and its versions, the newest first."""

    case: str
    runs: list[RunLine]
    versions: list[VersionLine]

    @property
    def history(self) -> list[float]:
        """The primary figure of each run on real data that ended well, the oldest first."""
        values = [
            run.value
            for run in self.runs
            if run.value is not None and run.data == "real" and run.status == "completed"
        ]
        return values[::-1]


def overview(case: str = "") -> list[CaseLines]:
    """Return one case, or all that have runs or versions here."""
    return [CaseLines(name, runs_of(name), versions_of(name)) for name in _cases(case)]


def _cases(case: str) -> list[str]:
    if case:
        return [case]
    folders = [*paths.runs("").glob("[!.]*"), *paths.models().glob("[!.]*")]
    names = {folder.name for folder in folders if folder.is_dir()}
    return sorted({*names, *share.names(paths.runs(""))} - {*NOT_CASES})


def runs_of(case: str) -> list[RunLine]:
    """Return the runs of a case, the newest first."""
    folders = (path for path in paths.runs(case).glob("[!.]*") if (path / RECORD).is_file())
    return [_run(folder) for folder in sorted(folders, reverse=True)]


def _run(folder: Path) -> RunLine:
    try:
        record, metrics = content(folder / RECORD), content(folder / "metrics.json")
    except Damaged:
        return RunLine(folder.name, "damaged")
    figure = champion_figure(metrics)
    published = record.get("published") or {}
    state = "served" if published.get("serves") else "waited"
    report = folder / REPORT
    return RunLine(
        run_id=folder.name,
        status=str(record.get("status", "")),
        seconds=record.get("seconds"),
        profile=str(record.get("parameters", {}).get("profile", "")),
        data=str(metrics.get("data", {}).get("source", "")),
        figure=described(metrics, figure),
        value=figure["value"] if figure else None,
        published=f"version {published['version']} {state}" if published else "",
        report=report if report.is_file() else None,
    )


def versions_of(case: str) -> list[VersionLine]:
    """Return the versions of a case whose manifests can be read, the newest first."""
    present = registry.present(case)
    lines = []
    for version, manifest in sorted(versions.published(case).items(), reverse=True):
        folder = paths.models(case) / str(version)
        card = folder / "card.md"
        lines.append(
            VersionLine(
                version=version,
                serves=version == present,
                trained_on=manifest["trained_on"],
                created=str(manifest.get("created", ""))[:10],
                figure=_figure_of(folder),
                card=card if card.is_file() else None,
            )
        )
    return lines


def _figure_of(folder: Path) -> str:
    """Return a version's primary figure, or that it can't be read."""
    try:
        metrics = content(folder / "metrics.json")
    except Damaged:
        return "metrics.json is damaged"
    return described(metrics, champion_figure(metrics))


def champion_figure(metrics: Mapping[str, Any]) -> Mapping[str, float] | None:
    """Return the champion's primary figure: value, low and high."""
    champion = metrics.get("candidates", {}).get(metrics.get("champion"))
    figure: Mapping[str, float] | None = champion and champion.get(metrics["primary_metric"])
    return figure


def described(metrics: Mapping[str, Any], figure: Mapping[str, float] | None) -> str:
    """Return a figure with its name and interval, or nothing where there is none."""
    if not figure:
        return ""
    name = TITLES.get(metrics["primary_metric"], metrics["primary_metric"])
    low, high = (rounded(figure[end]) for end in ("low", "high"))
    return f"{name} {rounded(figure['value'])} ({low} to {high})"
