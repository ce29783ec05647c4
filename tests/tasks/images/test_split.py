"""The set's own test part stays the test part, and no picture stands in two parts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from casebook.errors import CasebookError
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_table
from tasks.data.clean import drop_repeated_pictures
from tasks.images.read import PICTURES
from tasks.images.split import by_group, split_pictures
from tasks.tables.split import as_given


def table(rows: int = 60) -> pd.DataFrame:
    part = np.where(np.arange(rows) < rows - 12, "train", "test")
    return pd.DataFrame(
        {
            "picture": range(rows),
            "label": np.arange(rows) % 3,
            "part": part,
            "sha256": [f"{i:x}" for i in range(rows)],
        }
    )


def test_parts_hold_their_pictures(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    def write(out: Path) -> Facts:
        np.save(out / PICTURES, np.arange(60, dtype="uint8").reshape(60, 1, 1, 1))
        write_table(out, table())
        return {}

    ref = keep(split_pictures.fn, keep_tables(table=table()), keep(write), 0)
    parts: dict[str, Any] = {
        name: read_arrays(ref, name) for name in ("train", "validation", "test")
    }
    assert [len(part["y"]) for part in parts.values()] == [43, 5, 12]
    assert sorted(np.concatenate([part["picture"] for part in parts.values()]).tolist()) == list(
        range(60)
    )
    for part in parts.values():
        assert np.array_equal(part["x"][:, 0, 0, 0], part["picture"])
    assert parts["test"]["picture"].tolist() == list(range(48, 60))


def test_a_seed_fixes_the_validation_part() -> None:
    one, same, other = (
        as_given(table(), seed)["validation"]["picture"].tolist() for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize(
    "frame", [table()[:48], table()[48:], pd.concat([table()[:1], table()[46:]])]
)
def test_a_set_without_a_part_or_with_a_lone_picture_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(CasebookError, match="two training rows of each class"):
        as_given(frame, 0)


def test_of_repeats_the_test_picture_stays() -> None:
    frame = table().assign(sha256=["same" if i in (3, 7, 50) else f"{i:x}" for i in range(60)])
    kept = drop_repeated_pictures(frame)
    assert len(kept) == 58
    assert 50 in kept["picture"].to_numpy()
    assert not {3, 7} & set(kept["picture"])


def grouped() -> pd.DataFrame:
    """Return 150 pictures of three kinds, of which each fifth is nearly the one before it."""
    places = np.arange(150)
    group = places - (places % 5 == 4)
    sha256 = [f"{place:064x}" for place in places]
    return pd.DataFrame({"picture": places, "label": places % 3, "group": group, "sha256": sha256})


def test_groups_stay_together_and_classes_have_their_share() -> None:
    parts = by_group(grouped(), 0)
    assert sorted(np.concatenate([part["picture"] for part in parts.values()]).tolist()) == list(
        range(150)
    )
    groups = [set(part["group"]) for part in parts.values()]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert [len(group) for group in groups] == [76, 20, 24]
    assert (
        grouped().loc[parts["test"].index].drop_duplicates("group")["label"].value_counts().max()
        <= 9
    )


def test_a_class_of_few_groups_is_refused() -> None:
    frame = grouped()
    frame.loc[frame["label"] == 2, "group"] = 2
    with pytest.raises(CasebookError, match="label = 2, too few"):
        by_group(frame.drop_duplicates("group"), 0)
