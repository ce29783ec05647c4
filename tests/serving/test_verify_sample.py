"""What counts as the stored prediction, and what does not."""

import pytest

from serving.verify_sample import verify_sample

STORED = {"a": 0.5, "b": 0.2, "c": 0.10004, "d": 0.1, "e": 0.05}


def ranking(**probabilities: float) -> dict[str, object]:
    top = [{"label": label, "probability": value} for label, value in probabilities.items()]
    return {**top[0], "top": top}


def same(*ours: dict[str, object]) -> bool:
    return verify_sample(ours, [ranking(**STORED)])


def test_numbers_may_differ_in_the_fourth_place() -> None:
    assert verify_sample([{"p": 0.5, "label": "x"}], [{"p": 0.50009, "label": "x"}])
    assert not verify_sample([{"p": 0.5, "label": "x"}], [{"p": 0.5003, "label": "x"}])
    assert not verify_sample([{"p": 0.5, "label": "x"}], [{"p": 0.5, "label": "y"}])
    assert not verify_sample([{"p": 0.5}], [{"p": 0.5, "label": "y"}])
    assert not verify_sample([{"p": 0.5}], [])


def test_a_ranking_agrees_within_the_tolerance() -> None:
    assert same(ranking(**STORED))
    assert same(ranking(a=0.50005, b=0.2, c=0.1, d=0.09996, e=0.05))
    assert not same(ranking(a=0.6, b=0.2, c=0.1, d=0.1, e=0.05))
    assert not same(ranking(a=0.5, b=0.2, c=0.10004, d=0.1))
    assert not same({"p": 0.5})


def test_classes_as_probable_as_each_other_may_change_places() -> None:
    assert same(ranking(a=0.5, b=0.2, d=0.10004, c=0.1, e=0.05))
    assert not same(ranking(b=0.5, a=0.2, c=0.10004, d=0.1, e=0.05))
    assert verify_sample([ranking(b=0.5, a=0.49999)], [ranking(a=0.5, b=0.49999)])


def test_the_last_class_shown_may_change_with_one_as_probable() -> None:
    assert same(ranking(a=0.5, b=0.2, c=0.10004, d=0.1, f=0.05004))
    assert not same(ranking(a=0.5, b=0.2, c=0.10004, f=0.1, e=0.05))


@pytest.mark.parametrize(
    "changes",
    [{"top": []}, {"top": 3}, {"top": [3]}, {"label": "b"}, {"probability": 0.2}, {"top": None}],
)
def test_a_stored_ranking_that_contradicts_itself_is_an_error(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        verify_sample([ranking(**STORED)], [ranking(**STORED) | changes])
