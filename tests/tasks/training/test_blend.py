"""What is trained for candidates of which some are the mean of others."""

import pytest

from casebook.store import Ref
from tasks.training.blend import networks_to_train, with_blends

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


def test_a_blend_is_made_of_its_parts_and_candidates_keep_their_order() -> None:
    def ref(stage: str) -> Ref:
        return Ref(case="shop", stage=stage, key="0a")

    def blend(first: str, parts: tuple[Ref, ...]) -> Ref:
        return ref("-".join((first, *(part.stage for part in parts))))

    trained = {name: [ref(name)] for name in MODELS}
    outputs = with_blends(trained, ("ours", "course"), BLENDS, blend)
    assert list(outputs) == ["ours", "course"]
    assert outputs["course"] == trained["course"]
    assert outputs["ours"] == [ref("network-network-trees")]
