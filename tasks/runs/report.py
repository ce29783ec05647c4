"""Report compared runs: a page, and difference.json for other programs."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from casebook import files, places, share
from casebook.language import Language
from tasks.pages.render import environment
from tasks.problem.definition import TITLES
from tasks.runs.compare import Changed, Figures


def report_compared(
    case: str,
    runs: tuple[dict[str, Any], dict[str, Any]],
    changed: Sequence[Changed],
    came_to: Sequence[Changed],
    found: Sequence[Figures],
    language: Language,
) -> Path:
    """Write both into a folder of their own and return the page's path."""
    folder = places.runs("compare") / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{case}"
    names = [each["run"]["run_id"] for each in runs]
    differing = {"changed": changed, "outcomes": came_to}
    told = {name: [asdict(each) for each in those] for name, those in differing.items()}
    rows = [
        asdict(each) | {"gap": each.gap, "better": each.better, "apart": each.apart}
        for each in found
    ]
    files.write_json(
        folder / "difference.json", {"case": case, "runs": names, **told, "figures": rows}
    )
    page = environment(language).get_template("compared.html")
    primary = runs[0]["metrics"].get("primary_metric")
    text = page.render(
        case=case,
        names=names,
        runs=runs,
        changed=changed,
        came_to=came_to,
        found=found,
        primary=primary,
        titles=TITLES,
    )
    files.write_text(folder / "report.html", text)
    share.push(folder)
    return folder / "report.html"
