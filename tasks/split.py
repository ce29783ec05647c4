"""Split: part the rows into training, validation and test, so that no row and no repeat is in two of them."""

from pathlib import Path
from typing import TYPE_CHECKING

from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from tasks.tripwires import one_feature_decides, repeats_across

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "validation", "test")
FOLDS = 5


@stage
def split(out: Path, table: Ref, target: str, fold: int, seed: int) -> Facts:
    """Part a table for one of five outer folds: a fifth for the test, a fifth of the rest for validation.

    The share of positives is the same in all parts (stratified): 64 % training, 16 % validation, 20 % test. All five
    folds together test every row once.

    Raises
    ------
    CasebookError
        There are too few rows of a class, or a tripwire found that the parts leak.
    """
    parts = stratified(read_table(table), target, fold, seed)
    repeats_across(parts)
    one_feature_decides(parts["train"], target)
    for name, part in parts.items():
        write_table(out, part, name)
    return {name: {"rows": len(p), "positives": int((p[target] == 1).sum())} for name, p in parts.items()}


def stratified(frame: "pd.DataFrame", target: str, fold: int, seed: int) -> "dict[str, pd.DataFrame]":
    """Return training, validation and test part of one outer fold, stratified by the target.

    Raises
    ------
    CasebookError
        The target has one class only, or a class with fewer rows than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold, train_test_split

    counts = frame[target].value_counts()
    if len(counts) < 2:
        raise CasebookError(
            f"All {len(frame):,} rows have {target} = {counts.index[0]}: there is nothing to tell apart. Use data that "
            "holds both classes."
        )
    if counts.min() < 2 * FOLDS:
        raise CasebookError(
            f"Only {counts.min()} rows have {target} = {counts.idxmin()}, too few for {FOLDS} folds that each need one "
            f"for validation too: at least {2 * FOLDS} are needed. Use more data."
        )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    development, test = list(folds.split(frame, frame[target]))[fold]
    train, validation = train_test_split(
        development, test_size=1 / FOLDS, random_state=seed, stratify=frame[target].iloc[development]
    )
    return {name: frame.iloc[rows] for name, rows in zip(PARTS, (train, validation, test), strict=True)}
