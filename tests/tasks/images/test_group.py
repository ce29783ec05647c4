"""Near-duplicates are found whatever their size and brightness, and form one group."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from tasks.images.group import group_pictures, groups, hashes
from tasks.images.read import PICTURES


def scenes(count: int, seed: int = 0) -> Any:
    """Make smooth pictures that have nothing in common."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 3)).astype("uint8")
    return np.stack(
        [np.asarray(Image.fromarray(s).resize((48, 48), Image.Resampling.BICUBIC)) for s in small]
    )


def bits_apart(one: Any, other: Any) -> int:
    return int((hashes(one[None]) != hashes(other[None])).sum())


def test_a_smaller_and_darker_copy_is_near_and_another_scene_far() -> None:
    picture, other = scenes(2)
    copy = np.asarray(Image.fromarray(picture).resize((30, 30)).resize((48, 48))) // 3 * 2
    assert bits_apart(picture, copy) <= 8
    assert bits_apart(picture, other) > 16


def test_chains_of_near_hashes_are_one_group() -> None:
    hashed = np.zeros((5, 64), bool)
    hashed[1, :5] = hashed[2, :10] = (
        True  # each is near the one before it, the third is not near the first
    )
    hashed[3:, 20:50] = True
    assert groups(hashed, 5).tolist() == [0, 0, 0, 1, 1]
    assert len(set(groups(hashed, 0).tolist())) == 4


def test_grey_pictures_too() -> None:
    assert hashes(scenes(3)[..., :1]).shape == (3, 64)


def test_the_table_gets_a_column_and_groups_are_counted(keep: Callable[..., Ref]) -> None:
    pictures = scenes(4)[[0, 1, 2, 1]]

    def write(out: Path) -> Facts:
        np.save(out / PICTURES, pictures)
        write_table(out, pd.DataFrame({"picture": [0, 1, 3], "label": [0, 1, 2]}))
        return {}

    raw = keep(write)
    ref = keep(group_pictures.fn, raw, raw, 8)
    assert ref.facts == {"rows": 3, "groups": 1, "grouped": 2, "distance": 8}
    group = read_table(ref)["group"]
    assert group[1] == group[2] != group[0]
