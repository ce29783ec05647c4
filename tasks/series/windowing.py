"""Window: cut a series into what was known and what came then, so that no part knows of a later one.

Parts are in the order of time. Each row of a part is asked with the numbers before its `day` and
answers for that step and those after it; what a part can't know, because it lies in a later part,
is not a number. A validation part may be of several periods, which its array `period` numbers: each
is asked with all that was known before it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from casebook.store import Ref
from casebook.tables import read_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


def windows(values: "NDArray[Any]", first: int, end: int, length: int, horizon: int) -> "Arrays":
    """Return the rows whose first answered step lies in `first` to before `end`.

    Parameters
    ----------
    values
        The whole series.
    first, end
        Places in the series; before `first` there must be `length` numbers.
    length, horizon
        How many numbers a row is asked with, and for how many steps it answers.

    Returns
    -------
    `window` (rows, length), `y` (rows, horizon) with nan from `end` on, and `day` (rows,), the place of each row's
    first answered step.
    """
    import numpy as np

    days = np.arange(first, end)
    told = np.concatenate([values[:end], np.full(horizon, np.nan)])
    return {
        "window": values[days[:, None] + np.arange(-length, 0)].astype("float32"),
        "y": told[days[:, None] + np.arange(horizon)].astype("float32"),
        "day": days,
    }


def walk(parts: Ref) -> "Iterator[tuple[Arrays, Arrays]]":
    """Yield, for each period of the validation part and then for the test part, all rows before it and its own."""
    import numpy as np

    known, validation, test = (read_arrays(parts, name) for name in ("train", "validation", "test"))
    period = validation.pop("period", np.zeros(len(validation["y"]), "int64"))
    for number in np.unique(period):
        asked = {name: values[period == number] for name, values in validation.items()}
        yield known, asked
        known = joined(known, asked)
    yield known, test


def joined(*rows: "Arrays") -> "Arrays":
    """Return rows one after the other."""
    import numpy as np

    return {name: np.concatenate([each[name] for each in rows]) for name in rows[0]}
