"""Report drift: a page and drift.json with every quantity's measures, the furthest moved first."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from prefect import artifacts

from casebook import files, paths, share
from casebook.language import Language
from serving.bundle import Predictor
from tasks.monitoring.drift import ALARMS, Shift
from tasks.monitoring.served_histograms import Counted
from tasks.pages.render import page


def report_drift(
    predictor: Predictor,
    counted: Counted,
    shifts: Sequence[Shift],
    threshold: float,
    language: Language,
) -> Path:
    """Write the drift report's page and drift.json, and return the page's path.

    Both go into a folder of their own. The measures are shown in the Prefect UI too.
    """
    case, version = predictor.signature.case, predictor.version
    folder = paths.runs("monitor") / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{case}"
    ranked = sorted(shifts, key=lambda shift: (not shift.drifted, -shift.psi))
    facts = {
        "case": case,
        "version": version,
        "counted": counted.where,
        "rows": counted.rows,
        "faulty": counted.faulty,
    }
    drifted = [shift.name for shift in ranked if shift.drifted]
    content = facts | {
        "threshold": threshold,
        "drifted": drifted,
        "quantities": [asdict(shift) for shift in ranked],
    }
    files.write_json(folder / "drift.json", content)
    text = page(
        "drift.html",
        language,
        facts=facts,
        ranked=ranked,
        drifted=drifted,
        threshold=threshold,
        alarms=ALARMS,
    )
    files.write_text(folder / "report.html", text)
    share.push(folder)
    _show_in_prefect(
        case,
        ranked,
        f"{case} version {version}, {counted.rows:,} rows of {counted.where}. Page: {folder}",
    )
    return folder / "report.html"


def _show_in_prefect(case: str, ranked: Sequence[Shift], description: str) -> None:

    rows = [
        {
            "quantity": shift.name,
            "drifted": shift.drifted,
            "PSI": f"{shift.psi:.3f}",
            "KS": "" if shift.ks is None else f"{shift.ks:.3f}",
            "p-value": f"{shift.p_value:.2g}",
            "missing in training": f"{shift.missing_before:.1%}",
            "missing now": f"{shift.missing_now:.1%}",
        }
        for shift in ranked
    ]
    artifacts.create_table_artifact(
        rows, key=f"{case.replace('_', '-')}-drift", description=description
    )
