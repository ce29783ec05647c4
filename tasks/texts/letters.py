"""Letters: the letters that a character is written with, by the character's number.

A Korean syllable is written with two or three letters, its jamo: 한 with ㅎ, ㅏ and ㄴ. Stems
change inside their last syllable (가다, 간다, 갔다), so what words share shows in letters, not in
syllables.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from casebook import words
from casebook.array_types import Int32Array
from casebook.words import Vocabulary

LETTERS = 3  # letters of a character
# syllables, and letters that stand alone, as in ㅋㅋ
_HANGUL = re.compile("[\uac00-\ud7a3\u3131-\u3163]")


def letters_of(character: str) -> str:
    """Return the letters of a Hangul syllable, or of another character itself.

    A letter that stands alone is the same as at the beginning of a syllable.

    Examples
    --------
    >>> len(letters_of("한")), len(letters_of("하")), letters_of("h")
    (3, 2, 'h')
    >>> letters_of("ㅎ") == letters_of("한")[0]
    True
    """
    return unicodedata.normalize("NFKD", character) if _HANGUL.match(character) else character


def letter_table(vocabulary: Vocabulary) -> Int32Array:
    """Return the numbers of the letters of every token, shape (tokens + 2, 3).

    Letters are numbered from 2 on in the order in which the vocabulary has them. A row ends in
    zeros where its token has fewer than three; the row of padding has none, and an unknown
    character is a letter of its own, 1.

    Examples
    --------
    >>> letter_table(Vocabulary(unit="character", tokens=("하", "한", "h"), length=9)).tolist()
    [[0, 0, 0], [1, 0, 0], [2, 3, 0], [2, 3, 4], [5, 0, 0]]
    """
    table = np.full((len(vocabulary.tokens) + 2, LETTERS), words.PADDING, np.int32)
    table[words.UNKNOWN, 0] = words.UNKNOWN
    numbers: dict[str, int] = {}
    for row, token in enumerate(vocabulary.tokens, words.UNKNOWN + 1):
        for place, letter in enumerate(letters_of(token)[:LETTERS]):
            table[row, place] = numbers.setdefault(letter, len(numbers) + words.UNKNOWN + 1)
    return table
