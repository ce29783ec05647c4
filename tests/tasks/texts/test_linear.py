"""Linear models on n-grams of jamo, alone and in a blend, serve what scikit-learn answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy import typing as npt
from scipy import special
from sklearn import feature_extraction, linear_model

from casebook.store import Ref
from casebook.tables import read_arrays
from casebook.words import UNKNOWN, Vocabulary, numbered
from samples.naver_reviews import make_half
from serving.check_texts import TextReader
from serving.graph import TOKENS
from serving.signature import Field
from tasks.problem.definition import Problem
from tasks.stories.naver_reviews.networks import small_characters
from tasks.tables.answer_graph import answer_graph
from tasks.tables.blend import weights_of
from tasks.tables.network_graph import load_network
from tasks.texts.blend import blend
from tasks.texts.features import Texts, encode, plain, vocabulary_of
from tasks.texts.letters import letter_table, letters_of
from tasks.texts.linear import LinearModel, fit_linear, fitted
from tasks.texts.ngrams import FACTOR, NGrams, presence, spelled
from tasks.texts.train import TextSettings, score, train_texts

GRAMS = NGrams(shortest=2, longest=5, buckets=65_521)
PLAIN = LinearModel("characters", GRAMS, C=4.0)
BY_RATIO = LinearModel("characters", GRAMS, C=4.0, by_ratio=True)
LONGEST = 500
ODD = (
    None,
    "\u200b",  # nothing that is seen
    "한",
    "ㅋ",
    "ㅋㅋㅋㅋㅋㅋ",
    "뷁쀍 힣",  # syllables that no review has
    "영화 최고\U0001f44d\U0001f44d",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "ENGLISH only, 100%",
    "\u1112\u1161\u11ab\u1100\u1173\u11af",  # syllables as their letters
    "최고네요 " * 99,
    "가" * LONGEST,
    "\u4e2d\u6587 \u0440\u0443\u0441",
)
PROBLEM = Problem(
    problem_type="binary",
    input_kind="text",
    text_column="document",
    target="label",
    labels=("negative", "positive"),
    primary_metric="accuracy",
    metrics=("accuracy",),
)


@pytest.fixture
def parts(keep_tables: Callable[..., Ref]) -> Ref:
    return keep_tables(
        train=make_half(600, 0), validation=make_half(150, 1), test=make_half(200, 2)
    )


@pytest.fixture
def encoded(keep: Callable[..., Ref], parts: Ref) -> Ref:
    return keep(encode.fn, parts, "document", "label", "character", 60, 150)


def raw_texts() -> list[str | None]:
    """Return 1,000 texts: odd ones, reviews, and any characters in a row."""
    rng = np.random.default_rng(3)
    alphabet = list("영화정말최고별로 ㅋㅠ!?.aZ9뷁\U0001f602\u0301\n")
    mixed = ["".join(rng.choice(alphabet, rng.integers(1, 200))) for _ in range(400)]
    drawn = [text if text.strip() else None for text in mixed]
    reviews = plain(make_half(1000 - len(ODD) - len(drawn), 5)["document"])
    return [*ODD, *drawn, *reviews]


def served(graph: onnx.ModelProto, vocabulary: Vocabulary, texts: list[str | None]) -> Any:
    """Return a graph's answers to raw texts, read as the service reads them."""
    reader = TextReader(Field("text", "text", optional=True, longest=LONGEST), vocabulary)
    feeds = reader.read([{"text": text} for text in texts]).feeds
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(["answer"], dict(feeds))[0][:, 0]


def rows_of(encoded: Ref, *names: str) -> tuple[Any, npt.NDArray[np.int64]]:
    """Return the n-grams and the labels of some parts together."""
    table = letter_table(vocabulary_of(encoded))
    texts = Texts.read(encoded, names[0])
    for name in names[1:]:
        texts = texts.followed_by(Texts.read(encoded, name))
    y = np.concatenate([read_arrays(encoded, name)["y"] for name in names])
    return presence(spelled(texts, table), GRAMS), y


def by_scikit_learn(
    encoded: Ref, texts: list[str | None], *, by_ratio: bool
) -> npt.NDArray[np.float64]:
    """Return the logits of scikit-learn's own TF-IDF and logistic regression, fitted anew."""
    x, y = rows_of(encoded, "train", "validation")
    vocabulary = vocabulary_of(encoded)
    letters = spelled(Texts.of(numbered(texts, vocabulary)), letter_table(vocabulary))
    rows = presence(letters, GRAMS)
    tfidf = feature_extraction.text.TfidfTransformer().fit(x)
    met = np.ravel(x.sum(axis=0)) >= 3
    tfidf.idf_ = np.where(met, tfidf.idf_, 0).astype(np.float16)
    scale = np.ones(x.shape[1])
    if by_ratio:
        counts = [1 + np.ravel(x[y == label].sum(axis=0)) for label in (1, 0)]
        scale = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
    train, given = (tfidf.transform(part).multiply(scale).tocsr() for part in (x, rows))
    regression = linear_model.LogisticRegression(
        C=4.0, solver="liblinear", dual=True, random_state=0
    ).fit(train, y)
    logits: npt.NDArray[np.float64] = regression.decision_function(given)
    return logits


def test_letters_are_the_same_however_they_are_written() -> None:
    assert letters_of("한") == "\u1112\u1161\u11ab"
    assert letters_of("ㅎ") == "\u1112"
    table = letter_table(Vocabulary(unit="character", tokens=("한", "ㅎ", "한글"[1]), length=9))
    assert table[3, 0] == table[2, 0]
    assert table[UNKNOWN].tolist() == [UNKNOWN, 0, 0]


def test_columns_are_the_hashes_of_all_n_grams() -> None:
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1, 50, rng.integers(0, 30)).tolist() for _ in range(50)]
    rows = presence(Texts.of(sequences), GRAMS)
    for row, letters in enumerate(sequences):
        columns = set()
        for size in range(GRAMS.shortest, GRAMS.longest + 1):
            for start in range(len(letters) - size + 1):
                columns.add(1 + hashed(letters[start : start + size]) % GRAMS.buckets)
        assert set(rows[row].indices.tolist()) == columns
    assert set(rows.data.tolist()) == {1.0}


def hashed(letters: list[int]) -> int:
    """Return the hash of an n-gram as a signed number of 32 bits."""
    code = letters[0]
    for letter in letters[1:]:
        code = code * FACTOR + letter
    return (code + 2**31) % 2**32 - 2**31


@pytest.mark.parametrize("model", [PLAIN, BY_RATIO])
def test_1000_raw_texts_are_answered_as_scikit_learn_does(
    keep: Callable[..., Ref], encoded: Ref, tmp_path: Path, model: LinearModel
) -> None:
    trained = keep(fit_linear.fn, encoded, model, 0)
    exported = answer_graph(tmp_path, trained, PROBLEM, {"slope": 1.0, "shift": 0.0}, TOKENS)
    texts = raw_texts()
    assert len(texts) == 1000
    answers = served(exported.graph, vocabulary_of(trained), texts)
    expected = special.expit(by_scikit_learn(encoded, texts, by_ratio=model.by_ratio))
    assert len(set(expected.round(3))) > 100
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    assert float(str(trained.facts["val_accuracy"])) > 0.75


def test_a_model_scores_validation_without_having_seen_it(
    keep: Callable[..., Ref], encoded: Ref
) -> None:
    trained = keep(fit_linear.fn, encoded, BY_RATIO, 0)
    x, y = rows_of(encoded, "train")
    validation, _ = rows_of(encoded, "validation")
    expected = fitted(x, y, BY_RATIO, 0).logits(validation)
    assert np.array_equal(read_arrays(trained, "scores")["validation"], expected)


def test_a_blend_of_networks_and_linear_models_serves_their_weighted_sum(
    keep: Callable[..., Ref], encoded: Ref, tmp_path: Path
) -> None:
    settings = TextSettings(epochs=1, batch_size=50, learning_rate=1e-2, device="cpu")
    models = {
        "characters": keep(train_texts.fn, encoded, small_characters, settings, 0),
        "jamo": keep(fit_linear.fn, encoded, BY_RATIO, 0),
    }
    mixed = keep(blend.fn, encoded, models, PROBLEM)
    weights = weights_of(mixed)
    assert weights and sum(weights.values()) == pytest.approx(1)
    accuracy = [float(str(ref.facts["val_accuracy"])) for ref in (mixed, *models.values())]
    assert accuracy[0] == max(accuracy)
    exported = answer_graph(tmp_path, mixed, PROBLEM, {"slope": 1.0, "shift": 0.0}, TOKENS)
    texts, vocabulary = raw_texts(), vocabulary_of(mixed)
    network = load_network(models["characters"].path("network.keras"))
    logits = {
        "characters": score(network, Texts.of(numbered(texts, vocabulary))),
        "jamo": by_scikit_learn(encoded, texts, by_ratio=True),
    }
    expected = sum(weight * logits[name].astype("float64") for name, weight in weights.items())
    answers = served(exported.graph, vocabulary, texts)
    np.testing.assert_allclose(answers, special.expit(expected), atol=1e-4)
