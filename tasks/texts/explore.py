"""Explore texts: how long they are, how often they repeat, and the words typical of each class.

Typical words are those that a class uses more than the other.
"""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pandas as pd
import seaborn as sns

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from casebook.words import tokens
from tasks.pages.charts import cloud
from tasks.pages.plot_style import axes_grid, hangul_font, save
from tasks.problem.definition import Problem
from tasks.tables.explore import describe

CLOUD = 120  # words in a word cloud
LEAST = 20  # times that a word must be said to be in it, or one in 2,000 texts where they are few
BINS = 70


@stage(process="worker")
def explore_texts(out: Path, table: Ref, text: str, problem: Problem) -> Facts:
    """Describe a set of texts in `profile.json` and in plots.

    The file has its statistics; the plots show the lengths, and a word cloud of each class. A
    word's size in its class's cloud is by how much more often that class uses it than the other,
    not how often it is used: the most frequent words are the same in both.
    """
    frame = read_table(table)
    texts = frame[text].fillna("")
    measured = frame.assign(
        characters=texts.str.len(), words=[len(tokens(document, "word")) for document in texts]
    )
    summaries = describe(measured[[problem.target, "characters", "words"]])
    counts = frame[problem.target].value_counts()
    files.write_json(
        out / "profile.json",
        {
            "rows": len(frame),
            "memory_mb": float(frame.memory_usage(deep=True).sum() / 1e6),
            "repeats": int(texts.duplicated().sum()),
            "missing": int(frame[text].isna().sum()),
            "target": {
                class_name: int(counts.get(label, 0))
                for label, class_name in enumerate(problem.labels)
            },
            "columns": [{"name": name, "unit": None, **summaries[name]} for name in summaries],
        },
    )
    _lengths(out, measured, problem)
    _clouds(out, characteristic_words(frame, text, problem), problem)
    return {"rows": len(frame)}


def characteristic_words(
    frame: pd.DataFrame, text: str, problem: Problem
) -> list[dict[str, float]]:
    """Return for each class the words that it uses more often than the other.

    The number of each word is how many texts of the class use it, less how many would if they used
    it as the other class does.
    """
    parts = [frame.loc[frame[problem.target] == label, text].dropna() for label in (0, 1)]
    counts = [
        Counter(word for document in part for word in set(tokens(document, "word")))
        for part in parts
    ]
    share = len(parts[0]) / max(1, len(parts[1]))
    least = min(LEAST, max(1, len(frame) // 2000))
    ours = {
        word: count - counts[1][word] * share for word, count in counts[0].items() if count >= least
    }
    theirs = {
        word: count - counts[0][word] / max(share, 1e-9)
        for word, count in counts[1].items()
        if count >= least
    }
    return [
        dict(Counter({w: v for w, v in weights.items() if v > 0}).most_common(CLOUD))
        for weights in (ours, theirs)
    ]


def _lengths(out: Path, measured: pd.DataFrame, problem: Problem) -> None:

    fig, panels = axes_grid(2, columns=2)
    for axis, name in zip(panels, ("characters", "words"), strict=True):
        limit = measured[name].quantile(0.995)
        shown = measured[measured[name] <= limit].assign(
            label=measured[problem.target].map(dict(enumerate(problem.labels)))
        )
        bins = {
            "binwidth": max(1, round(limit / BINS)),
            "element": "step",
            "legend": name == "words",
        }
        sns.histplot(shown, x=name, hue="label", hue_order=problem.labels, ax=axis, **bins)
        axis.set(xlabel=f"{name} of a text", ylabel="texts")
    fig.suptitle("How long texts are")
    save(fig, out / "lengths.png")


def _clouds(out: Path, weights: list[dict[str, float]], problem: Problem) -> None:
    """Draw a word cloud for each class, if there is a font that can; the log says where none is."""
    font = hangul_font()
    if font is None:
        logging.getLogger("casebook").warning(
            "No font draws Hangul, so the word clouds are left out: install one such as "
            "fonts-nanum and run again."
        )
        return
    for label, words, colours in zip(problem.labels, weights, ("Oranges", "Blues"), strict=True):
        if words:
            title = f"Words that {label} texts say more often"
            cloud(out / f"cloud_{label}.png", words, title, f"{colours}_r", str(font))
