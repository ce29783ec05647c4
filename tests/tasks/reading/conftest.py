"""What both readers agree on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.errors import CasebookError
from casebook.store import Ref
from tests.tasks.reading.both_ways import Values, scored, trained


@pytest.fixture
def both(home: Path, keep: Callable[..., Ref]) -> Callable[..., Values]:
    """Return a function that reads a file in both ways, and what both agree on."""

    def read(content: str | bytes, name: str = "mine.csv", dataset: str = "shop") -> Values:
        path = home / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        values = trained(path, keep, dataset)
        assert scored(path, dataset) == values
        return values

    return read


@pytest.fixture
def refused(home: Path, keep: Callable[..., Ref]) -> Callable[..., str]:
    """Return a function that gives the sentence with which training and scoring refuse a file."""

    def read(content: str | bytes, name: str = "mine.csv") -> str:
        path = home / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(CasebookError) as first:
            trained(path, keep)
        with pytest.raises(CasebookError) as second:
            scored(path)
        assert str(first.value) == str(second.value)
        assert str(path) in str(first.value)
        return str(first.value)

    return read
