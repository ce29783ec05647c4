"""Report a network that was trained elsewhere.

What was measured of it here, what was not, and how to ask it.
"""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

from casebook import files
from casebook.catalog import data_set
from casebook.run import REPORT, Summary, current
from casebook.stage import uncached_task
from casebook.store import Ref
from tasks.pages.render import asked_language, copy_pictures, page
from tasks.problem.definition import Problem
from tasks.publication.promotion_gate import joined
from tasks.publication.publish import Published
from tasks.publication.report import headline, question, what_next


@uncached_task
def report_pretrained(
    metrics: dict[str, Any],
    evaluation: Ref,
    network: Ref,
    bundle: Ref,
    published: Published,
    problem: Problem,
) -> Summary:
    """Write report.html of a network that was judged here but not trained here.

    Returns
    -------
    What the run came to: the headline, the report's path, and the next command to try.
    """
    run, path = current(), current().folder / REPORT
    run.details["device"] = network.facts["device"]
    text = page(
        "pretrained.html",
        asked_language(),
        run=run,
        seconds=perf_counter() - run.started,
        metrics=metrics,
        figures=metrics["candidates"][metrics["champion"]],
        entry=data_set(str(bundle.facts["dataset"])),
        others=_others(evaluation.path("others.json")),
        plots=copy_pictures(run.folder / "plots", evaluation),
        bundle=bundle.facts,
        published=published,
        why=joined(published.reasons, asked_language()),
        problem=problem,
        curl=question(run.case),
    )
    files.write_text(path, text)
    return Summary(
        case=run.case,
        run_id=run.run_id,
        report=str(path),
        headline=headline(metrics, problem, published),
        next_command=what_next(published),
    )


def _others(path: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return rows
