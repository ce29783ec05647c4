"""N-grams: which runs of letters a text has, as rows of a sparse matrix.

`tasks.texts.ngrams_graph` computes the same inside of a published graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from casebook.array_types import Int32Array, Int64Array
from tasks.texts.features import Texts

# 2 ** 32 over the golden ratio, as 32 bits have it (Knuth 1998, multiplicative hashing)
FACTOR = -1_640_531_535
BLOCK = 5000  # texts at once, whose n-grams are sorted together


@dataclass(frozen=True)
class NGrams:
    """Which n-grams of a text's letters are looked at.

    Attributes
    ----------
    shortest, longest
        How many letters they have.
    buckets
        A prime. N-grams share a column if their hashes agree.
    """

    shortest: int
    longest: int
    buckets: int


def spelled(texts: Texts, table: Int32Array) -> Texts:
    """Return texts of characters as texts of their letters.

    Examples
    --------
    >>> table = np.array([[0, 0, 0], [1, 0, 0], [2, 3, 0], [2, 3, 4]], np.int32)
    >>> letters = spelled(Texts.of([[3, 2], [1]]), table)
    >>> letters.tokens.tolist(), letters.ends.tolist()
    ([2, 3, 4, 2, 3, 1], [5, 6])
    """
    letters = table[texts.tokens]
    written = np.cumsum(np.append(0, (letters > 0).sum(axis=1)))
    return Texts(letters[letters > 0], written[texts.ends].astype(np.int64))


def presence(letters: Texts, grams: NGrams) -> sparse.csr_matrix:
    """Return which n-grams each text has: 1 where it has one, shape (texts, buckets + 1).

    Column 0 stands for none. How often a text has an n-gram makes no difference.

    Examples
    --------
    >>> texts = Texts.of([[2, 3, 2, 3], [2], []])
    >>> presence(texts, NGrams(1, 2, 101)).sum(axis=1).ravel().tolist()
    [[4.0, 1.0, 0.0]]
    """
    starts = range(0, max(1, len(letters)), BLOCK)
    blocks = [_block(_between(letters, start, start + BLOCK), grams) for start in starts]
    return sparse.vstack(blocks, format="csr")


def _between(letters: Texts, start: int, stop: int) -> Texts:
    """Return the texts from one on up to another."""
    ends = letters.ends[start:stop]
    first = letters.ends[start - 1] if start else 0
    last = ends[-1] if len(ends) else first
    return Texts(letters.tokens[first:last], ends - first)


def _block(letters: Texts, grams: NGrams) -> sparse.csr_matrix:
    columns = grams.buckets + 1
    places = [rows * columns + codes for rows, codes in _coded(letters, grams)]
    distinct = np.unique(np.concatenate(places))
    starts = np.searchsorted(distinct, np.arange(len(letters) + 1) * columns)
    indices = (distinct % columns).astype(np.int32)
    ones = np.ones(len(distinct), np.float32)
    return sparse.csr_matrix((ones, indices, starts), shape=(len(letters), columns))


def _coded(letters: Texts, grams: NGrams) -> list[tuple[Int64Array, Int64Array]]:
    """Return the text and the column, from 1 on, of every n-gram, for one length after another.

    Products are taken modulo 2 ** 32, as numbers of 32 bits overflow.
    """
    rows = np.repeat(np.arange(len(letters)), letters.lengths)
    left = np.repeat(letters.ends, letters.lengths) - np.arange(len(letters.tokens))
    code = letters.tokens.copy()
    coded = []
    for size in range(1, grams.longest + 1):
        if size > 1:
            code[: -(size - 1)] = (
                code[: -(size - 1)] * np.int32(FACTOR) + letters.tokens[size - 1 :]
            )
        whole = left >= size
        if size >= grams.shortest:
            coded.append((rows[whole], 1 + np.mod(code[whole], grams.buckets).astype(np.int64)))
    return coded
