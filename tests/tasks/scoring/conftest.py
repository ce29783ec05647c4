"""A published model that scores in small blocks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow import csv as csv

from tasks.scoring import plan as score_plan
from tasks.scoring.score import Scored, score
from tests.tasks.scoring.published import publish


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks of 64 rows."""
    monkeypatch.setattr(score_plan, "MANY", 64)


@pytest.fixture
def fraud(home: Path, small: None) -> Callable[..., Scored]:
    """Return a function that scores with a published fraud model."""
    publish("fraud")
    return lambda given, output, **more: score("fraud", home / given, home / output, **more)
