"""Report a search: a page, the best parameters as a file, and the trials as metrics.json.

The case takes the file of the best parameters.
"""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ConfigDict

from casebook import files
from casebook.origin import Origin
from casebook.run import Summary, current
from casebook.stage import uncached_task
from casebook.store import Ref
from tasks.pages.render import asked_language, copy_pictures, page
from tasks.problem.definition import Problem
from tasks.tuning.search import Trial


class Searched(BaseModel):
    """What a search of one case came to; `course` is the validation figure of the lab's network."""

    model_config = ConfigDict(frozen=True)
    case: str
    algorithm: str
    trials: tuple[Trial, ...]
    course: float | None
    patience: int
    candidates: tuple[str, ...]

    def ranked(self, problem: Problem) -> list[Trial]:
        """Return the trials, best first; of equal ones the earlier."""
        return sorted(self.trials, key=lambda trial: -problem.sign * trial.figure)


@uncached_task
def report_search(
    searched: Searched, problem: Problem, origin: Origin, raw: Ref, pictures: Ref
) -> Summary:
    """Write best.toml, metrics.json and report.html into the run's folder.

    Returns
    -------
    What the search came to; the next command runs the case with the best parameters.
    """
    run, ranked = current(), searched.ranked(problem)
    best, path, command = (
        ranked[0],
        run.folder / "report.html",
        _next(searched.case, run.folder, origin),
    )
    files.write_text(run.folder / "best.toml", toml(searched, best, problem))
    files.write_json(run.folder / "metrics.json", measured(searched, problem, origin, raw))
    text = page(
        "search.html",
        asked_language(),
        run=run,
        searched=searched,
        ranked=ranked,
        problem=problem,
        origin=origin,
        command=command,
        plots=copy_pictures(run.folder / "plots", pictures),
        seconds=perf_counter() - run.started,
    )
    files.write_text(path, text)
    sample = " SAMPLE DATA, made in code." if origin.kind == "sample" else ""
    lab = "" if searched.course is None else f", the lab's network {searched.course:.4f}"
    return Summary(
        case=run.case,
        run_id=run.run_id,
        report=str(path),
        headline=f"best of {len(ranked)} trainings: {problem.title} {best.figure:.4f} on "
        f"validation{lab}; the best of many is optimistic, the next command gives the figure on "
        f"test.{sample}",
        next_command=command,
    )


def measured(searched: Searched, problem: Problem, origin: Origin, raw: Ref) -> dict[str, Any]:
    """Return the content of metrics.json."""
    run, best = current(), searched.ranked(problem)[0]
    return {
        "case": run.case,
        "run_id": run.run_id,
        "searched": searched.case,
        "algorithm": searched.algorithm,
        "data": {
            "source": origin.kind,
            "origin": origin.location or origin.note,
            "sha256": origin.sha256 or raw.sha256,
        },
        "primary_metric": problem.primary_metric,
        "part": "validation",
        "best": best.model_dump(),
        "course": searched.course,
        "trials": [trial.model_dump() for trial in searched.trials],
    }


def toml(searched: Searched, best: Trial, problem: Problem) -> str:
    """Return the best parameters as TOML.

    JSON's words, numbers and lists of them are part of TOML.
    """
    values = {"candidates": searched.candidates, **best.parameters, "patience": searched.patience}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    comment = (
        f"# best of {len(searched.trials)} trainings ({searched.algorithm}): {problem.title} "
        f"{best.figure:.4f} on "
    )
    return comment + "validation\n" + "\n".join(lines) + "\n"


def _next(case: str, folder: Path, origin: Origin) -> str:
    here = folder / "best.toml"
    path = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here
    return f"python -m flows.{case} --params {path}" + (
        " --source sample" if origin.kind == "sample" else ""
    )
