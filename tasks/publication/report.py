"""Report a run as one self-contained HTML page, as metrics.json and in the Prefect UI."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from prefect import artifacts
from pydantic import JsonValue

from casebook import files, paths
from casebook.catalog import data_set
from casebook.language import Message
from casebook.origin import Origin
from casebook.run import REPORT, Run, Summary, current
from casebook.stage import uncached_task
from casebook.store import Ref
from tasks.evaluation.choice import COSTS
from tasks.evaluation.evaluate import results
from tasks.evaluation.paired import Difference
from tasks.pages.findings import sections_of
from tasks.pages.forest_plot import forest_plot
from tasks.pages.glossary import terms
from tasks.pages.notes import Notes
from tasks.pages.offline_model import offline_model
from tasks.pages.render import asked_date, asked_language, copy_pictures, page
from tasks.pages.threshold_curve import of_champion
from tasks.problem.definition import Problem
from tasks.publication.first_screen import cards
from tasks.publication.promotion_gate import joined
from tasks.publication.publish import Published
from tasks.publication.verdict import chosen, spoken, verdict


@uncached_task
def measure_run(
    origin: Origin,
    raw: Ref,
    evaluation: Ref,
    protocol: str,
    problem: Problem,
    more: Sequence[Ref] = (),
    findings: Sequence[Ref] = (),
    leaks: Sequence[JsonValue] = (),
    test_part: Mapping[str, JsonValue] | None = None,
    costs: Ref | None = None,
) -> dict[str, Any]:
    """Write metrics.json, whose names other programs read, and return it.

    `more` have figures of the same models, `findings` what was found in the data, `leaks` are the
    columns that nearly decide the answer, and are trusted or in doubt. `test_part` says how often
    the test part was read; none of a network that was not trained here. `costs` has what an answer
    of each candidate takes, if that was measured.
    """
    run, result = current(), results(evaluation)
    metrics = {
        "case": run.case,
        "run_id": run.run_id,
        "profile": run.params.model_dump()["profile"],
        "data": {
            "source": origin.kind,
            "origin": origin.location or origin.note,
            "sha256": origin.sha256 or raw.sha256,
            "rows": raw.facts["rows"],
            "date": asked_date(),
        },
        "protocol": protocol,
        "test": result["test"],
        "test_part": test_part,
        "primary_metric": problem.primary_metric,
        "candidates": result["candidates"],
        "peers": result["peers"],
        "champion": result["champion"],
        "differences": result["differences"],
        "course": "course" if "course" in result["candidates"] else None,
        "validation": result["validation"],
        "choice": result["choice"],
        "costs": json.loads(costs.path(COSTS).read_text(encoding="utf-8")) if costs else None,
        "leaks": list(leaks),
    }
    run.details["leaks"] = list(leaks)
    for ref in more:
        _add_figures(metrics, ref)
    if findings:
        metrics["findings"] = _values_of(findings)
    files.write_json(run.folder / "metrics.json", metrics)
    return metrics


def _add_figures(metrics: dict[str, Any], more: Ref) -> None:
    """Add further figures of the same models."""
    further = json.loads(more.path("figures.json").read_text(encoding="utf-8"))
    for kind in ("candidates", "peers"):
        for name in further[kind].keys() & metrics[kind].keys():
            metrics[kind][name] |= further[kind][name]


def _values_of(findings: Sequence[Ref]) -> dict[str, JsonValue]:
    """Return what was found in the data, by name."""
    sections = [section for ref in findings for section in sections_of(ref)]
    return {finding.name: finding.value for section in sections for finding in section.findings}


@dataclass(frozen=True)
class RunOutputs:
    """What a run made, for its report.

    Attributes
    ----------
    evaluation, profile, checked, cleaned, pictures, bundle
        What the stages of these names wrote.
    trained
        Each candidate's first fold.
    published
        The version, and whether it serves.
    problem, protocol
        What is predicted, and how the figures come about.
    notes
        What one case alone has to say: as such, or as a stage kept them.
    findings
        What exploring found.
    learned
        What more data would bring.
    """

    evaluation: Ref
    profile: Ref
    checked: Ref
    cleaned: Ref
    pictures: Ref
    bundle: Ref
    trained: Mapping[str, Ref]
    published: Published
    problem: Problem
    protocol: Message
    notes: Notes | Ref
    findings: Sequence[Ref]
    learned: Sequence[Ref]

    @property
    def plots(self) -> list[Ref]:
        """Outputs that may hold pictures."""
        notes = [self.notes] if isinstance(self.notes, Ref) else []
        return [self.profile, self.pictures, *notes, *self.findings, *self.learned]


@uncached_task
def report(metrics: dict[str, Any], outputs: RunOutputs) -> Summary:
    """Write report.html with every picture inline, and put its tables into the Prefect UI.

    Returns
    -------
    What the run came to: the headline, the report's path, and the next command to try.
    """
    run, path = current(), current().folder / REPORT
    problem, published = outputs.problem, outputs.published
    run.details["device"] = next(iter(outputs.trained.values())).facts["device"]
    contents = _contents(run, metrics, outputs)
    files.write_text(path, page("report.html", asked_language(), run=run, **contents))
    _show_in_prefect(metrics, problem)
    return Summary(
        case=run.case,
        run_id=run.run_id,
        report=str(path),
        headline=headline(metrics, problem, published),
        next_command=what_next(published),
    )


def _contents(run: Run, metrics: dict[str, Any], outputs: RunOutputs) -> dict[str, Any]:
    """Return what the page's template asks for, by name."""
    problem, notes, published = outputs.problem, outputs.notes, outputs.published
    entry = data_set(str(outputs.bundle.facts["dataset"]))
    result = results(outputs.evaluation)
    return {
        "seconds": perf_counter() - run.started,
        "metrics": metrics,
        "protocol": outputs.protocol,
        "result": result,
        "cards": cards(
            metrics,
            result["consequences"],
            outputs.checked.facts,
            problem,
            published,
            asked_language(),
        ),
        "outcomes": {
            name: Difference(**difference).outcome(problem.sign)
            for name, difference in metrics["differences"].items()
        },
        "entry": entry,
        "checked": outputs.checked.facts,
        "cleaned": outputs.cleaned.facts,
        "profile": json.loads(outputs.profile.path("profile.json").read_text(encoding="utf-8")),
        "plots": copy_pictures(run.folder / "plots", *outputs.plots),
        "problem": problem,
        "trained": {name: ref.facts for name, ref in outputs.trained.items()},
        "bundle": outputs.bundle.facts,
        "published": published,
        "why": joined(published.reasons, asked_language()),
        "notes": Notes.kept(notes) if isinstance(notes, Ref) else notes,
        "forest_plot": forest_plot,
        "terms": terms(problem),
        "verdict": verdict(metrics, problem, asked_language()),
        "learned": [section for ref in outputs.learned for section in sections_of(ref)],
        "choice": chosen(metrics),
        "sections": [section for ref in outputs.findings for section in sections_of(ref)],
        "curl": question(run.case),
        "curve": of_champion(outputs.evaluation) if problem.problem_type == "binary" else None,
        "offline": offline_model(outputs.bundle) if problem.input_kind == "row" else None,
    }


def question(case: str) -> str:
    """Return the command that asks the model which serves."""
    return (
        f"curl -s http://127.0.0.1:9000/v1/models/{case}:predict -H 'Content-Type: "
        f"application/json' -d @{paths.models(case)}/$(cat "
        f"{paths.models(case)}/production)/sample_request.json"
    )


def headline(metrics: Mapping[str, Any], problem: Problem, published: Published) -> str:
    """Return a run's outcome in words.

    It gives the verdict, a warning of sample data, and whether the version serves.
    """
    sample = (
        " SAMPLE DATA, made in code: these figures say nothing about the world."
        if _sample(metrics)
        else ""
    )
    serving = "serves" if published.serves else "waits"
    return (
        f"{spoken(verdict(metrics, problem))}{sample}\n"
        f"Version {published.version} {serving}: {published.why}."
    )


def _sample(metrics: Mapping[str, Any]) -> bool:
    return bool(metrics["data"]["source"] == "sample")


def what_next(published: Published) -> str:
    """Return the next command to try."""
    promote = f"python -m flows.promote {published.case} {published.version}"
    return "python -m serving" if published.serves else promote


def _show_in_prefect(metrics: Mapping[str, Any], problem: Problem) -> None:

    rows = [
        {
            "model": name,
            "kind": kind,
            **{label: _interval(figures[key]) for key, label in problem.titles.items()},
        }
        for kind in ("candidates", "peers")
        for name, figures in metrics[kind].items()
    ]
    case = metrics["case"].replace(
        "_", "-"
    )  # the only sign that a key may have besides letters and digits
    artifacts.create_table_artifact(rows, key=f"{case}-figures", description=metrics["protocol"])


def _interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})"
