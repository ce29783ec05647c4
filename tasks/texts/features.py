"""Encode: texts as the numbers of their words or characters.

The vocabulary is of the training split alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from casebook import files, words
from casebook.array_types import Int32Array, Int64Array
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, read_table, write_arrays
from tasks.evaluation.target_leakage import check_leaks, check_names
from tasks.tables.split import PARTS

VOCABULARY = "vocabulary.json"
WIDTH = 8  # lengths of batches are multiples of it, so that few shapes are met
SHUFFLED = 40  # batches whose texts are drawn together before they are sorted by length


@stage
def encode(
    out: Path,
    parts: Ref,
    text: str,
    target: str,
    unit: words.Unit,
    max_tokens: int,
    length: int,
    trust_columns: tuple[str, ...] = (),
) -> Facts:
    """Learn a vocabulary from the training texts, and write every part as numbers with it.

    Parameters
    ----------
    text, target
        The columns of the text and of its label.
    unit, max_tokens, length
        Whether a text is read by words or by characters, how many of them are known, and how many
        of a text are read.
    trust_columns
        The text's column, if one word of it may decide the label.

    Writes `vocabulary.json`, and for each part the arrays `tokens` (the numbers of all texts, one
    after the other), `ends` (where each text ends in them) and y.

    Raises
    ------
    CasebookError
        One word, or the text as a whole, nearly decides the label.
    """
    frames = {name: read_table(parts, name) for name in PARTS}
    train = frames["train"][text]
    check_names(trust_columns, [text])
    labelled = frames["train"][[text, target]]
    suspects = check_leaks(labelled, target, trust_columns, classes=True, identifiers=False)
    vocabulary = words.learned(plain(train), unit, max_tokens, length)
    files.write_text(out / VOCABULARY, vocabulary.model_dump_json())
    facts: dict[str, object] = {"tokens": len(vocabulary.tokens), "unit": unit, "leaks": suspects}
    for name, frame in frames.items():
        texts = Texts.of(words.numbered(plain(frame[text]), vocabulary))
        write_arrays(out, name, tokens=texts.tokens, ends=texts.ends, y=frame[target].to_numpy())
        unknown = float((texts.tokens == words.UNKNOWN).mean()) if len(texts.tokens) else 0.0
        facts[name] = {
            "rows": len(frame),
            "mean_length": float(texts.lengths.mean()),
            "unknown": unknown,
        }
    return facts


def vocabulary_of(encoded: Ref) -> words.Vocabulary:
    """Read the vocabulary that `encode` wrote, or that a trained network keeps."""
    return vocabulary_in(encoded.path(VOCABULARY).parent)


def vocabulary_in(folder: Path) -> words.Vocabulary:
    """Read the vocabulary that lies beside a model."""
    return words.Vocabulary.model_validate_json((folder / VOCABULARY).read_text(encoding="utf-8"))


def plain(texts: pd.Series) -> list[str | None]:
    """Return a column of texts with None for those that are missing."""
    return [text if isinstance(text, str) else None for text in texts]


class Texts(NamedTuple):
    """Texts of any length as numbers: all of them in one array, and where each ends in it."""

    tokens: Int32Array
    ends: Int64Array

    @classmethod
    def of(cls, sequences: list[list[int]]) -> Self:
        """Put sequences one after the other."""
        flat = [number for sequence in sequences for number in sequence]
        return cls(
            np.array(flat, np.int32),
            np.cumsum([len(sequence) for sequence in sequences], dtype=np.int64),
        )

    @classmethod
    def read(cls, encoded: Ref, part: str) -> Self:
        """Read one part of what `encode` wrote."""
        arrays = read_arrays(encoded, part)
        return cls(arrays["tokens"], arrays["ends"])

    def followed_by(self, others: Self) -> Self:
        """Return these texts and then the others."""
        first = self.ends[-1] if len(self) else 0
        return type(self)(
            np.concatenate([self.tokens, others.tokens]),
            np.concatenate([self.ends, others.ends + first]),
        )

    @property
    def lengths(self) -> Int64Array:
        """How many tokens each text has."""
        return np.diff(self.ends, prepend=0)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.ends)

    def table(self, rows: Int64Array, width: int) -> Int32Array:
        """Return some texts as an array with zeros after them, shape (rows, width)."""
        lengths, starts = self.lengths[rows], self.ends[rows] - self.lengths[rows]
        there = np.arange(width) < lengths[:, None]
        padded: Int32Array = np.full(there.shape, words.PADDING, np.int32)
        padded[there] = self.tokens[(starts[:, None] + np.arange(width))[there]]
        return padded


def batches(
    texts: Texts, size: int, rng: np.random.Generator | None = None
) -> Iterator[tuple[Int64Array, Int32Array]]:
    """Yield the rows and numbers of texts of similar length in batches.

    Grouping by length leaves next to nothing to compute on padding.

    With `rng`, texts are drawn in random order, some batches at a time sorted by length, and
    batches come in random order; without, all texts are sorted by length. Widths are multiples of
    8.

    Examples
    --------
    >>> texts = Texts.of([[2] * 9, [2], [2, 3]])
    >>> [(rows.tolist(), numbers.shape) for rows, numbers in batches(texts, size=2)]
    [([1, 2], (2, 8)), ([0], (1, 16))]
    """
    lengths = texts.lengths
    if rng is None:
        order = np.argsort(lengths, kind="stable")
    else:
        pools = np.split(
            drawn := rng.permutation(len(texts)),
            range(size * SHUFFLED, len(drawn), size * SHUFFLED),
        )
        order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    starts = np.arange(0, len(order), size)
    for start in starts if rng is None else rng.permutation(starts):
        rows = order[start : start + size]
        longest = max(1, int(lengths[rows].max()))
        yield rows, texts.table(rows, -(-longest // WIDTH) * WIDTH)
