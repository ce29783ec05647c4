"""Evaluate: choose the champion, its calibration and its threshold on validation, then read the test part once."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.calibrate import Rule, platt, probabilities, threshold
from tasks.measure import Figure, across_folds, binary, bootstrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESULTS = "evaluation.json"


@stage
def evaluate(
    out: Path,
    features: Sequence[Ref],
    trained: Mapping[str, Sequence[Ref]],
    peers: Sequence[Ref],
    rule: Rule,
    base_rate: float | None,
    seed: int,
) -> Facts:
    """Judge candidates and peers on the test rows of one or more outer folds.

    Parameters
    ----------
    features, peers
        The encoded parts and the peers' scores, one reference per fold.
    trained
        For each candidate its trained networks, one reference per fold.
    rule
        How the threshold is chosen.
    base_rate
        The share of positives in the population, if the data holds another: figures named `…_base_rate` weigh the
        negatives so that this share holds.
    seed
        Of the bootstrap.

    Writes `evaluation.json` (figures, champion, calibration) and `curves.npz` (the first fold's test scores). The
    champion is the candidate of the greatest mean validation AUPRC; no test figure has a say in it. With one fold
    the intervals are the bootstrap's, with several they are of the mean over folds.
    """
    labels = [read_arrays(f, "validation")["y"] for f in features], [read_arrays(f, "test")["y"] for f in features]
    judged = {name: _judge(refs, labels, rule) for name, refs in trained.items()}
    plain = {name: [read_arrays(ref, "scores")[name] for ref in peers] for name in _peer_names(peers)}
    tests = {name: [(fold["probability"], fold["threshold"]) for fold in folds] for name, folds in judged.items()}
    tests |= {name: [(p, 0.5) for p in folds] for name, folds in plain.items()}
    figures = {name: _figures(labels[1], folds, base_rate, seed) for name, folds in tests.items()}
    validation = {name: _mean(ref.facts["val_auprc"] for ref in refs) for name, refs in trained.items()}
    champion = max(validation, key=lambda name: validation[name])
    write_arrays(out, "curves", y=labels[1][0], **{name: folds[0][0] for name, folds in tests.items()})
    result = {
        "champion": champion,
        "candidates": {name: figures[name] for name in trained},
        "peers": {name: figures[name] for name in plain},
        "validation_auprc": validation,
        "folds": {name: _per_fold(labels[1], folds, base_rate) for name, folds in tests.items()},
        "calibration": {
            name: {k: folds[0][k] for k in ("slope", "shift", "threshold")} for name, folds in judged.items()
        },
        "consequences": _consequences(labels[1][0], *tests[champion][0], rule),
        "test": {
            "split": "test",
            "folds": len(features),
            "rows": _total(labels[1]),
            "positives": _positives(labels[1]),
        },
        "base_rate": base_rate,
    }
    files.write_json(out / RESULTS, result)
    return {"champion": champion, "auprc": figures[champion]["auprc"]["value"]}


def results(evaluation: Ref) -> dict[str, Any]:
    """Read what `evaluate` wrote."""
    found: dict[str, Any] = json.loads(evaluation.path(RESULTS).read_text(encoding="utf-8"))
    return found


def _judge(refs: Sequence[Ref], labels: Any, rule: Rule) -> list[dict[str, Any]]:
    """Calibrate and choose the threshold of one candidate on each fold's validation part, then score its test part."""
    judged = []
    for ref, y in zip(refs, labels[0], strict=True):
        scores = read_arrays(ref, "scores")
        slope, shift = platt(scores["validation"], y)
        chosen = threshold(y, probabilities(scores["validation"], slope, shift), rule)
        probability = probabilities(scores["test"], slope, shift)
        judged.append({"slope": slope, "shift": shift, "threshold": chosen, "probability": probability})
    return judged


def _figures(y: Any, folds: Any, base_rate: float | None, seed: int) -> dict[str, Figure]:
    if len(folds) > 1:
        return across_folds(_per_fold(y, folds, base_rate))
    return bootstrap(y[0], folds[0][0], folds[0][1], base_weights(y[0], base_rate), seed)


def _per_fold(y: Any, folds: Any, base_rate: float | None) -> list[dict[str, float]]:
    import numpy as np

    per_fold = []
    for labels, (probability, chosen) in zip(y, folds, strict=True):
        once = binary(labels, probability, chosen, base_weights(labels, base_rate), np.ones((1, len(labels))))
        per_fold.append({name: float(value[0]) for name, value in once.items()})
    return per_fold


def base_weights(y: "Floats", base_rate: float | None) -> "Floats":
    """Return a weight per row that makes the share of positives `base_rate`: 1 for positives, more for negatives."""
    import numpy as np

    if base_rate is None:
        return np.ones(len(y))
    wanted = y.sum() * (1 - base_rate) / base_rate
    return np.where(y == 1, 1.0, wanted / (len(y) - y.sum()))


def _consequences(y: "Floats", probability: "Floats", chosen: float, rule: Rule) -> dict[str, float]:
    """Return what the threshold means on the test part of the first fold, in counts and in money."""
    alerts = probability >= chosen
    hits, missed = int((alerts & (y == 1)).sum()), int((~alerts & (y == 1)).sum())
    cost = rule.cost_alert * int(alerts.sum()) + rule.cost_missed * missed
    return {
        "rows": len(y),
        "alerts": int(alerts.sum()),
        "caught": hits,
        "missed": missed,
        "false_alarms": int(alerts.sum()) - hits,
        "cost": cost,
        "cost_without_model": rule.cost_missed * (hits + missed),
        "threshold": chosen,
    }


def _peer_names(peers: Sequence[Ref]) -> list[str]:
    return list(read_arrays(peers[0], "scores")) if peers else []


def _mean(values: Any) -> float:
    listed = [float(value) for value in values]
    return sum(listed) / len(listed)


def _total(y: Any) -> int:
    return sum(len(labels) for labels in y)


def _positives(y: Any) -> int:
    return int(sum(labels.sum() for labels in y))
