"""Backfill: run a case over past dates, each on the file of its day."""

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from casebook import paths, share
from casebook.case import Case
from casebook.errors import CasebookError
from casebook.operation import Operation
from casebook.params import CaseParams, parse
from casebook.record import Damaged, Record, read
from flows.all import available_cases
from tasks.runs.run_in_subprocess import Attempt, attempt, sum_up

log = logging.getLogger("casebook")
NOT_IDENTIFYING = {
    "source",
    "refresh",
    "runner",
}  # they make no other run: what a source holds is compared instead


def backfill(
    *,
    case: Annotated[str, "the case to run, such as fraud"],
    first: Annotated[date, "the first date, such as 2026-11-01"],
    last: Annotated[date, "the last date"],
    source: Annotated[str, "where a date's file is, such as 'exports/payments-{date}.parquet'"],
    params: Annotated[Path | None, "TOML or JSON file of the case's other parameters"] = None,
) -> str:
    """Run a case on the file of each date.

    A date that was run already is skipped, and one that fails stops no other. A model of a date
    never replaces one of newer data by itself: it waits among the versions.

    Raises
    ------
    CasebookError
        A date failed, or an argument is of no use.
    """
    if case not in (stories := available_cases()):
        raise CasebookError(
            f"--case {case}: there is no such case. There are {', '.join(stories)}."
        )
    if last < first:
        raise CasebookError(f"--first {first} --last {last}: the first date comes after the last.")
    story = stories[case]
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    daily_params = [
        parameters(story, day, source, params) for day in days
    ]  # all, before the first of them is run
    return sum_up(
        [run_one(story, day_params) for day_params in daily_params],
        f"backfill-{case.replace('_', '-')}",
    )


def parameters(story: Case[CaseParams], day: date, source: str, file: Path | None) -> CaseParams:
    """Return the case's parameters for one date.

    Raises
    ------
    CasebookError
        The source doesn't depend on the date, or a parameter is wrong.
    """
    try:
        path = source.format(date=day)
    except (ValueError, LookupError) as error:
        raise CasebookError(
            f"--source {source}: {error!r}. Only {{date}} may stand in braces."
        ) from None
    if path == source:
        raise CasebookError(
            f"--source {source}: it must name a file for each date, with {{date}} in its place."
        )
    try:
        params = parse(story.params, {"source": path, "date": day}, file)
    except ValueError as error:
        raise CasebookError(str(error)) from None
    assert isinstance(params, CaseParams)
    return params


def run_one(story: Case[CaseParams], params: CaseParams) -> Attempt:
    """Run one date, unless it was."""
    try:
        before = None if params.refresh else run_before(story, params)
    except CasebookError as error:
        return Attempt(str(params.date), "failed", str(error))
    if before:
        return Attempt(
            str(params.date), "skipped", f"run {before} completed with the same parameters and data"
        )
    return attempt(str(params.date), story.name, params)


def run_before(story: Case[CaseParams], params: CaseParams) -> str | None:
    """Return the newest completed run with these parameters, on data of this content."""
    expected = identifying(params.model_dump(mode="json"))
    data = story.plan(params).data
    for record in records(story.name):
        if (
            record.status == "completed"
            and identifying(record.parameters) == expected
            and record.data == data
        ):
            return record.run_id
    return None


def records(case: str) -> Iterator[Record]:
    """Yield the records of a case's runs, here and on the shared storage, the newest first."""
    folder = paths.runs(case)
    names = {*(path.name for path in folder.glob("[!.]*")), *share.names(folder)}
    for name in sorted(names, reverse=True):
        try:
            record = read(folder / name)
        except Damaged as fault:
            log.warning("%s", fault)
            continue
        if record:
            yield record


def identifying(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that tell one run from another."""
    return {name: value for name, value in parameters.items() if name not in NOT_IDENTIFYING}


operation = Operation(backfill)

if __name__ == "__main__":
    raise SystemExit(operation.main())
