"""What a page shows of a version comes from outside: it is of the right kind, and short."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.bundle import BrokenBundle, load
from serving.signature import LONGEST_TEXT, MOST_SEEN, parse
from tests.serving.signatures import MPG
from tests.serving.versions import publish_rows, seal


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": ["x", 1]}, "title must be a text"),
        ({"limits": "x" * (LONGEST_TEXT + 1)}, "limits must be a text of at most 5,000"),
    ],
)
def test_titles_and_limits_are_short_texts(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse({**MPG, "trained_on": "real", **changed})


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (["red", None], "a seen value must be a text"),
        (["x"] * (MOST_SEEN + 1), "1,001 seen values are more than 1,000"),
    ],
)
def test_values_seen_in_training_are_few_texts(seen: list[Any], words: str) -> None:
    field = {**MPG["inputs"][0], "seen": seen}
    with pytest.raises(ValueError, match=words):
        parse({**MPG, "trained_on": "real", "inputs": [field]})


@pytest.mark.parametrize("truth", ["[true]", "[null]", "[1, 2]", "{}"])
def test_truth_that_does_not_fit_the_sample_is_refused(
    publish: Callable[..., Path], truth: str
) -> None:
    folder = publish_rows("mpg", 1, 0.01)
    (folder / "sample_truth.json").write_text(f'{{"truth": {truth}}}')
    seal(folder)
    with pytest.raises(BrokenBundle, match=r"sample_truth\.json: truth must"):
        load(folder)
