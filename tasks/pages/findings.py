"""Report a case that explores, without a model: its page, and its findings as metrics.json."""

import json
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from casebook import files
from casebook.catalog import data_set
from casebook.language import Message
from casebook.origin import Origin
from casebook.run import REPORT, Run, Summary, current
from casebook.stage import uncached_task
from casebook.store import Ref
from tasks.pages.render import asked_language, copy_pictures, page

FINDINGS = "findings.json"


class Finding(BaseModel):
    """Something that was found: a value that was computed, and the sentence that tells it."""

    model_config = ConfigDict(frozen=True)
    name: str
    value: JsonValue
    sentence: Message


def make_finding(name: str, value: Any, sentence: Message) -> Finding:
    """Return a finding; shorter to write where there are many.

    A value that JSON doesn't have is refused.
    """
    return Finding(name=name, value=value, sentence=sentence)


class Section(BaseModel):
    """One part of the page.

    It has findings, tables of rows with the same columns, and pictures with what each shows.
    `pictures` names files of the stage's folder without their suffix.
    """

    model_config = ConfigDict(frozen=True)
    title: Message
    findings: tuple[Finding, ...] = ()
    tables: tuple[tuple[dict[str, Message | str], ...], ...] = ()
    pictures: tuple[tuple[str, Message], ...] = ()


def sections_of(ref: Ref) -> list[Section]:
    """Read the sections that a stage wrote as `findings.json`."""
    stored = json.loads(ref.path(FINDINGS).read_text(encoding="utf-8"))
    return [Section.model_validate(section) for section in stored]


def stored(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return sections as a stage writes them."""
    return [section.model_dump(mode="json") for section in sections]


@uncached_task
def report_findings(
    findings: Ref,
    origin: Origin,
    raw: Ref,
    next_command: str,
    profile: Ref | None = None,
    checked: Ref | None = None,
    cleaned: Ref | None = None,
) -> Summary:
    """Write metrics.json and report.html of a case without a model.

    Parameters
    ----------
    findings
        The output of the stage that found something: `findings.json` and pictures.
    origin, raw
        Where the data came from, and the table it became.
    next_command
        What to try next.
    profile, checked, cleaned
        The data profile, the validation and the cleaned table, where the case has them.
    """
    run = current()
    language = asked_language()
    sections = sections_of(findings)
    all_findings = [finding for section in sections for finding in section.findings]
    plots = copy_pictures(run.folder / "plots", findings, *([profile] if profile else []))
    metrics = findings_metrics(run, all_findings, origin, raw)
    files.write_json(run.folder / "metrics.json", metrics)
    path = run.folder / REPORT
    text = page(
        "findings.html",
        language,
        run=run,
        metrics=metrics,
        sections=sections,
        plots=plots,
        entry=data_set(origin.dataset),
        seconds=perf_counter() - run.started,
        checked=checked.facts if checked else None,
        cleaned=cleaned.facts if cleaned else {"dropped": {}},
        profile=_read_profile(profile) if profile else None,
    )
    files.write_text(path, text)
    return Summary(
        case=run.case,
        run_id=run.run_id,
        report=str(path),
        headline=headline(all_findings, origin),
        next_command=next_command,
    )


def findings_metrics(
    run: Run, findings: Sequence[Finding], origin: Origin, raw: Ref
) -> dict[str, Any]:
    """Return what metrics.json has of a case without a model."""
    data = {
        "source": origin.kind,
        "origin": origin.location or origin.note,
        "sha256": origin.sha256 or raw.sha256,
        "rows": raw.facts["rows"],
    }
    return {
        "case": run.case,
        "run_id": run.run_id,
        "data": data,
        "findings": {finding.name: finding.value for finding in findings},
    }


def _read_profile(profile: Ref) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(profile.path("profile.json").read_text(encoding="utf-8"))
    return values


def headline(findings: Sequence[Finding], origin: Origin) -> str:
    """Return the first finding's sentence, and whether nobody measured the data."""
    notices = {"sample": " SAMPLE DATA, made in code.", "simulated": " Simulated data."}
    sentence = str(findings[0].sentence) if findings else "Nothing was found."
    return sentence + notices.get(origin.kind, "")
