"""Scaling: columns of different sizes, by formula and by scikit-learn, with an outlier (lab 072).

The columns are brought to one size.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from casebook import files
from casebook.case import case
from casebook.catalog import Column, data_set
from casebook.cli import main
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from samples.scaling import make_people
from tasks.data.clean import clean
from tasks.data.fetch import own
from tasks.data.ingest import conform, read, typed
from tasks.data.scale import farthest
from tasks.data.validate import enforce, suite_text, validate
from tasks.pages.findings import FINDINGS, report_findings, stored
from tasks.reading.form import form
from tasks.stories.scaling.findings_scales import (
    findings_on_agreement,
    findings_on_leak,
    findings_on_outlier,
)
from tasks.stories.scaling.plots import draw_all, draw_with_and_without
from tasks.tables.explore import explore

DATA = "scaling"
SIMULATED = "heights and incomes drawn at random in flows/scaling.py; nobody measured them"
MOST = 8  # columns that pictures can show


class ScalingParams(CaseParams):
    """Parameters: the columns to scale, and how many people are made where no file is given."""

    columns: tuple[str, ...] = Field(
        (), max_length=MOST, description="numeric columns to scale; none: all there are"
    )
    people: Annotated[
        int, Field(ge=20, le=100_000, description="rows of the table that is made")
    ] = 100
    test_share: Annotated[
        float, Field(ge=0.1, le=0.5, description="rows that a scaler must not see")
    ] = 0.3


@case
def scaling(params: ScalingParams = ScalingParams()) -> Summary:
    """Bring columns to one size by formula and by scikit-learn (lab 072).

    Show how an outlier and a leak affect each method.
    """
    origin = own(DATA, params.source, SIMULATED, kind="simulated")
    raw = take_columns(origin, params.columns, params.people, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (drop_missing,))
    profile = explore.submit(table, DATA)
    findings = scale_columns(table, params.test_share, params.seed)
    return report_findings(
        findings, origin, raw, "python -m flows.boston", profile.result(), checked, table
    )


@stage
def take_columns(
    out: Path, origin: Origin, columns: tuple[str, ...], people: int, seed: int
) -> Facts:
    """Read the columns to scale from the origin's file, or make the table.

    It is `ingest` for files of any columns.

    Raises
    ------
    CasebookError
        A column is missing or has text, there is no numeric column, or there are more than pictures
        can show.
    """
    entry = data_set(DATA)
    where = origin.path or Path("the table made in code")
    frame = (
        make_people(people, seed)
        if origin.path is None
        else read(origin.path, form(entry, origin.path))
    )
    names = columns or tuple(str(name) for name in frame.columns if _numeric(frame[name], where))
    if not names or len(names) > MOST:
        raise CasebookError(
            f"{where} has {len(names)} numeric columns, and 1 to {MOST} can be scaled at a time. "
            f"Name some of {', '.join(map(str, frame.columns))} with --columns."
        )
    frame = conform(
        frame,
        entry.model_copy(update={"columns": {name: Column(type="float") for name in names}}),
        where,
    )
    write_table(out, frame)
    return {"rows": len(frame), "columns": list(names), "dataset": entry.name, "kind": origin.kind}


def _numeric(values: pd.Series, where: Path) -> bool:
    """Return whether a column holds numbers.

    In a text file that shows only when it is read as such.
    """
    try:
        typed(values, Column(type="float"), where)
    except CasebookError:
        return False
    return True


def drop_missing(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop rows that lack a value in one of the columns.

    With them columns would be compared on different rows.
    """
    return frame.dropna(ignore_index=True)


@stage
def scale_columns(out: Path, table: Ref, test_share: float, seed: int) -> Facts:
    """Scale the columns by each method, and compare the results.

    Report how they agree with scikit-learn, and how an outlier and a leak affect them.
    """
    frame = read_table(table)
    names, x = list(frame.columns), frame.to_numpy("float64")
    outlier = farthest(x)
    draw_all(out, names, x, outlier.row)
    draw_with_and_without(out, names[outlier.column], x[:, outlier.column], outlier.row)
    sections = [
        findings_on_agreement(frame),
        findings_on_outlier(names, x, outlier),
        findings_on_leak(x, test_share, seed),
    ]
    files.write_json(out / FINDINGS, stored(sections))
    return {"rows": len(x), "columns": names}


if __name__ == "__main__":
    raise SystemExit(main("flows.scaling"))
