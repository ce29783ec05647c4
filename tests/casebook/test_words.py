"""Texts become the same numbers wherever they are read, and the lab's printed values come out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.words import (
    PADDING,
    UNKNOWN,
    Vocabulary,
    learned,
    normalized,
    numbered,
    padded,
    tokens,
)


def test_a_vocabulary_has_the_most_frequent_first_and_of_equals_the_first_seen() -> None:
    vocabulary = learned(["b a", "c a", None], "word", 2, 10)
    assert vocabulary.index == {"<OOV>": UNKNOWN, "a": 2, "b": 3}
    assert numbered(["a b c", None, "!?"], vocabulary) == [[2, 3, UNKNOWN], [], []]


def test_only_so_many_tokens_are_read() -> None:
    vocabulary = Vocabulary(unit="word", tokens=("a",), length=2)
    assert numbered(["a x a a"], vocabulary) == [[2, UNKNOWN]]


def test_characters_have_a_blank_at_both_ends() -> None:
    assert tokens("좋다!", "character") == [" ", "좋", "다", "!", " "]
    assert tokens("   ", "character") == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ㅋㅋㅋㅋㅋㅋ 굳", "ㅋㅋ 굳"),
        ("최고!!!!!!", "최고!!"),
        ("GOOD  \t movie\n", "good movie"),
        (unicodedata.normalize("NFD", "영화"), "영화"),
        ("영\u200b화\ufeff", "영화"),
        ("👍👍👍👍", "👍👍"),
        ("", ""),
    ],
)
def test_normalization(written: str, read: str) -> None:
    assert normalized(written) == read


@given(st.text(max_size=60))
def test_a_normalized_text_is_read_as_it_is(text: str) -> None:
    once = normalized(text)
    assert normalized(once) == once


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=5))
def test_padding_keeps_every_number_in_its_place(sequences: list[list[int]]) -> None:
    after, before = padded(sequences), padded(sequences, before=True)
    assert after.shape == before.shape == (len(sequences), max([1, *map(len, sequences)]))
    for sequence, one, other in zip(sequences, after.tolist(), before.tolist(), strict=True):
        empty = [PADDING] * (after.shape[1] - len(sequence))
        assert one == sequence + empty
        assert other == empty + sequence


def test_what_is_too_long_loses_its_end_or_with_padding_before_its_beginning() -> None:
    assert padded([[1, 2, 3]], 2).tolist() == [[1, 2]]
    assert padded([[1, 2, 3]], 2, before=True).tolist() == [[2, 3]]
