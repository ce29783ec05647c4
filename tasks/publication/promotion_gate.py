"""Gate: whether a version may serve by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import JsonValue

from casebook import paths, registry
from casebook.array_types import Float64Array
from casebook.language import Language, Message, msg
from casebook.versions import published
from tasks.evaluation.figures import HALF, once
from tasks.evaluation.paired import Difference
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import InputKind
from tasks.publication.held_out import HeldOut
from tasks.publication.version_comparison import compare, threshold_of


class Decision(NamedTuple):
    """Whether a version serves, why, and whether it is then the best one that ever did."""

    serves: bool
    reasons: tuple[Message, ...]
    best: bool = False

    @property
    def why(self) -> str:
        """The reasons in English."""
        return joined(self.reasons)


def gate(
    case: str,
    version: int,
    rows: HeldOut,
    metrics: Mapping[str, Any],
    problem: Problem,
    kind: InputKind,
    draft: Path | None = None,
) -> Decision:
    """Decide whether a version may serve by itself.

    It may if it was trained on real data, not in the smoke profile, on data of no earlier day than
    the present model's, is better than a constant answer, and is shown to be no worse, but for the
    problem's margin, than the version that serves and than the best that ever served. They are
    compared on test rows that neither was fitted to: the 90 % interval of the difference in the
    primary figure (paired bootstrap) must lie within the margin. A model that can't be compared
    waits. `draft` is where a version lies before it appears.
    """
    present, folder = registry.present(case), draft or paths.models(case) / str(version)
    if present == version:
        already = msg("it serves already")
        return Decision(True, (already,), best=registry.best(case) == version)
    by_hand = msg("`{command}` serves it all the same", command=promoting(case, version))
    if reason := unfit(case, metrics):
        return Decision(False, (reason, by_hand))
    if reason := no_better(rows, metrics, problem, kind, threshold_of(folder)):
        return Decision(False, (reason, by_hand))
    warning = beaten(metrics, problem)
    if reason := no_rival(case, present):
        return Decision(True, (reason, *warning), best=True)
    rivals = dict.fromkeys([present, registry.best(case) or present])
    judged = [compare(case, rival, folder, rows, problem, kind) for rival in rivals if rival]
    serves = all(comparison.passed for comparison in judged)
    reasons = (*(one.why for one in judged if one.passed is serves), *warning)
    if serves:
        return Decision(True, reasons, best=judged[-1].better)
    return Decision(False, (*reasons, by_hand))


def joined(reasons: Sequence[Message], language: Language = "en") -> str:
    """Return reasons as one sentence without its end."""
    return "; ".join(reason.render(language) for reason in reasons)


def promoting(case: str, version: int) -> str:
    """Return the command by which a person lets a version serve."""
    return f"python -m flows.promote {case} {version}"


def no_rival(case: str, present: int | None) -> Message | None:
    """Say that a version has none to be compared with, or None."""
    if present is None:
        return msg("no version served before")
    if present not in published(case):
        return msg(
            "version {version}, which was to serve, is gone or can't be read", version=present
        )
    if published(case)[present]["trained_on"] != "real":
        return msg("version {version} was trained on sample data", version=present)
    return None


def no_better(
    rows: HeldOut,
    metrics: Mapping[str, Any],
    problem: Problem,
    kind: InputKind,
    threshold: float = HALF,
) -> Message | None:
    """Say that a version is no better than the same answer to every row, or None.

    The baseline `dummy` answers so. Without it, both are judged on the test part here.
    """
    name = problem.primary_metric
    if dummy := metrics["peers"].get("dummy"):
        model = metrics["candidates"][metrics["champion"]][name]["value"]
        constant = dummy[name]["value"]
    else:
        train = kind.targets(rows.parts[0], "train", problem)
        model = once(problem, rows.y, rows.answers, threshold)[name]
        constant = once(problem, rows.y, _constant(train, rows.y, problem))[name]
    if problem.sign * (model - constant) > 0:
        return None
    return msg(
        "its {figure} of {model:.4f} is no better than the same answer to every row, which has "
        "{constant:.4f}",
        figure=Message(text=problem.title),
        model=float(model),
        constant=float(constant),
    )


def _constant(train: Float64Array, y: Float64Array, problem: Problem) -> Float64Array:
    """Return the training part's mean, or its share of each class, as the answer to every test row.

    A network that was trained elsewhere has no training part: all classes then have the same share.
    """
    if problem.problem_type != "multiclass":
        constant: Float64Array = np.broadcast_to(np.nanmean(train, axis=0), y.shape)
        return constant
    classes = len(problem.labels)
    counts = (
        np.bincount(train.astype("int64"), minlength=classes) if len(train) else np.ones(classes)
    )
    return np.tile(counts / counts.sum(), (len(y), 1))


def unfit(case: str, metrics: Mapping[str, Any]) -> Message | None:
    """Return why a version was never meant to serve by itself, or None.

    The reason is that its data is a sample, or older than the present model's, or that it was
    trained in the smoke profile.
    """
    if metrics["data"]["source"] != "real":
        return msg("it was trained on sample data")
    if metrics["profile"] == "smoke":
        return msg("it was trained in the smoke profile, which only tries the steps")
    present, date = registry.present(case), metrics["data"].get("date")
    manifest = published(case).get(present, {}) if date and present is not None else {}
    if manifest.get("trained_on") == "real" and date < (
        since := manifest.get("date") or manifest["created"][:10]
    ):
        return msg(
            "its data is of {date}, and that of version {version}, which serves, of {since}",
            date=date,
            version=present,
            since=since,
        )
    return None


def beaten(metrics: Mapping[str, Any], problem: Problem) -> list[Message]:
    """Return a remark on the baseline that does better than the champion, if one does."""
    name, baselines = problem.primary_metric, metrics["peers"]
    better = {
        baseline: Difference(**metrics["differences"][baseline])
        for baseline in baselines
        if metrics["differences"][baseline]["value"] * problem.sign < 0
    }
    if not better:
        return []
    best = min(better, key=lambda baseline: better[baseline].value * problem.sign)
    values: dict[str, Message | JsonValue] = {
        "name": best,
        "figure": Message(text=problem.title),
        "value": baselines[best][name]["value"],
        "difference": abs(better[best].value),
    }
    if better[best].outcome(problem.sign) == "worse":
        return [
            msg(
                "but the baseline {name} has {figure} {value:.4f}, by {difference:.4f} the better "
                "one",
                **values,
            )
        ]
    return [
        msg(
            "but the baseline {name} has {figure} {value:.4f}, by {difference:.4f} the better one, "
            "which may be chance",
            **values,
        )
    ]
