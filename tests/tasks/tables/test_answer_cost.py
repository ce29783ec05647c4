"""An answer's time and size are those of the graph that would serve, of a blend too."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn import compose, ensemble

from casebook.store import Ref
from tasks.evaluation.choice import read_costs
from tasks.problem.definition import Problem
from tasks.tables import sklearn_models
from tasks.tables.answer_cost import measure_costs
from tasks.tables.answer_graph import answer_graph
from tasks.tables.blend import blend
from tasks.tables.estimators import fit_estimator
from tasks.tables.export import joined
from tasks.tables.features import features, numbers, one_hot

PROBLEM = Problem(
    problem_type="binary", target="y", labels=("no", "yes"), primary_metric="auprc", metrics=()
)


def table(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size, kind = rng.normal(size=rows), rng.choice(["old", "new"], rows)
    y = (size + (kind == "old") + rng.normal(size=rows) > 0.5).astype(int)
    return pd.DataFrame({"size": size, "kind": kind, "y": y}).astype({"kind": "string"})


def encoder(columns: list[str]) -> compose.ColumnTransformer:
    return compose.ColumnTransformer(
        [("number", numbers(), ["size"]), ("kind", one_hot(("old", "new")), ["kind"])]
    )


def few_trees(width: int, seed: int) -> Any:
    return ensemble.ExtraTreesClassifier(3, max_depth=3, random_state=seed)


@pytest.fixture
def split(keep_tables: Callable[..., Ref]) -> Ref:
    """Return a split whose test part has fewer rows than are measured together."""
    sizes = {"train": 400, "validation": 100, "test": 30}
    return keep_tables(**{name: table(rows, rows) for name, rows in sizes.items()})


def test_what_is_measured_is_the_graph_that_would_serve(
    split: Ref, keep: Callable[..., Ref], tmp_path: Any
) -> None:
    encoding = keep(features.fn, split, PROBLEM, (), encoder)
    builds = {"forest": sklearn_models.Forest(), "few": few_trees}
    trained = {
        name: keep(fit_estimator.fn, encoding, build, PROBLEM, 0) for name, build in builds.items()
    }
    parts = {name: [ref] for name, ref in trained.items()}
    trained["blend"] = keep(blend.fn, [encoding], parts, PROBLEM).fold(0)
    ref = keep(measure_costs.fn, split, encoding, trained, PROBLEM)
    assert {path.name for path in ref.folder.iterdir()} == {"costs.json", "manifest.json"}
    costs = read_costs(ref)
    assert list(costs) == ["forest", "few", "blend"]
    graph = joined(
        onnx.load(encoding.path("features.onnx")),
        answer_graph(tmp_path, trained["forest"], PROBLEM, {"slope": 2.0, "shift": 1.0}).graph,
        PROBLEM,
        ["size", "kind"],
    )
    assert costs["forest"].size_mb == pytest.approx(len(graph.SerializeToString()) / 1e6, rel=0.01)
    assert costs["forest"].size_mb > 10 * costs["few"].size_mb
    # a hundred times as many trees, each deeper
    assert costs["forest"].thousand_rows_ms > 3 * costs["few"].thousand_rows_ms
    for cost in costs.values():
        assert 0 < cost.one_row_ms < cost.thousand_rows_ms
