"""A cell is read as the same number whatever stands beside it."""

import pyarrow as pa
import pytest

from tasks.reading.numbers import MISSING, read_numbers, whole_numbers

NO_NUMBERS = ("+nan", "Nan", "nAn", "-NAN", "nan(1)", "1,5", "++5")


@pytest.mark.parametrize("cell", [*MISSING, *NO_NUMBERS, "5", "+5", "1e3", "-inf", " 7 "])
@pytest.mark.parametrize("beside", ["1", "x", "NA"])
def test_a_cell_does_not_depend_on_its_neighbours(cell: str, beside: str) -> None:
    (alone,), unread = read_numbers(pa.array([cell]))
    (first, _), both = read_numbers(pa.array([cell, beside]))
    assert first.as_py() == alone.as_py()
    assert both.get(0) == unread.get(0)
    assert (cell in NO_NUMBERS) == (0 in unread)


@pytest.mark.parametrize("cell", ["++5", "+-5", "5.0", "", "+"])
def test_what_is_no_whole_number_is_not_read_as_one(cell: str) -> None:
    assert whole_numbers(pa.array([cell])) is None
