"""The set's own test split stays complete, and its duplicates are marked.

No validation text is in the training split.
"""

from collections.abc import Callable

import pandas as pd

from casebook.store import Ref
from casebook.tables import read_table
from tasks.texts.split import REPEATED, split_texts


def test_repeats(keep: Callable[..., Ref], keep_tables: Callable[..., Ref]) -> None:
    texts = [f"text {i % 25}" for i in range(60)]
    test = ["TEXT 3", "never seen", None]
    frame = pd.DataFrame(
        {
            "said": pd.Series([*texts, *test], dtype="string"),
            "label": [i % 2 for i in range(63)],
            "part": ["train"] * 60 + ["test"] * 3,
        }
    )
    ref = keep(split_texts.fn, keep_tables(table=frame), "said", 0)
    parts = {name: read_table(ref, name) for name in ("train", "validation", "test")}
    assert len(parts["train"]) + len(parts["validation"]) == 60
    assert not set(parts["validation"]["said"]) & set(parts["train"]["said"])
    assert parts["test"][REPEATED].tolist() == [True, False, False]
    assert ref.facts["repeated"] == 1
