"""Compare texts: fit a linear model on the counts of character n-grams.

That is what a practitioner reaches for.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TextPeer = Literal["dummy", "linear_on_characters", "linear_on_words"]


@stage(process="worker")
def compare_texts(
    out: Path, parts: Ref, text: str, target: str, peers: tuple[TextPeer, ...], seed: int
) -> Facts:
    """Fit each peer on training and validation texts together, and score the test texts.

    Writes `scores.npz`, a probability per test text and peer.
    """
    import pandas as pd
    from threadpoolctl import threadpool_limits

    frames = {name: read_table(parts, name) for name in ("train", "validation", "test")}
    fit_rows = pd.concat([frames["train"], frames["validation"]])
    texts, test = fit_rows[text].fillna("").to_numpy(), frames["test"][text].fillna("").to_numpy()
    scores, seconds = {}, {}
    for name in peers:
        started = time.perf_counter()
        with threadpool_limits(1):  # the other core trains networks
            fitted = peer(name, seed).fit(texts, fit_rows[target].to_numpy())
            scores[name] = probability(fitted, test)
        seconds[name] = round(time.perf_counter() - started, 2)
    write_arrays(out, "scores", **scores)
    return {"rows": len(fit_rows), "fit_seconds": seconds}


def peer(name: TextPeer, seed: int) -> Any:
    """Return an unfitted model with usual settings.

    It is TF-IDF of n-grams and a linear support vector machine.
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    if name == "dummy":
        return DummyClassifier(strategy="prior")
    grams: dict[str, Any] = {
        "linear_on_characters": {"analyzer": "char", "ngram_range": (1, 4)},
        "linear_on_words": {"analyzer": "word", "ngram_range": (1, 2)},
    }[name]
    return make_pipeline(
        TfidfVectorizer(min_df=3, sublinear_tf=True, **grams), LinearSVC(C=0.3, random_state=seed)
    )


def probability(fitted: Any, texts: "NDArray[Any]") -> "Floats":
    """Return a number from 0 to 1 for each text, over one half where the model says 1.

    It is no probability where it comes from a margin.
    """
    from scipy.special import expit

    if hasattr(fitted, "predict_proba"):
        shares: Floats = fitted.predict_proba(texts)[:, 1]
        return shares
    squeezed: Floats = expit(2 * fitted.decision_function(texts))
    return squeezed
