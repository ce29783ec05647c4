"""Text networks ignore padding, keep their best epoch, and start from their seed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from casebook import files
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from casebook.words import Vocabulary, padded
from tasks.stories.naver_reviews.networks import (
    course_network,
    hashed,
    small_characters,
    small_ngrams,
)
from tasks.tables.network_graph import converted
from tasks.texts.features import VOCABULARY, Texts, vocabulary_in
from tasks.texts.nearest import analogies
from tasks.texts.train import TextSettings, best_epoch, train_texts

LETTERS = tuple("abcdefgh")


@pytest.fixture
def encoded(keep: Callable[..., Ref]) -> Ref:
    """Texts of letters, liked where there is an `a`."""

    def write(out: Path) -> Facts:
        rng = np.random.default_rng(0)
        vocabulary = Vocabulary(unit="character", tokens=LETTERS, length=12)
        files.write_text(out / VOCABULARY, vocabulary.model_dump_json())
        for name, rows in {"train": 400, "validation": 100, "test": 100}.items():
            sequences = [rng.integers(3, 10, rng.integers(0, 13)).tolist() for _ in range(rows)]
            y = rng.integers(0, 2, rows)
            sequences = [
                [2, *sequence] if label else sequence
                for sequence, label in zip(sequences, y, strict=True)
            ]
            texts = Texts.of(sequences)
            write_arrays(out, name, tokens=texts.tokens, ends=texts.ends, y=y)
        return {}

    return keep(write)


def weighted(model: Any) -> Any:
    """Give every weight some value.

    The weights of n-grams start as zeros, with which any text has the same answer.
    """
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.1, weights.shape) for weights in model.get_weights()])
    return model


@pytest.mark.parametrize("network", [course_network, small_characters, small_ngrams])
def test_padding_changes_no_answer(network: Any) -> None:
    model = weighted(network(10))
    short = padded([[2, 3, 4], [5]])
    long = padded([[2, 3, 4], [5]], 24)
    assert np.asarray(model(short)) == pytest.approx(np.asarray(model(long)), abs=1e-5)


def test_an_n_gram_is_the_same_wherever_it_stands_and_none_where_the_text_ends() -> None:
    codes = np.asarray(hashed(np.array([[2, 3, 4, 2, 3, 9, 0]], np.int32), 2, 65_521))[0]
    assert codes[0] == codes[3]
    assert len(set(codes[:5].tolist())) == 4
    assert codes[5:].tolist() == [0, 0]


@pytest.mark.parametrize("n", [2, 3])
def test_n_grams_share_a_code_no_more_often_than_by_chance(n: int) -> None:
    rng, buckets = np.random.default_rng(0), 65_521
    grams = np.unique(rng.integers(2, 3000, (20_000, n)), axis=0).astype("int32")
    codes = np.asarray(hashed(grams, n, buckets))[:, 0]
    assert codes.min() >= 1
    assert codes.max() <= buckets
    # codes that are met, of a hash that is like chance
    expected = buckets * -np.expm1(-len(grams) / buckets)
    assert len(np.unique(codes)) == pytest.approx(expected, rel=0.02)


def test_a_graph_has_the_same_codes(tmp_path: Path) -> None:

    numbers = np.random.default_rng(0).integers(0, 3000, (8, 24)).astype("int32")
    inputs = keras.Input((None,), dtype="int32")
    codes = keras.Model(inputs, hashed(inputs, 3, 1_048_573))
    graph = converted(codes, tmp_path, "tokens", "codes").SerializeToString()
    outputs = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(
        None, {"tokens": numbers}
    )[0]
    assert np.array_equal(outputs, np.asarray(codes(numbers)))


@pytest.mark.parametrize("network", [small_characters, small_ngrams])
def test_a_text_without_characters_is_near_to_no_answer(network: Any) -> None:
    assert abs(float(np.asarray(weighted(network(10))(np.zeros((1, 8), "int32")))[0, 0])) < 1


def test_training_learns_and_a_seed_fixes_it(keep: Callable[..., Ref], encoded: Ref) -> None:
    settings = TextSettings(epochs=4, batch_size=50, learning_rate=1e-2, warm=0.1, device="cpu")
    first, again = (keep(train_texts.fn, encoded, small_characters, settings, 0) for _ in range(2))
    assert float(str(first.facts["val_accuracy"])) > 0.9
    assert np.array_equal(
        read_arrays(first, "scores")["test"], read_arrays(again, "scores")["test"]
    )
    assert vocabulary_in(first.folder).tokens == LETTERS


def test_what_is_trained_once_more_has_seen_validation_too(
    keep: Callable[..., Ref], encoded: Ref
) -> None:
    settings = TextSettings(epochs=2, batch_size=50, learning_rate=1e-2, device="cpu")
    once, twice = (
        keep(train_texts.fn, encoded, small_ngrams, settings.model_copy(update={"refit": refit}), 0)
        for refit in (False, True)
    )
    assert (once.facts["rows"], twice.facts["rows"]) == (400, 500)
    scores, others = read_arrays(once, "scores"), read_arrays(twice, "scores")
    assert np.array_equal(scores["validation"], others["validation"])
    assert not np.array_equal(scores["test"], others["test"])


def test_the_best_epoch_has_the_least_loss() -> None:
    assert best_epoch({"val_loss": [0.5, 0.3, 0.4]}) == 2


def test_neighbours_leave_out_what_is_unknown(keep: Callable[..., Ref], encoded: Ref) -> None:
    def write(out: Path) -> Facts:
        course_network(10).save(out / "network.keras")
        shutil.copy2(encoded.path(VOCABULARY), out)
        return {}

    rows = analogies(keep(write), (("a", "b", "c"), ("d",), ("x",)))
    assert [row["word"] for row in rows] == ["a - b + c", "d"]
    assert not {"a (", "b (", "c ("} & {
        neighbour[:3] for neighbour in rows[0]["nearest"].split(", ")
    }
