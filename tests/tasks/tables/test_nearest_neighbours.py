import numpy as np
import pytest

from tasks.tables.nearest_neighbours import (
    GAP,
    distinct_bins,
    frequent_values,
    places,
    principal,
    similar_rows,
    together,
)


def test_bins_have_edges_at_few_distinct_values_and_at_most_16_else() -> None:
    rng = np.random.default_rng(0)
    few = rng.choice([-1.0, 0.0, 2.0], 500)
    close = rng.choice([0.0, GAP / 10, 1.0], 500)
    x = np.column_stack([few, rng.normal(size=500), np.zeros(500), close]).astype("float32")
    column, low, width = distinct_bins(x)
    assert low[column == 0].tolist() == [-1.0, 0.0]
    assert width[column == 0].tolist() == [1.0, 2.0]
    assert (column == 1).sum() == 16
    assert not (column == 2).any()
    assert (column == 3).sum() == 1
    assert (width > GAP).all()


def test_frequent_values_stand_for_themselves_and_bear_rounding() -> None:
    x = np.repeat([0.0, 1.0, 5.0], [20, 20, 3]).astype("float32")[:, None]
    queries = np.array([[0.0], [1.0 + GAP / 2], [1.0 + 4 * GAP], [5.0]], "float32")
    assert np.asarray(frequent_values(queries, x)).tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]


def test_principal_axes_are_those_of_the_covariance() -> None:
    x = np.random.default_rng(0).normal(size=(300, 4)) * [1, 5, 2, 0.1]
    mean, axes = principal(x)
    assert mean == pytest.approx(x.mean(axis=0))
    spread = ((x - mean) @ axes).std(axis=0)
    assert (np.diff(spread) < 0).all()
    assert (spread**2).sum() == pytest.approx(x.var(axis=0).sum())


def test_similar_rows_vote_with_their_labels() -> None:
    x = np.repeat([[0.0] * 3, [10.0] * 3], 20, axis=0).astype("float32")
    y = np.repeat([0.0, 1.0], 20).astype("float32")
    bins = distinct_bins(x)
    queries = np.array([[0.0] * 3, [10.0] * 3], "float32")
    vote = np.asarray(similar_rows(places(queries, bins), x, y, bins))[:, 0]
    # exp(-d²/2) = .22 of the other rows' votes, at a squared distance of 3
    expected = np.log((20 * np.exp(-1.5) + 0.02) / (20 + 0.02))
    assert vote == pytest.approx([expected, -expected], abs=1e-4)


def test_rows_of_a_cell_vote_as_one_from_their_middle() -> None:
    at = np.array([[0.1, 0.0], [0.3, 0.2], [3.0, 0.0]])
    middles, counts = together(at, np.array([[1, 0], [0, 2], [4, 0]]))
    assert middles == pytest.approx(np.array([[0.2, 0.1], [3.0, 0.0]]))
    assert counts.tolist() == [[1, 2], [4, 0]]
