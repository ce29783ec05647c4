"""The models of a table of one's own: a forest of bounded size, and networks for many classes."""

import numpy as np
import pytest

from tasks.problem.definition import Problem
from tasks.tables.own_table import networks
from tasks.tables.score_graph import score_graph
from tasks.tables.sklearn_models import Forest

BINARY = Problem(problem_type="binary", target="y", primary_metric="roc_auc", metrics=("roc_auc",))


@pytest.mark.parametrize("classes", [True, False])
def test_a_leaf_of_the_forest_holds_so_many_rows(classes: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    y = (x[:, 0] > 0).astype(float) if classes else x[:, 0]
    fitted = Forest(leaf=20, classes=classes)(3, 0).fit(x, y)
    for tree in fitted.estimators_:
        leaves = tree.tree_.children_left == -1
        assert tree.tree_.n_node_samples[leaves].min() >= 20


def test_the_graph_of_a_bounded_forest_is_small() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4_000, 5)), rng.integers(0, 2, 4_000)
    sizes = [
        score_graph(Forest(leaf=leaf)(5, 0).fit(x, y), 5, BINARY, log_target=False).ByteSize()
        for leaf in (2, 20)
    ]
    assert sizes[1] < sizes[0] / 4


@pytest.mark.parametrize(("labels", "outputs"), [(("a", "b", "c"), 3), (tuple("abcdefgh"), 8)])
def test_the_lab_s_network_has_a_logit_for_each_class(
    labels: tuple[str, ...], outputs: int
) -> None:
    problem = Problem(
        problem_type="multiclass",
        target="y",
        labels=labels,
        primary_metric="log_loss",
        metrics=("log_loss",),
    )
    x = np.zeros((1, 20, 4), "float32")
    model = networks(problem, 500)["course"].network(x, x[..., 0], 0.0)
    assert model.output_shape[-1] == outputs
