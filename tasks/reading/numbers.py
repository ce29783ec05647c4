"""Numbers: texts read as numbers, alike in training and in scoring."""

from __future__ import annotations

import pyarrow as pa
from pyarrow import compute

MISSING = (
    "",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "#NA",
    "#N/A N/A",
    "<NA>",
    "NaN",
    "nan",
    "NAN",
    "-NaN",
    "-nan",
    "null",
    "NULL",
    "Null",
    "None",
    "none",
    "1.#QNAN",
    "-1.#QNAN",
    "1.#IND",
    "-1.#IND",
)
WRITTEN = r"^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|(?i:inf|infinity))$"


def read_numbers(cells: pa.Array) -> tuple[pa.Array, dict[int, object]]:
    """Read texts as numbers.

    Parameters
    ----------
    cells
        Texts, null where nothing was written.

    Returns
    -------
    Numbers, null where a text is missing or no number; and by row the texts that are no number.

    Examples
    --------
    >>> numbers, unread = read_numbers(pa.array([" 1.5", "NA", "1,5", None]))
    >>> numbers.to_pylist(), unread
    ([1.5, None, None, None], {2: '1,5'})
    """
    numbers = _all_numbers(cells)
    if numbers is not None:
        return numbers, {}
    texts = compute.utf8_trim_whitespace(cells)
    fit = compute.match_substring_regex(texts, WRITTEN)
    numbers = compute.if_else(fit, texts, None).cast(pa.float64())
    missing = compute.is_in(texts, value_set=pa.array(MISSING, texts.type))
    lost = compute.and_(compute.invert(compute.fill_null(fit, True)), compute.invert(missing))
    places = lost.to_numpy(zero_copy_only=False).nonzero()[0].tolist()
    return numbers, {row: cells[row].as_py() for row in places}


def _all_numbers(cells: pa.Array) -> pa.Array | None:
    """Read texts that all are numbers, fast, or return None where one is not.

    The cast takes more spellings of NaN than are taken for missing, so those are left to the rule.
    """
    try:
        numbers = cells.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    return None if compute.any(compute.is_nan(numbers)).as_py() else numbers


def whole_numbers(texts: pa.Array) -> pa.Array | None:
    """Read texts as exact whole numbers of 64 bits, or return None where one is written otherwise.

    Raises
    ------
    OverflowError
        One is beyond 64 bits.

    Examples
    --------
    The second number is no double.

    >>> whole_numbers(pa.array(["+7", "9007199254740993"])).to_pylist()
    [7, 9007199254740993]
    >>> whole_numbers(pa.array(["7", "7.0"])) is None
    True
    """
    trimmed = compute.utf8_trim_whitespace(texts)
    if not compute.all(compute.match_substring_regex(trimmed, r"^[-+]?\d+$")).as_py():
        return None
    try:
        return compute.utf8_ltrim(trimmed, characters="+").cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise OverflowError(str(error)) from error
