"""Compare: fit what a practitioner reaches for in five minutes, on the same rows and features."""

from pathlib import Path
from typing import Any, Literal

from casebook.stage import stage_apart
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays

Peer = Literal["dummy", "logistic_regression", "extra_trees", "random_forest", "gradient_boosting"]


@stage_apart
def compare(out: Path, features: Ref, peers: tuple[Peer, ...], trees: int, seed: int) -> Facts:
    """Fit each peer on training and validation rows together, and score the test rows.

    A peer needs no early stopping, so the rows on which a network chooses its epoch and threshold are training rows
    to it: the comparison gives nothing away. Writes `scores.npz`, a probability per test row and peer.
    """
    import time

    import numpy as np

    parts = {name: read_arrays(features, name) for name in ("train", "validation", "test")}
    x = np.concatenate([parts["train"]["x"], parts["validation"]["x"]])
    y = np.concatenate([parts["train"]["y"], parts["validation"]["y"]])
    scores, seconds = {}, {}
    for name in peers:
        started = time.perf_counter()
        scores[name] = peer(name, trees, seed).fit(x, y).predict_proba(parts["test"]["x"])[:, 1]
        seconds[name] = round(time.perf_counter() - started, 2)
    write_arrays(out, "scores", **scores)
    return {"rows": len(y), "fit_seconds": seconds}


def peer(name: Peer, trees: int, seed: int) -> Any:
    """Return an unfitted scikit-learn classifier with usual settings; `trees` is the size of a forest."""
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    if name == "dummy":
        return DummyClassifier(strategy="prior")
    if name == "logistic_regression":
        return LogisticRegression(max_iter=1000)
    if name == "gradient_boosting":
        return HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=trees, max_leaf_nodes=15, l2_regularization=5.0, random_state=seed
        )
    forest = ExtraTreesClassifier if name == "extra_trees" else RandomForestClassifier
    return forest(n_estimators=trees, random_state=seed, n_jobs=1)
