"""Giveaways: columns that nearly decide the target, alone or in pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeAlias

import pandas as pd

from casebook.errors import CasebookError
from casebook.language import msg
from tasks.drafting.roles import Guess
from tasks.drafting.suite import LEFT_OUT
from tasks.drafting.sums import sums_to_target
from tasks.evaluation import target_leakage
from tasks.evaluation.target_leakage import DECIDES, HONEST, Leak
from tasks.problem.definition import Problem
from tasks.problem.targets import truth

Leaks: TypeAlias = Literal["stop", "drop", "keep"]


def without_giveaways(
    frame: pd.DataFrame,
    guesses: Mapping[str, Guess],
    problem: Problem,
    source: str,
    leaks: Leaks,
) -> tuple[dict[str, Guess], tuple[str, ...]]:
    """Return the guesses without the columns that give the answer away, and those that are kept.

    A column that tells nearly as much is kept, with a question.

    Raises
    ------
    CasebookError
        There are some, and nobody said what to do.
    """
    used = [name for name, guess in guesses.items() if guess.role not in LEFT_OUT]
    table = frame[used].assign(**{problem.target: truth(frame, problem)})
    strong = target_leakage.leaks(
        table, problem.target, classes=problem.classes, identifiers=False, above=HONEST
    )
    suspects = [leak for leak in strong if leak.certain and leak.strength > DECIDES]
    warned = [leak for leak in strong if leak not in suspects]
    guesses = {**guesses, **{leak.column: _warned(guesses, leak) for leak in warned}}
    numbers = [name for name in used if guesses[name].role == "number"]
    if not problem.classes:
        adding = sums_to_target(frame, problem.target, numbers)
        suspected = {leak.column for leak in suspects}
        suspects += [
            Leak(name, "with another column it adds up to the target", certain=True)
            for name in adding
            if name not in suspected
        ]
    if not suspects or leaks == "keep":
        return dict(guesses), tuple(leak.column for leak in suspects)
    if leaks == "stop":
        raise CasebookError(_give_away(suspects, source, problem.target))
    dropped = {
        leak.column: Guess(
            "left out", msg("it gives the answer away: {figure}", figure=leak.figure)
        )
        for leak in suspects
    }
    return {**guesses, **dropped}, ()


def _warned(guesses: Mapping[str, Guess], leak: Leak) -> Guess:
    """Return a guess with a question, where a column tells much and doesn't quite decide."""
    question = msg("{figure}: is it known before an answer is needed?", figure=leak.figure)
    return replace(guesses[leak.column], warning=question)


def _give_away(suspects: list[Leak], source: str, target: str) -> str:
    described = "; ".join(f"{leak.column} ({leak.figure})" for leak in suspects)
    return (
        f"Columns of {source} nearly decide {target} by themselves: {described}. "
        "They may not be known yet when an answer is needed. Go on without them by `--leaks drop`, "
        "or with them, if each is known before, by `--leaks keep`."
    )
