"""Compare a version with an earlier one on rows that neither was fitted to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from casebook import files, outside
from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from casebook.language import Message, msg
from casebook.versions import folder_of
from tasks.evaluation.figures import HALF, once
from tasks.evaluation.paired import Answers, Difference, on_one_split
from tasks.evaluation.row_answers import FEWEST, FEWEST_OF_A_CLASS, lacking
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import InputKind
from tasks.publication.held_out import FILE, HeldOut, answers_of

LEVEL = 0.9  # of the interval, so that 5 % lie beyond the end that decides
VERDICTS = {  # by whether the difference lies within the margin, and what is shown
    (True, "better"): msg("better"),
    (True, "no difference shown"): msg("no worse"),
    (True, "worse"): msg("worse by less than the margin"),
    (False, "no difference shown"): msg("not shown to be no worse"),
    (False, "worse"): msg("worse"),
}


class Comparison(NamedTuple):
    """Whether a version may take the place of an earlier one, whether it is better, and why."""

    passed: bool
    better: bool
    why: Message


def compare(
    case: str, rival: int, folder: Path, rows: HeldOut, problem: Problem, kind: InputKind
) -> Comparison:
    """Compare a version in a folder with an earlier one.

    It passes if the whole interval of the difference lies within the margin (non-inferiority).
    """
    try:
        difference, count, figure = difference_from(case, rival, folder, rows, problem, kind)
    except CasebookError as reason:
        why = msg(
            "version {version} can't be compared with it: {reason}",
            version=rival,
            reason=str(reason).rstrip("."),
        )
        return Comparison(passed=False, better=False, why=why)
    margin = problem.margin_beside(figure)
    passed = margin >= (-difference.low if problem.sign > 0 else difference.high)
    outcome = difference.outcome(problem.sign)
    verdict = VERDICTS[passed, outcome]
    why = msg(
        "on {count:,} rows that neither was fitted to, its {figure} differs from version "
        "{version}'s by {low:+.4f} to {high:+.4f} (90 % interval), which is {verdict} (the margin "
        "is {margin:.4g})",
        count=count,
        figure=Message(text=problem.title),
        version=rival,
        low=difference.low,
        high=difference.high,
        verdict=verdict,
        margin=margin,
    )
    return Comparison(passed, outcome == "better", why)


def check_files(folder: Path) -> None:
    """Refuse a version whose graph or rows are not those that its manifest names.

    Raises
    ------
    CasebookError
        A file is gone or was altered.
    """
    manifest = outside.parse_json(outside.read_text(folder / "manifest.json"), folder)
    for name in ("model.onnx", FILE):
        named = manifest.get("files", {}).get(name)
        path = folder / name
        if named and not path.is_file():
            raise CasebookError(f"its {name} is gone.")
        if named and files.sha256(path) != named["sha256"]:
            raise CasebookError(f"its {name} was altered.")


def difference_from(
    case: str, rival: int, folder: Path, rows: HeldOut, problem: Problem, kind: InputKind
) -> tuple[Difference, int, float]:
    """Return by how much a version's figure exceeds an earlier one's.

    The second value is the number of rows that neither was fitted to, the third the earlier
    version's figure on them.

    Raises
    ------
    CasebookError
        The two can't be compared.
    """
    old = folder_of(case, rival)
    check_files(old)
    if _taken(old) != _taken(folder):
        raise CasebookError("it takes other columns.")
    answered = answers_of(old, rows, problem, kind)
    if answered is None:
        raise CasebookError("it was published before versions noted which rows they know.")
    answers, unseen = answered
    y = rows.y[unseen]
    if too_few := _too_few(y, problem):
        raise CasebookError(too_few)
    ours = Answers(rows.answers[unseen], threshold_of(folder))
    theirs = Answers(answers[unseen], threshold_of(old))
    difference = on_one_split(problem, y, ours, {"old": theirs}, level=LEVEL)["old"]
    figure = once(problem, y, *theirs)[problem.primary_metric]
    return difference, len(y), figure


def _too_few(y: Float64Array, problem: Problem) -> str | None:
    """Say that there are too few rows to compare two versions on, or None."""
    match lacking(y, problem):
        case "rows":
            return f"only {len(y)} test rows are new to both, and {FEWEST} are needed."
        case "rarest class":
            return (
                f"of the {len(y)} test rows that are new to both, fewer than {FEWEST_OF_A_CLASS} "
                "are of the rarest class."
            )
    return None


def threshold_of(folder: Path) -> float:
    """Return from which probability on a version's answer is an alert."""
    output = _signature(folder)["output"]
    return float(output.get("threshold", HALF))


def _signature(folder: Path) -> dict[str, Any]:
    path = folder / "signature.json"
    signature: dict[str, Any] = outside.parse_json(outside.read_text(path), path)
    return signature


def _taken(folder: Path) -> list[str]:
    """Return the columns that a version takes."""
    return [entry["name"] for entry in _signature(folder).get("inputs", [])]
