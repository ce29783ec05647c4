"""A model's numbers become predictions by its kind."""

import numpy as np
import pytest

from serving.predictions import teller
from serving.signature import Field, Output, Signature


def of(kind: str, **output: object) -> Signature:
    return Signature("c", kind, "real", (Field("x", "float"),), Output("p", **output))


def test_a_number_is_told_by_the_outputs_name() -> None:
    assert teller(of("regression"))(np.array([[1.5], [2.0]])) == [{"p": 1.5}, {"p": 2.0}]


def test_a_decision_falls_at_the_threshold() -> None:
    tell = teller(of("binary", threshold=0.5, labels=("no", "yes")))
    assert tell(np.array([[0.25], [0.5]])) == [
        {"p": 0.25, "label": "no"},
        {"p": 0.5, "label": "yes"},
    ]


def test_of_many_classes_the_five_most_probable_are_told() -> None:
    tell = teller(of("multiclass", labels=tuple("abcdefg")))
    (answer,) = tell(np.array([[0.0, 0.25, 0.125, 0.5, 0.125, 0.0, 0.0]]))
    assert [(entry["label"], entry["probability"]) for entry in answer.pop("top")] == [
        ("d", 0.5),
        ("b", 0.25),
        ("c", 0.125),
        ("e", 0.125),
        ("a", 0.0),
    ]
    assert answer == {"label": "d", "probability": 0.5}


def test_of_few_classes_all_are_told() -> None:
    answers = teller(of("multiclass", labels=("a", "b")))(np.array([[0.25, 0.75], [1.0, 0.0]]))
    assert [[entry["label"] for entry in answer["top"]] for answer in answers] == [
        ["b", "a"],
        ["a", "b"],
    ]


@pytest.mark.parametrize("shape", [(3, 3), (3, 1), (3,)])
def test_numbers_that_are_not_one_per_label_are_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="each of 2 labels"):
        teller(of("multiclass", labels=("a", "b")))(np.zeros(shape))
