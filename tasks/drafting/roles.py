"""Roles: what each column of a table that nobody has described is for a model, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from casebook.catalog import Role
from casebook.language import Message, msg
from tasks.data.dates import FORMATS, DateFormat

LOOKED_AT = 200_000  # rows, drawn at random: more tell nothing new of a column
FEW = 30  # categories that get a feature of their own
OFTEN = 10  # rows that a category, or a word, stands in at least to get one
MANY = 0.5  # distinct texts per row above which a text is no category
UNIQUE = 0.98  # distinct values per row of an identifier
WORDS = 3  # of a text on average, from which it is read as one
DATED = 0.95  # of a column's texts that must be dates
PERSONAL = r"(^|_|\b)((first|last|sur|family|full|middle)_?name|e_?mail|phone|ssn|passport|address)"
NUMBERED = r"(^|_|\b)(id|key|nr|no|number|index|row|uuid|code)$|_?id$"
GROUPS = r"(^|_)id$"  # of what several rows are of, such as a customer
SOME = 0.05  # distinct values per row from which such a number is no category
CODES = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0)
WORD = r"[^\W\d_]{3,}"


@dataclass(frozen=True)
class Guess:
    """What a column seems to be.

    Attributes
    ----------
    role
        What it is for a model.
    reason
        What speaks for it.
    categories
        The values, or the words of a text, that get a feature each.
    rarer
        Whether a category has so many other values that the target's mean in each may tell more.
    date_format
        How `strftime` writes its dates.
    warning
        What a person should look at.
    """

    role: Role
    reason: Message
    categories: tuple[str, ...] = ()
    rarer: bool = False
    date_format: str = ""
    warning: Message | None = None


def guess_roles(frame: pd.DataFrame, target: str) -> dict[str, Guess]:
    """Return what each column but the target seems to be.

    Parameters
    ----------
    frame
        The table: numbers, and texts of the dtype `string`.
    target
        The column to predict.
    """
    rows = frame
    if len(frame) > LOOKED_AT:
        rows = frame.sample(LOOKED_AT, random_state=0)
    guesses = {str(name): guess_role(rows[name]) for name in frame.columns if name != target}
    return {**guesses, **_repeats(rows, guesses)}


def guess_role(values: pd.Series) -> Guess:
    """Return what a column seems to be.

    Examples
    --------
    >>> guess_role(pd.Series([1.5, 2.5, 3.0], name="length")).role
    'number'
    >>> guess_role(pd.Series(["2026-01-0" + str(n) for n in range(1, 8)], dtype="string")).role
    'date'
    """
    present = values.dropna()
    distinct = present.nunique()
    if distinct == 0:
        return Guess("constant", msg("it is empty in every row"))
    if distinct == 1 and len(present) == len(values):
        return Guess("constant", msg("it is {value} in every row", value=str(present.iloc[0])))
    if pd.api.types.is_numeric_dtype(values):
        return _number(values, present, distinct)
    return _text(values, present, distinct)


def _number(values: pd.Series, present: pd.Series, distinct: int) -> Guess:
    name = str(values.name)
    whole = bool((present == present.round()).all())
    steps = np.diff(present.to_numpy("float64"))
    counts = {"count": distinct, "rows": len(present)}
    if whole and distinct == len(values) and len(values) > 2 and bool((steps == 1).all()):
        return Guess("identifier", msg("it counts the rows"))
    if whole and distinct >= UNIQUE * len(present) and re.search(NUMBERED, name, re.I):
        counted = msg("its name, and {count:,} values in {rows:,} rows", **counts)
        return Guess("identifier", counted)
    if whole and distinct > SOME * len(present) and re.search(GROUPS, name, re.I):
        counted = msg("its name, and {count:,} values in {rows:,} rows", **counts)
        hint = msg("rows of one {name} may belong together: try --group {name}", name=name)
        return Guess("identifier", counted, warning=hint if distinct < len(present) else None)
    ends = {"low": float(present.min()), "high": float(present.max())}
    reason = msg("numbers from {low:g} to {high:g}", **ends)
    return Guess("number", reason, warning=_code(present))


def _code(present: pd.Series) -> Message | None:
    """Return a warning of a number at an end of the range that may stand for a missing value."""
    ends = {float(present.min()), float(present.max())}
    for code in ends.intersection(CODES):
        often = int((present == code).sum())
        others = present[present != code]
        if len(others) and often > 1 and _far(code, others):
            return msg(
                "{code:g} stands in {count:,} rows, far from all others: a missing value?",
                code=code,
                count=often,
            )
    return None


def _far(code: float, others: pd.Series) -> bool:
    low, high = float(others.min()), float(others.max())
    return not low - (high - low) <= code <= high + (high - low)


def _text(values: pd.Series, present: pd.Series, distinct: int) -> Guess:
    rows = len(present)
    if form := date_format(present):
        reason = msg("dates such as {first}", first=str(present.iloc[0]))
        return Guess("date", reason, date_format=form.pattern)
    if re.search(PERSONAL, str(values.name), re.I):
        return Guess("left out", msg("its name says that it is of a person"))
    counted = {"count": distinct, "rows": rows}
    words = float(np.mean([len(text.split()) for text in present.head(2_000)]))
    if distinct > MANY * rows and words >= WORDS:
        frequent = frequent_words(present)
        if frequent:
            reason = msg("texts of {words:.0f} words", words=words)
            return Guess("text", reason, categories=frequent)
    if distinct >= UNIQUE * rows and rows > 1:
        return Guess("identifier", msg("{count:,} texts in {rows:,} rows", **counted))
    guess = as_category(present)
    if not guess.categories:
        seldom = msg("{count:,} texts in {rows:,} rows, none of them often", **counted)
        return Guess("identifier", seldom)
    return guess


def as_category(present: pd.Series) -> Guess:
    """Return what a column is as a category: which of its texts get a feature each.

    There is none where no text is often.
    """
    rows, distinct = len(present), present.nunique()
    counts = present.value_counts()
    often = counts[counts >= min(OFTEN, max(2, rows // 50))].head(FEW)
    kept = tuple(sorted(map(str, often.index)))
    reason = msg("{count:,} texts in {rows:,} rows", count=distinct, rows=rows)
    if len(kept) < distinct:
        reason = msg(
            "{count:,} texts in {rows:,} rows, of which {kept} frequent ones get a feature each",
            kept=len(kept),
            count=distinct,
            rows=rows,
        )
    return Guess("category", reason, categories=kept, rarer=distinct > FEW)


def date_format(present: pd.Series) -> DateFormat | None:
    """Return how nearly all texts are dates, or None.

    Where day and month may be either, the first format is taken in which all fit.
    """
    texts = present.drop_duplicates().head(2_000).tolist()
    if not any(character.isdigit() for character in str(texts[0])):
        return None
    best, share = None, DATED
    for form in FORMATS:
        fitting = sum(form.fits(text) and _real(text, form) for text in texts) / len(texts)
        if fitting >= share and (best is None or fitting > share):
            best, share = form, fitting
    return best


def _real(text: str, form: DateFormat) -> bool:
    """Say whether a text that is written as a date has a month and a day that there are."""
    date = text.split(form.join)[0] if form.join else text
    pieces = dict(zip(form.order, map(int, date.split(form.separator)), strict=True))
    return 1 <= pieces["m"] <= 12 and 1 <= pieces["d"] <= 31


def frequent_words(texts: pd.Series) -> tuple[str, ...]:
    """Return the words that stand in many of the texts, and not in nearly all, at most thirty.

    Examples
    --------
    >>> frequent_words(pd.Series(["Sales manager"] * 20 + ["Bus driver"] * 20))
    ('bus', 'driver', 'manager', 'sales')
    """
    words = texts.str.lower().str.findall(WORD).map(set)
    counts = words.explode().value_counts()
    telling = counts[(counts >= max(OFTEN, len(texts) // 500)) & (counts <= 0.9 * len(texts))]
    return tuple(sorted(map(str, telling.head(FEW).index)))


def _repeats(rows: pd.DataFrame, guesses: Mapping[str, Guess]) -> dict[str, Guess]:
    """Return the columns that say the same as an earlier one: a factor, or another name."""
    repeats: dict[str, Guess] = {}
    by_codes: dict[bytes, str] = {}
    for name, guess in guesses.items():
        if guess.role not in ("number", "category"):
            continue
        codes, _ = pd.factorize(rows[name], use_na_sentinel=False)
        first = by_codes.setdefault(codes.tobytes(), name)
        if first != name and _alike(rows[first], rows[name], guesses[first]):
            repeats[name] = Guess("repeat", msg("it says the same as {first}", first=first))
    return repeats


def _alike(first: pd.Series, second: pd.Series, guess: Guess) -> bool:
    """Say whether two columns with a value of one for each of the other say the same."""
    if guess.role != "number" or not pd.api.types.is_numeric_dtype(second):
        return True
    pairs = pd.DataFrame({"first": first, "second": second}).dropna()
    if len(pairs) < 3 or pairs["first"].nunique() < 3:
        return True
    correlation = abs(float(np.corrcoef(pairs["first"], pairs["second"])[0, 1]))
    return correlation > 1 - 1e-9
