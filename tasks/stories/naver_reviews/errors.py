"""Repeats, errors and words: what lies behind the accuracy of a network on film reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from casebook.language import Message, msg
from casebook.run import current
from casebook.stage import uncached_task
from casebook.store import Ref
from casebook.tables import read_arrays, read_table
from casebook.words import tokens
from tasks.pages.notes import Notes
from tasks.problem.definition import Problem
from tasks.texts.nearest import analogies
from tasks.texts.split import REPEATED

QUESTIONS = (("왕", "남자", "여자"), ("최고",), ("지루",), ("재미있다",), ("쓰레기",), ("감동",))


@uncached_task
def notes(parts: Ref, trained: Mapping[str, Sequence[Ref]], problem: Problem) -> Notes:
    """Describe the effect of repeats, the misclassified reviews, and the lab's word vectors."""
    if current().planning:
        return Notes()
    test = read_table(parts, "test")
    networks = {name: refs[0] for name, refs in trained.items()}
    right: dict[str, Any] = {
        name: (read_arrays(ref, "scores")["test"] > 0) == (test[problem.target] == 1)
        for name, ref in networks.items()
    }
    repeated = int(test[REPEATED].sum())
    best = max(networks, key=lambda name: float(str(networks[name].facts["val_accuracy"])))
    paragraphs: tuple[Message, ...] = (
        msg(
            "{repeated:,} of {rows:,} test reviews stand in the training file too, as the "
            "networks read them. The first table tells the accuracy on all test reviews, as "
            "others report it, and without those.",
            repeated=repeated,
            rows=len(test),
        ),
        msg(
            "The second table tells what the errors of {best} on the test part have in common: "
            "how often it is wrong by a review's length, and where there is a word that turns the "
            "sense over, or a sign of irony.",
            best=best,
        ),
    )
    tables = [
        without_repeats(right, test[REPEATED]),
        errors(right[best], test[problem.text_column].fillna("")),
    ]
    if "course" in networks:
        analogy_table = analogies(networks["course"], QUESTIONS)
        tables += [analogy_table] if analogy_table else []
        paragraphs += (
            msg(
                "The third: the words whose vectors in the lab's network lie nearest (cosine). "
                "They were learned from likes alone, not from what words stand beside, so near is "
                "what is liked alike."
            ),
        ) * bool(analogy_table)
    return Notes(
        title=msg("Repeats, errors and words"), paragraphs=paragraphs, tables=tuple(tables)
    )


def without_repeats(right: dict[str, pd.Series], repeated: pd.Series) -> tuple[dict[str, str], ...]:
    """Return each candidate's accuracy on all test reviews, on repeats only, and without repeats.

    A repeat is a review that the training part has too.
    """

    def share(values: pd.Series) -> str:
        return f"{values.mean():.4f} of {len(values):,}" if len(values) else "none"

    return tuple(
        {
            "candidate": name,
            "all": share(correct),
            "repeats only": share(correct[repeated]),
            "without repeats": share(correct[~repeated]),
        }
        for name, correct in right.items()
    )


def errors(right: pd.Series, texts: pd.Series) -> tuple[dict[str, str], ...]:
    """Return how often a network is wrong on reviews of some kinds."""
    words = texts.map(lambda text: len(tokens(text, "word")))
    kinds = {
        "all": words >= 0,
        "up to 2 words": words <= 2,
        "3 to 8 words": words.between(3, 8),
        "9 to 20 words": words.between(9, 20),
        "more than 20 words": words > 20,
        "with 안, 못, 않 or 없": texts.str.contains(r"\b[안못]\b|않|없"),
        "with 지만, 는데 or 그러나": texts.str.contains("지만|는데|그러나"),
        "with ㅋ, ㅎ, ^^ or ~": texts.str.contains(r"[ㅋㅎ~]|\^\^"),
        "without Hangul": ~texts.str.contains("[가-힣]"),
    }
    return tuple(
        {
            "reviews": kind,
            "number": f"{int(which.sum()):,}",
            "wrong": f"{1 - right[which].mean():.3f}",
        }
        for kind, which in kinds.items()
        if which.any()
    )
