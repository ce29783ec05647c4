"""Choice of the champion: the best on validation, unless one that ties with it is far faster.

Of two candidates between which the validation rows show no difference, the one that answers in a
tenth of the time is the better choice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from tasks.evaluation.paired import Difference

COSTS, FASTER = "costs.json", "faster.json"
RATIO = 10.0  # times as slow as another is too slow, if the two tie
# Milliseconds by which two answers to one row must differ to decide. The service needs about four
# times as much for the request alone, and a busy machine shifts a median by less.
FLOOR = 0.1

Compare: TypeAlias = Callable[[str], Mapping[str, Difference]]


class Cost(BaseModel):
    """What an answer of one candidate takes.

    Attributes
    ----------
    one_row_ms, thousand_rows_ms
        Milliseconds for a request of one row, and for one of a thousand.
    size_mb
        Megabytes of the graph.
    """

    model_config = ConfigDict(frozen=True)
    one_row_ms: float
    thousand_rows_ms: float
    size_mb: float


class Choice(NamedTuple):
    """Which candidate is to serve, and why.

    Attributes
    ----------
    champion, best
        The candidate that is chosen, and the one that is best on validation.
    difference
        By how much the figure of the best exceeds the champion's on the validation rows; None if
        they are one.
    """

    champion: str
    best: str
    difference: Difference | None = None

    def described(self) -> dict[str, Any]:
        """Return the choice as JSON has it."""
        difference = self.difference._asdict() if self.difference else None
        return {**self._asdict(), "difference": difference}


@stage
def find_faster(out: Path, costs: Ref) -> Facts:
    """Find the candidates that are much faster than others.

    That much of what was measured decides; as a stage of its own it is the same whenever it is
    measured again, and so is all that follows. Writes `faster.json`.
    """
    faster = much_faster(read_costs(costs))
    files.write_json(out / FASTER, faster)
    return {"pairs": sum(map(len, faster.values()))}


def read_costs(ref: Ref) -> dict[str, Cost]:
    """Read what an answer of each candidate takes."""
    content = json.loads(ref.path(COSTS).read_text(encoding="utf-8"))
    return {name: Cost.model_validate(cost) for name, cost in content.items()}


def read_faster(ref: Ref) -> dict[str, list[str]]:
    """Read which candidates are much faster than which."""
    content: dict[str, list[str]] = json.loads(ref.path(FASTER).read_text(encoding="utf-8"))
    return content


def much_faster(costs: Mapping[str, Cost]) -> dict[str, list[str]]:
    """Return for each candidate those that are much faster.

    They answer one row in less than a tenth of its time, and by more than 0.1 ms earlier. One row
    decides, as it is what somebody waits for; of a thousand in one request each takes less.

    Examples
    --------
    >>> times = {"trees": 2.5, "network": 0.2, "linear": 0.02}
    >>> sizes = {"thousand_rows_ms": 1.0, "size_mb": 1.0}
    >>> much_faster({name: Cost(one_row_ms=time, **sizes) for name, time in times.items()})
    {'trees': ['network', 'linear'], 'network': [], 'linear': []}
    """
    times = {name: cost.one_row_ms for name, cost in costs.items()}
    return {
        name: [o for o, other in times.items() if time > RATIO * other and time - other > FLOOR]
        for name, time in times.items()
    }


def choose(
    figures: Mapping[str, float], sign: int, faster: Mapping[str, Collection[str]], compare: Compare
) -> Choice:
    """Choose the champion among candidates.

    It is the best of those that tie with the best on validation and than which none of these is
    much faster.

    Parameters
    ----------
    figures
        The primary figure of each candidate on validation.
    sign
        1 where more of the figure is better, else -1.
    faster
        For each candidate those that are much faster; empty where no time was measured.
    compare
        Returns the figure of one candidate less that of each other, on the same validation rows. It
        is called only if some candidate is much faster than the best.
    """
    best = max(figures, key=lambda name: sign * figures[name])
    if not faster.get(best):
        return Choice(best, best)
    differences = compare(best)
    tied = [
        name
        for name in figures
        if name == best or differences[name].outcome(sign) == "no difference shown"
    ]
    fast = [name for name in tied if not set(faster[name]).intersection(tied)]
    champion = max(fast, key=lambda name: sign * figures[name])
    return Choice(champion, best, None if champion == best else differences[champion])
