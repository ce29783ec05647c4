"""Linear models: logistic regression on TF-IDF of n-grams of letters, as candidates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn import linear_model

from casebook import files
from casebook.array_types import Float16Array, Float32Array, Float64Array, Int64Array
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from casebook.threads import one_thread
from tasks.tables.estimators import DEVICE, GRAPH
from tasks.texts.features import VOCABULARY, Texts, vocabulary_of
from tasks.texts.letters import letter_table
from tasks.texts.ngrams import NGrams, presence, spelled
from tasks.texts.ngrams_graph import ngrams_graph

LEAST = 3  # texts that must have an n-gram, else it is left out, as the baselines have it


@dataclass(frozen=True)
class LinearModel:
    """A logistic regression to fit.

    Attributes
    ----------
    encoding
        The name of the encoding that it reads, which must be by characters.
    grams
        Which n-grams it weighs.
    C
        The inverse of the strength of its penalty, as scikit-learn has it.
    by_ratio
        Whether each n-gram is scaled by the logarithm of how much more often texts of one class
        have it than those of the other: NB-SVM (Wang and Manning 2012, "Baselines and bigrams"),
        here with the loss of a logistic regression.
    """

    encoding: str
    grams: NGrams
    C: float
    by_ratio: bool = False


@dataclass(frozen=True)
class Fitted:
    """A fitted model: what `tasks.texts.ngrams_graph` computes with.

    Attributes
    ----------
    weights
        One for each column of n-grams.
    rarity
        The inverse document frequency of each column, in 16 bits: a graph is smaller so.
    bias
        The logit of a text without n-grams.
    """

    weights: Float32Array
    rarity: Float16Array
    bias: float

    def logits(self, x: sparse.csr_matrix) -> Float64Array:
        """Return a logit per row of ones and zeros."""
        logits: Float64Array = x @ self.weights / lengths(x, self.rarity) + self.bias
        return logits


@stage(process="worker")
def fit_linear(out: Path, encoded: Ref, model: LinearModel, seed: int) -> Facts:
    """Fit a linear model to the training texts to score validation, and anew for the test texts.

    The second fit is to training and validation texts. Writes `scores.npz` (logits), `score.onnx`,
    the graph from the numbers of characters to them, and `vocabulary.json`.
    """
    vocabulary = vocabulary_of(encoded)
    table = letter_table(vocabulary)
    y = {name: read_arrays(encoded, name)["y"] for name in ("train", "validation")}
    x = {
        name: presence(spelled(Texts.read(encoded, name), table), model.grams)
        for name in ("train", "validation", "test")
    }
    both = sparse.vstack([x["train"], x["validation"]], format="csr")
    with one_thread():
        first = fitted(x["train"], y["train"], model, seed)
        final = fitted(both, np.concatenate([y["train"], y["validation"]]), model, seed)
    validated = first.logits(x["validation"])
    write_arrays(out, "scores", validation=validated, test=final.logits(x["test"]))
    graph = ngrams_graph(table, model.grams, final.weights, final.rarity, final.bias)
    (out / GRAPH).write_bytes(graph.SerializeToString())
    files.write_json(out / "history.json", {"loss": []})  # it learns in no epochs
    files.write_text(out / VOCABULARY, vocabulary.model_dump_json())
    return {
        "rows": both.shape[0],
        "parameters": int(np.count_nonzero(final.weights)) + 1,
        "val_accuracy": float(((validated > 0) == (y["validation"] == 1)).mean()),
        "device": DEVICE,
    }


def fitted(x: sparse.csr_matrix, y: Int64Array, model: LinearModel, seed: int) -> Fitted:
    """Return the model fitted to rows of n-grams."""
    rarity = rarities(x)
    scale = rarity.astype(np.float32) * (ratios(x, y) if model.by_ratio else np.float32(1))
    scaled = (sparse.diags(1 / lengths(x, rarity)) @ x @ sparse.diags(scale)).tocsr()
    scaled.eliminate_zeros()
    regression = linear_model.LogisticRegression(
        C=model.C, solver="liblinear", dual=True, random_state=seed
    ).fit(scaled, y)
    weights = (regression.coef_[0] * scale).astype(np.float32)
    return Fitted(weights, rarity, float(regression.intercept_[0]))


def lengths(x: sparse.csr_matrix, rarity: Float16Array) -> Float64Array:
    """Return the length of each row once its ones are replaced by the rarity of their columns.

    It is 1 where a row has none.

    Examples
    --------
    >>> x = sparse.csr_matrix([[1, 1], [0, 0]])
    >>> lengths(x, np.array([3, 4], np.float16)).tolist()
    [5.0, 1.0]
    """
    squares = x @ np.square(rarity.astype(np.float64))
    return np.sqrt(np.where(squares > 0, squares, 1.0))


def rarities(x: sparse.csr_matrix) -> Float16Array:
    """Return the inverse document frequency of each column, 0 of one that few rows have.

    It is scikit-learn's: ln((1 + rows) / (1 + rows that have it)) + 1.

    Examples
    --------
    >>> x = sparse.csr_matrix([[1, 1, 1], [1, 1, 0], [1, 1, 0], [1, 0, 0]])
    >>> rarities(x).astype("float64").round(2).tolist()
    [1.0, 1.22, 0.0]
    """
    frequency = np.asarray(x.sum(axis=0)).ravel()
    inverse = np.log((1 + x.shape[0]) / (1 + frequency)) + 1
    return np.where(frequency >= LEAST, inverse, 0).astype(np.float16)


def ratios(x: sparse.csr_matrix, y: Int64Array) -> Float32Array:
    """Return for each n-gram the logarithm of its share of class 1 to its share of class 0.

    The shares are of all n-grams that the texts of a class have.

    One text more of each class has every n-gram, so that none has a share of 0.

    Examples
    --------
    >>> x = sparse.csr_matrix([[1, 1], [1, 0], [1, 0]])
    >>> ratios(x, np.array([1, 0, 0])).astype("float64").round(3).tolist()
    [-0.405, 0.693]
    """
    counts = [1 + np.asarray(x[y == label].sum(axis=0)).ravel() for label in (1, 0)]
    liked, not_liked = (count / count.sum() for count in counts)
    logarithms: Float32Array = np.log(liked / not_liked).astype(np.float32)
    return logarithms
