"""Window: cut a series into what was known and what came then, so that no part knows of a later one.

Parts are in the order of time. Each row of a part is asked with the numbers before its `day` and answers for that step
and those after it; what a part can't know, because it lies in a later part, is not a number.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Arrays = dict[str, NDArray[Any]]


def windows(values: "Floats", first: int, end: int, length: int, horizon: int) -> "Arrays":
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
