"""Convert texts to numbers, by the same code in training and in serving.

A vocabulary numbers the words or characters of the training texts, the most frequent first; 0 pads
and 1 stands for everything it doesn't have. It is kept as a small JSON file beside the model.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from casebook.array_types import Int32Array

PADDING, UNKNOWN = 0, 1
UNKNOWN_TOKEN = "<OOV>"
REPEATS = 2  # of one character in a row that are told apart from more
# Unicode's categories: what joins or directs other signs, halves of signs, and accents
UNSEEN = ("Cf", "Cs", "Mn")
Unit = Literal["word", "character"]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LONG = re.compile(rf"(\S)\1{{{REPEATS},}}")
_BLANK = re.compile(r"\s+")


class Vocabulary(BaseModel):
    """The tokens that a model knows, in the order of their numbers, which begin with 2.

    Attributes
    ----------
    unit
        Whether a text is read word by word or character by character.
    tokens
        The most frequent one first.
    length
        How many tokens of a text are read; what follows is left out.
    """

    model_config = ConfigDict(frozen=True)
    unit: Unit
    tokens: tuple[str, ...] = Field(min_length=1)
    length: int = Field(ge=1)

    @property
    def index(self) -> dict[str, int]:
        """The number of every token, the unknown one among them."""
        return {UNKNOWN_TOKEN: UNKNOWN} | {
            token: number for number, token in enumerate(self.tokens, UNKNOWN + 1)
        }


def numbered(texts: Iterable[str | None], vocabulary: Vocabulary) -> list[list[int]]:
    """Return each text as the numbers of its tokens; a missing text has none.

    Examples
    --------
    >>> vocabulary = Vocabulary(unit="word", tokens=("good", "film"), length=3)
    >>> numbered(["Good film!", "a bad film indeed", None], vocabulary)
    [[2, 3], [1, 1, 3], []]
    """
    index = vocabulary.index
    sequences = (tokens(text, vocabulary.unit)[: vocabulary.length] for text in texts)
    return [[index.get(token, UNKNOWN) for token in sequence] for sequence in sequences]


def learned(texts: Iterable[str | None], unit: Unit, max_tokens: int, length: int) -> Vocabulary:
    """Return the vocabulary of the `max_tokens` most frequent tokens.

    Of equally frequent ones the first seen comes first.
    """
    counts = Counter(token for text in texts for token in tokens(text, unit))
    return Vocabulary(
        unit=unit, tokens=tuple(token for token, _ in counts.most_common(max_tokens)), length=length
    )


def padded(
    sequences: Sequence[Sequence[int]], length: int | None = None, *, before: bool = False
) -> Int32Array:
    """Return sequences as one array, shape (texts, length), with zeros after them or before them.

    Parameters
    ----------
    length
        What all are brought to, that of the longest if it is not given; the end is cut off, or the
        beginning where the padding is there.
    before
        Whether the padding goes before, as Keras' `pad_sequences` has it.

    Examples
    --------
    >>> padded([[5, 6, 7], [8]], 2).tolist()
    [[5, 6], [8, 0]]
    >>> padded([[5, 6, 7], [8]], 2, before=True).tolist()
    [[6, 7], [0, 8]]
    """
    length = max(1, *map(len, sequences), 0) if length is None else length
    table = np.full((len(sequences), length), PADDING, np.int32)
    for row, sequence in zip(table, sequences, strict=True):
        kept = sequence[max(0, len(sequence) - length) :] if before else sequence[:length]
        if kept:
            row[slice(-len(kept), None) if before else slice(len(kept))] = kept
    return table


def tokens(text: str | None, unit: Unit) -> list[str]:
    """Return a text's words, without punctuation, or its characters, with a blank at both ends.

    Examples
    --------
    >>> tokens("Don't stop -- it's 9:30!", "word")
    ["don't", 'stop', "it's", '9', '30']
    >>> tokens("Hi!", "character"), tokens("  ", "character")
    ([' ', 'h', 'i', '!', ' '], [])
    """
    plain = normalized(text or "")
    if unit == "word":
        return _WORD.findall(plain)
    return list(f" {plain} ") if plain else []


def normalized(text: str) -> str:
    """Return a text as models read it.

    It is composed and in lower case, with no character more than twice in a row.

    Hangul that is stored as the letters of its syllables is composed (Unicode NFC), and characters
    that are invisible by themselves are removed. So ㅋㅋㅋㅋㅋ and ㅋㅋ are the same laughter, and
    !!!! is !!.

    Examples
    --------
    Digits are characters too.

    >>> normalized("SOOO   good!!!!"), normalized("1000 km")
    ('soo good!!', '100 km')
    """
    composed = unicodedata.normalize("NFC", text).lower()
    seen = "".join(
        sign for sign in composed if unicodedata.category(sign) not in UNSEEN or sign == "\u200d"
    )
    return _LONG.sub(r"\1" * REPEATS, _BLANK.sub(" ", seen).strip())
