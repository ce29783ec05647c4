"""Stages' inputs made by hand: folders in a store of their own, and a small catalog."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from casebook import paths, store
from casebook.params import CaseParams
from casebook.run import Run, under_way
from casebook.store import Facts, Ref
from casebook.tables import write_arrays, write_table

CATALOG = """
[shop]
title = "Shop"
folder = "shop"
licence = "none"
citation = "none"
target = "sold"

[[shop.files]]
name = "shop.csv"
note = "all of it"

[[shop.files]]
name = "shop.parquet"
note = "as parquet"

[[shop.files]]
name = "shop.xlsx"
sheet = "Stock"
skip = 3
note = "as a spreadsheet"

[shop.columns]
price = { type = "float", unit = "EUR", description = "asked for" }
pieces = { type = "integer", description = "in stock" }
maker = { type = "string", description = "by whom" }
sold = { type = "integer", description = "yes or no" }
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own artifacts, cache and catalog, and no mirror."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("CASEBOOK_RAW", str(tmp_path / "raw"))
    monkeypatch.setenv("CASEBOOK_CASES", str(tmp_path / "cases"))
    monkeypatch.delenv("CASEBOOK_DATA_MIRROR", raising=False)
    (tmp_path / "cases" / "data").mkdir(parents=True)
    (tmp_path / "cases" / "data" / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run() -> Iterator[Run]:
    """Be inside a run of the case `shop`."""
    with under_way(Run("shop", CaseParams())) as under:
        yield under


@pytest.fixture
def keep() -> Callable[..., Ref]:
    """Return a function that runs a stage's function into the store and returns the reference.

    It does so as a flow would.
    """
    numbers = count()

    def kept(work: Callable[..., Facts], *args: Any, **kwargs: Any) -> Ref:
        parts = {"number": str(next(numbers))}
        folder = paths.store() / "shop" / "made" / store.key_of(parts)
        folder.mkdir(parents=True)
        facts = work(folder, *args, **kwargs)
        cost = {"seconds": 0.0, "peak_memory_mb": None, "made_at": "2026-01-01T00:00:00+00:00"}
        return store.write_manifest(folder, "shop", "made", parts, facts, cost)

    return kept


@pytest.fixture
def keep_tables(keep: Callable[..., Ref]) -> Callable[..., Ref]:
    """Return a function that keeps frames by name."""

    def write(out: Path, frames: dict[str, pd.DataFrame]) -> Facts:
        for name, frame in frames.items():
            write_table(out, frame, name)
        return {}

    def kept(**frames: pd.DataFrame) -> Ref:
        return keep(write, frames)

    return kept


@pytest.fixture
def keep_arrays(keep: Callable[..., Ref]) -> Callable[..., Ref]:
    """Return a function that keeps files of named arrays; `facts` are the reference's."""

    def write(out: Path, arrays: dict[str, dict[str, Any]], facts: Facts) -> Facts:
        for name, named in arrays.items():
            write_arrays(out, name, **named)
        return facts

    def kept(facts: Facts | None = None, **arrays: dict[str, Any]) -> Ref:
        return keep(write, arrays, facts or {})

    return kept


@pytest.fixture
def sales() -> pd.DataFrame:
    """Return 200 rows, 40 of them sold, of which `a` tells something and `b` nothing."""
    rng = np.random.default_rng(7)
    y = np.repeat([1, 0, 0, 0, 0], 40)
    return pd.DataFrame(
        {"a": rng.normal(size=200) + y, "b": rng.normal(size=200) * 3 + 5, "sold": y}
    )
