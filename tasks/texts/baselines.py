"""Compare texts: fit a linear model on the counts of character n-grams.

That is what a practitioner reaches for.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from numpy import typing as npt
from scipy import special
from sklearn import dummy, feature_extraction, pipeline, svm

from casebook.array_types import Float64Array
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays
from casebook.threads import one_thread

TextBaseline = Literal["dummy", "linear_on_characters", "linear_on_words"]


@stage(process="worker")
def fit_baselines(
    out: Path, parts: Ref, text: str, target: str, names: tuple[TextBaseline, ...], seed: int
) -> Facts:
    """Fit each baseline on training and validation texts together, and score the test texts.

    Writes `scores.npz`, a probability per test text and baseline.
    """
    frames = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    fit_rows = pd.concat([frames["train"], frames["validation"]])
    texts, test = fit_rows[text].fillna("").to_numpy(), frames["test"][text].fillna("").to_numpy()
    scores, seconds = {}, {}
    for name in names:
        started = time.perf_counter()
        with one_thread():
            fitted = baseline(name, seed).fit(texts, fit_rows[target].to_numpy())
            scores[name] = probability(fitted, test)
        seconds[name] = round(time.perf_counter() - started, 2)
    write_arrays(out, "scores", **scores)
    return {"rows": len(fit_rows), "fit_seconds": seconds}


def baseline(name: TextBaseline, seed: int) -> Any:
    """Return an unfitted model with usual settings.

    It is TF-IDF of n-grams and a linear support vector machine.
    """
    if name == "dummy":
        return dummy.DummyClassifier(strategy="prior")
    grams: dict[str, Any] = {
        "linear_on_characters": {"analyzer": "char", "ngram_range": (1, 4)},
        "linear_on_words": {"analyzer": "word", "ngram_range": (1, 2)},
    }[name]
    return pipeline.make_pipeline(
        feature_extraction.text.TfidfVectorizer(min_df=3, sublinear_tf=True, **grams),
        svm.LinearSVC(C=0.3, random_state=seed),
    )


def probability(fitted: Any, texts: npt.NDArray[Any]) -> Float64Array:
    """Return a number from 0 to 1 for each text, over one half where the model says 1.

    It is no probability where it comes from a margin.
    """
    if hasattr(fitted, "predict_proba"):
        shares: Float64Array = fitted.predict_proba(texts)[:, 1]
        return shares
    squeezed: Float64Array = special.expit(2 * fitted.decision_function(texts))
    return squeezed
