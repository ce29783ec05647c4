"""Sixty nights of growing data: what the gate makes of a recipe that stays, or gets worse.

Everything but the data and the recipe is real: the split by the rows' hashes, the versions' folders
and what they note of their rows, the gate, the pointer.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper
from sklearn import linear_model

from casebook import files, paths, registry
from casebook.array_types import Float64Array
from casebook.store import Ref
from tasks.problem.definition import ERROR_MARGIN, Problem
from tasks.publication.held_out import FILE, held_out, record
from tasks.publication.promotion_gate import Decision, gate
from tasks.tables.inputs import Rows
from tasks.tables.split import folds_of

NIGHTS, FIRST, EACH_NIGHT = 60, 2000, 50  # rows of the first night, and those that each one adds
HALF = NIGHTS // 2
LUCK = 0.02  # by which share the error of a sound recipe exceeds the least one, as chance has it
NAMES = ("a", "b", "c")
PROBLEM = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
METRICS = {
    "data": {"source": "real"},
    "profile": "standard",
    "champion": "ours",
    "candidates": {"ours": {"rmse": {"value": 1.0}}},
    "peers": {"dummy": {"rmse": {"value": 2.0}}},
    "differences": {"dummy": {"value": -1.0, "low": -1.1, "high": -0.9}},
}


Recipe = Callable[[int], float]


class Night(NamedTuple):
    """What is trained in a night.

    Attributes
    ----------
    worse
        By which share the recipe's error exceeds that of a sound one.
    rows
        The data so far, of which `y` deviates by 1 from what can be predicted.
    seed
        Chooses training rows and what a worse recipe gets wrong.
    """

    worse: float
    rows: pd.DataFrame
    seed: int


def history(drift: float, seed: int) -> pd.DataFrame:
    """Return the rows of all nights; what they depend on turns by `drift` from night to night."""
    rng = np.random.default_rng(seed)
    count = FIRST + NIGHTS * EACH_NIGHT
    night = np.maximum(0, (np.arange(count) - FIRST) // EACH_NIGHT + 1)
    x = rng.normal(size=(count, len(NAMES)))
    turned = np.stack([np.cos(drift * night), np.sin(drift * night), np.ones(count)], axis=1)
    y = (x * turned).sum(axis=1) + rng.normal(size=count)
    return pd.DataFrame(x, columns=NAMES).assign(y=y)


def graph(weights: Float64Array) -> bytes:
    """Return a linear model as ONNX."""
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, 1]) for n in NAMES]
    output = helper.make_tensor_value_info("prediction", TensorProto.FLOAT, [None, 1])
    nodes = [
        helper.make_node("Concat", list(NAMES), ["x"], axis=1),
        helper.make_node("MatMul", ["x", "w"], ["prediction"]),
    ]
    w = helper.make_tensor("w", TensorProto.FLOAT, [len(NAMES), 1], weights.tolist())
    return helper.make_model(
        helper.make_graph(nodes, "model", ends, [output], [w]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    ).SerializeToString()


def train(night: Night, keep_tables: Callable[..., Ref]) -> tuple[Ref, bytes]:
    """Split the rows, fit a model to the training rows, and spoil it as the night's recipe does."""
    rng = np.random.default_rng(night.seed)
    tested = folds_of(night.rows, "y", 5) == 0
    validation = ~tested & (rng.random(len(tested)) < 0.2)
    split = {"train": ~tested & ~validation, "validation": validation, "test": tested}
    parts = keep_tables(**{name: night.rows[rows] for name, rows in split.items()})
    fitted = night.rows[split["train"]]
    model = linear_model.LinearRegression(fit_intercept=False).fit(fitted[[*NAMES]], fitted["y"])
    wrong = rng.normal(size=len(NAMES))
    wrong *= np.sqrt((1 + night.worse) ** 2 - 1) / np.linalg.norm(wrong)
    return parts, graph(model.coef_ + wrong)


def publish(version: int, night: Night, keep_tables: Callable[..., Ref]) -> Decision:
    """Publish what a night trains, and let it serve if the gate allows."""
    parts, model = train(night, keep_tables)
    folder = paths.models("shop") / str(version)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model)
    inputs = [{"name": name} for name in NAMES]
    files.write_json(folder / "signature.json", {"inputs": inputs, "output": {}})
    files.write_json(folder / "manifest.json", {"trained_on": "real", "bundle": str(version)})
    rows = held_out(folder, [parts], parts, PROBLEM, Rows())
    np.savez(folder / FILE, **record(rows, PROBLEM, Rows()))
    decision = gate("shop", version, rows, METRICS, PROBLEM, Rows())
    if decision.serves:
        registry.point("shop", version)
    if decision.best:
        registry.note_best("shop", version)
    return decision


@pytest.fixture
def promoted(keep_tables: Callable[..., Ref]) -> Callable[..., list[bool]]:
    """Return a function that goes through the nights, and says in which ones the version serves."""

    def through(worse: Recipe, drift: float = 0.0, seed: int = 0) -> list[bool]:
        rows = history(drift, seed)
        decisions = [
            publish(
                night,
                Night(worse(night), rows[: FIRST + night * EACH_NIGHT], 1000 * seed + night),
                keep_tables,
            )
            for night in range(1, NIGHTS + 1)
        ]
        return [decision.serves for decision in decisions]

    return through


def from_half_on(worse: float) -> Recipe:
    """Return a recipe that gets worse after half of the nights."""
    return lambda night: (1 + LUCK) * (1 + worse * (night > HALF)) - 1


@pytest.mark.parametrize("drift", [0.0, 0.02], ids=["steady", "drifting"])
def test_a_fixed_recipe_is_promoted_in_most_nights(
    promoted: Callable[..., list[bool]], drift: float
) -> None:
    nights = promoted(from_half_on(0.0), drift)
    assert np.mean(nights[:HALF]) >= 0.8
    assert np.mean(nights[HALF:]) >= 0.8


@pytest.mark.parametrize(
    ("worse", "lowest", "highest"), [(0.02, 0.2, 1.0), (0.05, 0.0, 0.1), (0.1, 0.0, 0.0)]
)
def test_a_recipe_that_gets_worse_by_more_than_the_margin_is_refused_at_once(
    promoted: Callable[..., list[bool]], worse: float, lowest: float, highest: float
) -> None:
    nights = promoted(from_half_on(worse))
    assert np.mean(nights[:HALF]) >= 0.8
    assert lowest <= np.mean(nights[HALF:]) <= highest
    assert highest == 1 or not any(nights[HALF : HALF + 5])


def test_a_recipe_that_gets_a_little_worse_each_night_does_not_creep_past_the_margin(
    promoted: Callable[..., list[bool]],
) -> None:
    nights = promoted(lambda night: (1 + LUCK) * 1.005**night - 1)
    last = int(np.flatnonzero(nights)[-1]) + 1
    assert last > 1 and 1.005**last - 1 < ERROR_MARGIN
