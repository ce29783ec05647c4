"""Texts of a request: every fault is listed, and valid texts are encoded as in training."""

import pytest

from casebook.words import Vocabulary
from serving.check import Refused
from serving.check_texts import TextReader
from serving.signature import Field

READER = TextReader(
    Field("text", "text", optional=True, longest=20),
    Vocabulary(unit="word", tokens=("good", "film"), length=3),
)


def test_texts_become_numbers() -> None:
    read = READER.read([{"text": "Good, GOOD film!"}, {"text": None}, {"text": "👍"}])
    assert read.feeds["tokens"].tolist() == [[2, 2, 3], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("instance", "problem"),
    [
        ({"text": ""}, "is empty; null asks"),
        ({"text": " \n"}, "is empty; null asks"),
        ({"text": "x" * 100_000}, "has 100,000 characters, which are more than 20"),
        ({"text": 3}, "must be a text, not a number"),
        ({"text": ["a"]}, "must be a text, not a list"),
        ({"text": "\ud83d"}, "half a character"),
        ({}, "is missing"),
        ({"text": "a", "other": 1}, "is no field of this model"),
        ("a", "a row must be an object"),
    ],
)
def test_faults(instance: object, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        READER.read([{"text": "good"}, instance])
    assert refused.value.faults[0].row == 1
    assert problem in refused.value.faults[0].problem


def test_every_fault_is_listed() -> None:
    with pytest.raises(Refused) as refused:
        READER.read([{"text": 1}, {"text": ""}, {"other": "a"}])
    assert [(fault.row, fault.field) for fault in refused.value.faults] == [
        (0, "text"),
        (1, "text"),
        (2, "other"),
        (2, "text"),
    ]
