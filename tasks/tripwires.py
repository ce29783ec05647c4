"""Tripwires: checks that fail loudly where figures would be too good to be true, naming the rows or columns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from casebook.errors import CasebookError
from tasks.aim import Aim

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

DECIDES = 0.998


def repeats_across(parts: "dict[str, pd.DataFrame]") -> None:
    """Refuse parts that share a row, value for value.

    Raises
    ------
    CasebookError
        Some rows of one part stand in another too; the first are named by their position in the table.
    """
    import pandas as pd

    hashes = {name: pd.util.hash_pandas_object(part, index=False) for name, part in parts.items()}
    names = list(parts)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            shared = hashes[first][hashes[first].isin(hashes[second])]
            if len(shared):
                rows = ", ".join(map(str, shared.index[:5]))
                raise CasebookError(
                    f"{len(shared):,} rows of the {first} part stand in the {second} part too (rows {rows}): the test "
                    "would ask for what was learnt. Drop repeats before the split, or group them."
                )


def one_feature_decides(train: "pd.DataFrame", aim: Aim) -> None:
    """Refuse an identifier column, and a column that alone nearly decides the target.

    A number whose ROC AUC alone is over .998 (or, for a target that is a number, whose rank correlation is), or text
    that is different in (almost) every row, says more of how the data was put together than of what is to be learnt.

    Raises
    ------
    CasebookError
        Such columns exist; all are named.
    """
    import pandas as pd

    found = []
    for name in train.columns.drop(aim.target):
        values = train[name]
        if not pd.api.types.is_numeric_dtype(values):
            if values.nunique() > 0.9 * len(values):
                found.append(f"{name} (different in {values.nunique():,} of {len(values):,} rows, so an identifier)")
            continue
        kind, strength = _strength(values.fillna(values.median()), train[aim.target], aim)
        if strength > DECIDES:
            found.append(f"{name} ({kind} {strength:.4f} alone)")
    if found:
        raise CasebookError(
            f"Columns that nearly decide {aim.target} by themselves: {', '.join(found)}. They leak the answer or "
            "identify rows: leave them out of the features."
        )


def _strength(values: "pd.Series", target: "pd.Series", aim: Aim) -> tuple[str, float]:
    """Return how well a column alone orders the target, either way round: the name of the figure and its value."""
    if aim.kind == "regression":
        return "rank correlation", abs(float(values.rank().corr(target.rank())))
    from sklearn.metrics import roc_auc_score
    from sklearn.tree import DecisionTreeClassifier

    if aim.kind == "multiclass":
        x = values.to_numpy("float64")[:, None]
        ranges = DecisionTreeClassifier(max_leaf_nodes=len(aim.labels), class_weight="balanced", random_state=0)
        return "accuracy of a range for each class", float(ranges.fit(x, target).score(x, target))
    auc = float(roc_auc_score(target, values))
    return "ROC AUC", max(auc, 1 - auc)


def fitted_on(seen: int, train_rows: int) -> None:
    """Refuse a feature transformer that saw another number of rows than the training part has.

    Raises
    ------
    CasebookError
        It saw rows of the validation or test part, or missed some of the training part.
    """
    if seen != train_rows:
        raise CasebookError(
            f"The features were fitted on {seen:,} rows, but the training part has {train_rows:,}: fit them on the "
            "training part only."
        )


def in_order_of_time(parts: "Mapping[str, Mapping[str, NDArray[Any]]]") -> None:
    """Refuse parts of a series that are shuffled, or of which one learns what a later one is asked.

    Parameters
    ----------
    parts
        In the order of time; each has `day`, the place of each row's first answered step, and `y`, the truth of that
        step and those after it, not a number where the part doesn't know it.

    Raises
    ------
    CasebookError
        A part's rows are not in the order of time, or its truth reaches into a later part; rows are named.
    """
    import numpy as np

    names = list(parts)
    for i, name in enumerate(names):
        days = parts[name]["day"]
        if (np.diff(days) <= 0).any():
            row = int(np.argmax(np.diff(days) <= 0)) + 1
            raise CasebookError(
                f"The time windows of the {name} part are shuffled: row {row} begins at {days[row]}, after one that "
                f"begins at {days[row - 1]}. Keep windows in the order of time until they are parted."
            )
        known = np.isfinite(parts[name]["y"].reshape(len(days), -1))
        last = np.where(known.any(axis=1), days + known.shape[1] - 1 - known[:, ::-1].argmax(axis=1), days - 1)
        for later in names[i + 1 :]:
            over = np.flatnonzero(last >= parts[later]["day"].min())
            if len(over):
                raise CasebookError(
                    f"{len(over):,} time windows of the {name} part overlap the {later} part: the truth of row "
                    f"{over[0]} reaches {last[over[0]]}, and the {later} part begins at {parts[later]['day'].min()}. "
                    "Cut the parts apart in time, and leave out what a part can't know."
                )
