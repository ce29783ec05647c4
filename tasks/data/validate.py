"""Validate: hold a raw table to its Great Expectations suite, and set aside the rows that break it.

The only module that imports Great Expectations. A suite is the library's own JSON, in
`expectations/`; an expectation whose `meta` says `"on_failure": "quarantine"` costs the rows that
break it, any other failure stops the flow.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import great_expectations as gx
import pandas as pd
from prefect import artifacts
from pydantic import BaseModel, Field, ValidationError

from casebook import files, outside, paths
from casebook.errors import CasebookError
from casebook.run import current
from casebook.stage import stage, uncached_task
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from tasks.pages.render import validation_page, worst_first

ROW = "casebook_row"
EXAMPLES = 5


def suite_text(name: str) -> str:
    """Return the text of a suite, which is an input of the stage as much as the table is.

    Raises
    ------
    CasebookError
        There is no such suite, it is no JSON, or it lacks what a suite has.
    """
    for root in paths.roots():
        path = root / "expectations" / f"{name}.json"
        if path.is_file():
            text = outside.read_text(path)
            _well_formed(outside.parse_json(text, path), path)
            return text
    raise CasebookError(f"There is no suite '{name}': put one into expectations/{name}.json.")


class Meta(BaseModel):
    """What a suite says of itself: the share of rows that may be set aside."""

    quarantine_limit: Annotated[float, Field(ge=0, le=1)]


class Expectation(BaseModel):
    """One expectation of a suite.

    Great Expectations itself knows which types there are, and what each takes (`kwargs`).
    """

    type: str
    meta: dict[str, Any] | None = None


class Suite(BaseModel):
    """What the JSON of a suite must have."""

    name: str
    meta: Meta
    expectations: Annotated[list[Expectation], Field(min_length=1)]


def _well_formed(spec: Any, path: Path) -> None:
    try:
        Suite.model_validate(spec)
    except ValidationError as error:
        raise CasebookError(
            f"The suite {path} is malformed: {outside.faults(error)}. Mend it there."
        ) from error


@stage(process="worker")
def validate(out: Path, raw: Ref, suite: str) -> Facts:
    """Check the raw table against a suite, and split sound from quarantined rows.

    `suite` is the suite's JSON text. Writes `table` (the sound rows), `quarantine` (the others,
    with the reason) and `results.json`, one entry per expectation. Whether the flow may go on is in
    the facts and is enforced by `enforce`, so that the page of a failed validation can be read too.
    """
    frame = read_table(raw)
    spec = json.loads(suite)
    results = check(frame, spec)
    reasons = _reasons(results, len(frame))
    aside = pd.Series(reasons) != ""
    write_table(out, frame[~aside.to_numpy()])
    write_table(out, frame[aside.to_numpy()].assign(reason=[r for r in reasons if r]), "quarantine")
    files.write_json(
        out / "results.json", [{k: v for k, v in r.items() if k != "rows"} for r in results]
    )
    share, limit = float(aside.mean()), float(spec["meta"]["quarantine_limit"])
    failed = [r for r in results if not r["success"] and not r["quarantine"]]
    return {
        "rows": int((~aside).sum()),
        "quarantined": int(aside.sum()),
        "expectations": len(results),
        "broken": sum(not r["success"] for r in results),
        "failure": _failure(failed, share, limit),
    }


def check(frame: pd.DataFrame, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Run every expectation of a suite on a frame, in an ephemeral context that leaves no files.

    Returns
    -------
    A plain entry per expectation: what it expects, its severity, its success, and the count, rows
    and examples that violate it.

    Raises
    ------
    CasebookError
        The suite is malformed, or has an expectation that Great Expectations does not know: it
        would be dropped without a word and so never fail.
    """
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    try:
        suite = gx.ExpectationSuite(**{key: spec[key] for key in ("name", "meta", "expectations")})
    except (
        gx.exceptions.exceptions.GreatExpectationsError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise CasebookError(
            f"The suite '{spec.get('name')}' is malformed: {error}. Mend its JSON file."
        ) from error
    requested = sorted(entry["type"] for entry in spec["expectations"])
    loaded = sorted(expectation.expectation_type for expectation in suite.expectations)
    if requested != loaded:
        unknown = sorted(set(requested) - set(loaded)) or requested
        raise CasebookError(
            f"The suite '{spec['name']}' has expectations that Great Expectations does not know "
            f"and would drop in silence: {', '.join(unknown)}. Correct their `type` in "
            f"expectations/{spec['name']}.json."
        )
    frame = frame.assign(**{ROW: range(len(frame))})
    batch = (
        context.data_sources.add_pandas("run")
        .add_dataframe_asset("raw")
        .add_batch_definition_whole_dataframe("all")
    )
    form = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}
    definition = gx.ValidationDefinition(name="raw", data=batch, suite=context.suites.add(suite))
    outcome = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": frame}, result_format=form
    )
    return [_plain(result) for result in outcome.results]


def _plain(result: Any) -> dict[str, Any]:
    """Reduce one result of the library to plain values."""
    config, details = result.expectation_config, result.result
    unexpected = details.get("unexpected_index_list") or []
    error = next(
        (info["exception_message"] for info in _exceptions(result) if info.get("raised_exception")),
        None,
    )
    kwargs = {
        key: value for key, value in config.kwargs.items() if key not in ("batch_id", "column")
    }
    return {
        "expectation": config.type,
        "column": config.kwargs.get("column"),
        "limits": json.loads(json.dumps(kwargs, default=str)),
        "why": (config.meta or {}).get("why", ""),
        "severity": str(getattr(config.severity, "value", config.severity)),
        "quarantine": (config.meta or {}).get("on_failure") == "quarantine" and error is None,
        "success": bool(result.success),
        "count": int(details.get("unexpected_count") or 0),
        "observed": json.loads(json.dumps(details.get("observed_value"), default=str)),
        "error": error,
        "rows": [entry[ROW] for entry in unexpected],
        "examples": [_example(entry) for entry in unexpected[:EXAMPLES]],
    }


def _exceptions(result: Any) -> list[dict[str, Any]]:
    """Return the exception records of a result: one, or one per metric, as the library has it."""
    info = result.exception_info or {}
    return (
        [info]
        if "raised_exception" in info
        else [value for value in info.values() if isinstance(value, dict)]
    )


def _example(entry: dict[str, Any]) -> str:
    values = ", ".join(f"{value}" for key, value in entry.items() if key != ROW)
    return f"row {entry[ROW] + 1}: {values}"


def _reasons(results: list[dict[str, Any]], rows: int) -> list[str]:
    """Return, for each row, the expectations it breaks that ask for quarantine, as text."""
    reasons: list[list[str]] = [[] for _ in range(rows)]
    for result in results:
        for row in result["rows"] if result["quarantine"] else ():
            reasons[row].append(f"{result['column']}: {result['expectation']}")
    return ["; ".join(reason) for reason in reasons]


def _failure(failed: list[dict[str, Any]], share: float, limit: float) -> str | None:
    """Return why the flow must stop, or None."""
    if failed:
        return " ".join(
            f"{r['expectation']} on {r['column'] or 'the table'} {r['limits']} fails"
            f" ({r['error'] or ', '.join(r['examples']) or 'observed ' + str(r['observed'])};"
            f" {r['count']:,} rows; {r['why']})."
            for r in failed
        )
    if share > limit:
        return f"{share:.2%} of the rows would be set aside, over the suite's limit of {limit:.2%}."
    return None


@uncached_task
def enforce(checked: Ref, name: str) -> None:
    """Write the run's validation page and table artifact, and stop the flow if the suite says so.

    Raises
    ------
    CasebookError
        The suite failed, or too many rows would have to be set aside.
    """
    page = current().folder / "validation.html"
    results = json.loads(checked.path("results.json").read_text(encoding="utf-8"))
    files.write_text(page, validation_page(name, results, checked.facts))
    _show_in_prefect(name, worst_first(results))
    if checked.facts["failure"]:
        raise CasebookError(
            f"The data breaks the suite '{name}': {checked.facts['failure']} See {page}. Mend the "
            f"data, or the suite in expectations/{name}.json if it asks too much."
        )


def _show_in_prefect(name: str, results: list[dict[str, Any]]) -> None:
    shown = ("expectation", "column", "severity", "success", "count", "why")
    artifacts.create_table_artifact(
        [{key: r[key] for key in shown} for r in results],
        key=f"validation-{name.replace('_', '-')}",
        description=f"What the data of {name} is held to; what is broken stands first.",
    )
