"""Sentences to numbers: word index, unknown words, sequences and padding (lab 290).

They are shown as the lab prints them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from casebook import files
from casebook.case import case
from casebook.cli import main
from casebook.language import msg
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from casebook.words import Vocabulary, learned, numbered, padded, tokens
from tasks.data.fetch import own
from tasks.data.ingest import ingest
from tasks.pages.findings import FINDINGS, Section, make_finding, report_findings, stored
from tasks.texts.features import VOCABULARY

DATA = "sentences"
SENTENCES = (
    "I love my dog",
    "I love my cat",
    "You love my dog!",
    "Do you think my dog is amazing?",
)
UNSEEN = ("i really love my dog", "my dog loves my manatee")


class WordEncodingParams(CaseParams):
    """Parameters: the vocabulary size, the sequence length, and the new sentences to encode."""

    words: Annotated[
        int, Field(ge=1, le=100_000, description="words in the index, the most frequent ones")
    ] = 98
    length: Annotated[int, Field(ge=1, le=1000, description="numbers in a padded sequence")] = 7
    unseen: tuple[str, ...] = Field(
        UNSEEN, description="sentences that are encoded with the index of the others"
    )


@case
def word_encoding(params: WordEncodingParams = WordEncodingParams()) -> Summary:
    """Turn sentences into numbers, as every text model begins (lab 290).

    Words not seen before have a number too.
    """
    origin = own(DATA, params.source, "the lab's sentences, in its flow")
    raw = ingest(origin, make_sentences, len(SENTENCES), params.seed)
    encoded = encode_sentences(raw, params.words, params.length, params.unseen)
    return report_findings(encoded, origin, raw, "python -m flows.naver_reviews")


@stage
def encode_sentences(
    out: Path, raw: Ref, max_tokens: int, length: int, unseen: tuple[str, ...]
) -> Facts:
    """Learn the word index of the sentences, and encode and pad them and the unseen ones.

    Writes `vocabulary.json` and `findings.json`; `naver_reviews` trains and serves with the same
    code.
    """
    sentences = [str(text) for text in read_table(raw)["sentence"]]
    longest = max(len(tokens(text, "word")) for text in (*sentences, *unseen))
    vocabulary = learned(sentences, "word", max_tokens, max(longest, 1))
    files.write_text(out / VOCABULARY, vocabulary.model_dump_json())
    files.write_json(
        out / FINDINGS, stored(encoding_sections(vocabulary, sentences, list(unseen), length))
    )
    return {"rows": len(sentences), "words": len(vocabulary.tokens)}


def encoding_sections(
    vocabulary: Vocabulary, sentences: list[str], unseen: list[str], length: int
) -> list[Section]:
    """Return the index, the sequences and the padded sequences as findings with a table each."""
    return [
        findings_on_index(vocabulary.index, len(sentences)),
        findings_on_sequences(sentences, numbered(sentences, vocabulary), length),
        findings_on_unseen(unseen, numbered(unseen, vocabulary), length),
    ]


def findings_on_index(index: dict[str, int], sentences: int) -> Section:
    """Tell which number each word has."""
    message = msg(
        "{sentences} sentences have {words} different words; the more often a word is said, the "
        "smaller its number. 1 stands for every word that is not in the index, 0 for none.",
        sentences=sentences,
        words=len(index) - 1,
    )
    table = tuple({"word": word, "number": str(number)} for word, number in index.items())
    return Section(
        title=msg("Word index"),
        findings=(make_finding("word_index", dict(index), message),),
        tables=(table,),
    )


def findings_on_sequences(sentences: list[str], encoded: list[list[int]], length: int) -> Section:
    """Describe the sentences as numbers, padded to one length by zeros before or after them."""
    before, after = padded(encoded, length, before=True).tolist(), padded(encoded, length).tolist()
    plain = msg(
        "Each sentence is the numbers of its words; capitals and punctuation make no difference."
    )
    same = msg(
        "A network takes sequences of one length, here {length}: zeros go before shorter ones or "
        "after them, and of longer ones that end is cut off.",
        length=length,
    )
    return Section(
        title=msg("Sequences"),
        findings=(
            make_finding("sequences", [*encoded], plain),
            make_finding("padded", before, same),
        ),
        tables=(rows(sentences, encoded, before, after),),
    )


def findings_on_unseen(unseen: list[str], new: list[list[int]], length: int) -> Section:
    """Tell what becomes of words that the index does not have."""
    share = sum(number == 1 for sequence in new for number in sequence) / max(1, sum(map(len, new)))
    message = msg(
        "{share:.0%} of the words of {unseen} new sentences are not in the index. Without a "
        "number for them they would vanish, and sentences would seem shorter than they are.",
        share=share,
        unseen=len(unseen),
    )
    table = rows(
        unseen, new, padded(new, length, before=True).tolist(), padded(new, length).tolist()
    )
    return Section(
        title=msg("Words not seen before"),
        findings=(make_finding("unseen", [*new], message),),
        tables=(table,) if unseen else (),
    )


def rows(
    sentences: list[str],
    sequences: list[list[int]],
    before: list[list[int]],
    after: list[list[int]],
) -> tuple[dict[str, str], ...]:
    """Return a table's row for each sentence."""
    return tuple(
        {
            "sentence": text,
            "sequence": str(sequence),
            "zeros before": str(first),
            "zeros after": str(last),
        }
        for text, sequence, first, last in zip(sentences, sequences, before, after, strict=True)
    )


def make_sentences(_: int, __: int) -> pd.DataFrame:
    """Return the lab's four sentences, which are this case's data."""
    return pd.DataFrame({"sentence": pd.Series(SENTENCES, dtype="string")})


if __name__ == "__main__":
    raise SystemExit(main("flows.word_encoding"))
