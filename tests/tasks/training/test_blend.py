"""What is trained for candidates of which some are the mean of others."""

import pytest

from tasks.training.blend import networks_to_train

MODELS = ("course", "network", "trees")
BLENDS = {"ours": ("network", "trees")}


@pytest.mark.parametrize(
    ("candidates", "trained"),
    [
        (("course",), ["course"]),
        (("ours",), ["network", "trees"]),
        (("trees", "ours", "course"), ["course", "network", "trees"]),
        (("other", "course"), ["course", "other"]),
    ],
)
def test_the_parts_of_a_blend_are_trained_for_it_and_once(
    candidates: tuple[str, ...], trained: list[str]
) -> None:
    assert networks_to_train(candidates, MODELS, BLENDS) == trained
