"""Split texts: keep the set's own test split and count its repeats.

No validation text occurs in the training split.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from casebook.words import normalized
from tasks.tables.split import as_given

REPEATED = "repeated"  # the column of the test part that says which of its texts training has too


@stage
def split_texts(out: Path, table: Ref, text: str, seed: int) -> Facts:
    """Split a set of texts that has its own test split.

    A tenth of its training texts, stratified, is for validation.

    The test split is the set's own and stays whole, as others report it too; its column `repeated`
    says which of its texts occur in training or validation, as read by the models. Validation texts
    that also occur in training are moved to training.

    Raises
    ------
    CasebookError
        A part is missing or a class has too few texts.
    """
    parts = as_given(read_table(table), seed)
    read = {name: part[text].fillna("").map(normalized) for name, part in parts.items()}
    in_training = read["validation"].isin(set(read["train"]))
    train = [parts["train"], parts["validation"][in_training]]
    seen = set(read["train"]) | set(read["validation"])
    parts = {
        "train": _together(train),
        "validation": parts["validation"][~in_training],
        "test": parts["test"].assign(**{REPEATED: read["test"].isin(seen)}),
    }
    for name, part in parts.items():
        write_table(out, part.reset_index(drop=True), name)
    repeated = int(parts["test"][REPEATED].sum())
    return {"repeated": repeated, **{name: {"rows": len(part)} for name, part in parts.items()}}


def _together(frames: list[pd.DataFrame]) -> pd.DataFrame:

    return pd.concat(frames)
