"""The encoder of a table's columns is equally wide whatever one training part lacks."""

import numpy as np
import pandas as pd
import pytest

from casebook.catalog import Column, DataFile, DataSet
from tasks.data.derive import derive
from tasks.problem.definition import Problem
from tasks.tables.by_role import by_role, derived_columns
from tasks.tables.fitting import fit_on

ROWS = 120
RNG = np.random.default_rng(0)
PROBLEM = Problem(
    problem_type="multiclass",
    target="y",
    labels=("a", "b", "c"),
    primary_metric="log_loss",
    metrics=("log_loss",),
)
ENTRY = DataSet(
    name="shops",
    title="Shops",
    folder="shops",
    licence="",
    citation="",
    files=(DataFile(name="shops.csv"),),
    columns={
        "size": Column(type="float", role="number", optional=True),
        "shop": Column(type="string", role="category", categories=("s1", "s2"), rarer=True),
        "day": Column(type="string", role="date", optional=True, date_format="%Y-%m-%d"),
        "y": Column(type="string", role="target"),
    },
)
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=ROWS),
        "shop": [f"s{n % 40}" for n in range(ROWS)],
        "day": [f"2026-01-{n % 28 + 1:02}" for n in range(ROWS)],
    }
)
Y = np.tile([0.0, 1.0, 2.0], ROWS // 3)


def encoded(frame: pd.DataFrame) -> pd.DataFrame:
    table = derive(frame, derived_columns(ENTRY))
    unfitted = by_role(ENTRY, PROBLEM)(list(table.columns))
    return pd.DataFrame(fit_on(unfitted, table, Y).train)


@pytest.mark.parametrize("column", ["size", "day"])
@pytest.mark.parametrize("gaps", [slice(0, 0), slice(0, 1), slice(0, ROWS)], ids=["no", "1", "all"])
def test_gaps_in_a_training_part_make_it_no_wider(column: str, gaps: slice) -> None:
    frame = FRAME.copy()
    frame.loc[frame.index[gaps], column] = np.nan if column == "size" else ""
    x = encoded(frame)
    assert x.shape == (ROWS, encoded(FRAME).shape[1])
    assert np.isfinite(x).all(axis=None)


def test_a_gap_is_flagged() -> None:
    frame = FRAME.copy()
    frame.loc[0, "size"] = np.nan
    changed = (encoded(frame) != encoded(FRAME)).loc[0]
    assert changed.sum() >= 2  # the filled number and its flag


def test_a_category_of_many_values_has_a_mean_of_each_class() -> None:
    one_value_each = 2  # s1 and s2
    date_parts = 5 - 1  # a day without a time
    flags = 2
    assert encoded(FRAME).shape[1] == 1 + date_parts + one_value_each + len(PROBLEM.labels) + flags
