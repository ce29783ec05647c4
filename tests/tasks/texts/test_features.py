"""Texts of any length go through in batches of like length, each once, with next to no padding."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.texts.features import WIDTH, Texts, batches, encode, vocabulary_of


def part(*texts: str | None) -> pd.DataFrame:
    return pd.DataFrame({"said": pd.Series(texts, dtype="string"), "liked": [1] * len(texts)})


def test_the_vocabulary_is_of_the_training_part_alone(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    parts = keep_tables(
        train=part("good film", "good"), validation=part("good plot"), test=part("plot", None)
    )
    ref = keep(encode.fn, parts, "said", "liked", "word", 10, 5)
    assert vocabulary_of(ref).tokens == ("good", "film")
    validation, test = (read_arrays(ref, name) for name in ("validation", "test"))
    assert (validation["tokens"].tolist(), validation["ends"].tolist()) == ([2, 1], [2])
    assert (test["tokens"].tolist(), test["ends"].tolist()) == ([1], [1, 1])


@pytest.mark.parametrize("seed", [None, 3])
@given(
    sequences=st.lists(st.lists(st.integers(1, 99), max_size=40), min_size=1, max_size=60),
    size=st.integers(1, 20),
)
def test_batches_hold_every_text_once(
    sequences: list[list[int]], size: int, seed: int | None
) -> None:
    texts = Texts.of(sequences)
    rng = None if seed is None else np.random.default_rng(seed)
    seen = []
    for rows, table in batches(texts, size, rng):
        assert table.shape[1] % WIDTH == 0
        assert table.shape[1] - max(1, int(texts.lengths[rows].max())) < WIDTH
        for row, numbers in zip(rows, table.tolist(), strict=True):
            assert numbers == sequences[row] + [0] * (table.shape[1] - len(sequences[row]))
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(sequences)))


def test_next_to_nothing_is_padding() -> None:
    rng = np.random.default_rng(0)
    texts = Texts.of([[1] * int(n) for n in rng.exponential(9, 20_000).clip(1, 30)])
    cells = sum(table.size for _, table in batches(texts, 128, rng))
    assert len(texts.tokens) / cells > 0.6  # of batches padded to 30 a third
    assert 30 * len(texts) / cells > 1.9


def test_texts_follow_others() -> None:
    first, second = Texts.of([[2, 3], []]), Texts.of([[4], [5, 6]])
    both = first.followed_by(second)
    assert both.tokens.tolist() == [2, 3, 4, 5, 6]
    assert both.ends.tolist() == [2, 2, 3, 5]
