"""Report compared runs: a page, and difference.json for other programs."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from casebook import files, paths, share
from casebook.language import Language
from tasks.pages.render import page
from tasks.problem.definition import TITLES
from tasks.runs.compare import Changed, Figures
from tasks.runs.paired import Paired


def report_compared(
    case: str,
    runs: tuple[dict[str, Any], dict[str, Any]],
    changed: Sequence[Changed],
    outcomes: Sequence[Changed],
    figures: Sequence[Figures],
    paired: Paired | None,
    language: Language,
) -> Path:
    """Write both into a folder of their own and return the page's path.

    `paired` is None where the runs have no models.
    """
    folder = paths.runs("compare") / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{case}"
    names = [run["run"]["run_id"] for run in runs]
    differing = {"changed": changed, "outcomes": outcomes}
    differences = {name: [asdict(change) for change in rows] for name, rows in differing.items()}
    rows = [asdict(figure) | {"gap": figure.gap} for figure in figures]
    files.write_json(
        folder / "difference.json",
        {
            "case": case,
            "runs": names,
            **differences,
            "figures": rows,
            "paired": as_json(paired) if paired else None,
        },
    )
    primary = runs[0]["metrics"].get("primary_metric")
    text = page(
        "compared.html",
        language,
        case=case,
        names=names,
        runs=runs,
        changed=changed,
        came_to=outcomes,
        found=figures,
        paired=paired,
        primary=primary,
        titles=TITLES,
    )
    files.write_text(folder / "report.html", text)
    share.push(folder)
    return folder / "report.html"


def as_json(paired: Paired) -> dict[str, Any]:
    """Return the comparison on the same rows as other programs read it."""
    pairs = [asdict(pair) | {"difference": pair.difference._asdict()} for pair in paired.pairs]
    reason = str(paired.reason) if paired.reason else None
    return asdict(paired) | {"pairs": pairs, "reason": reason}
