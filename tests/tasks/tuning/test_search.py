"""A search is determined by its seed and the metrics it is sent.

It spends epochs on what does well.
"""

from contextlib import suppress

import pytest

from flows.boston import BostonParams
from tasks.tuning.search import Algorithm, Ask, parameters, search, space

ALL: list[Algorithm] = ["random", "hyperband", "bayesian", "sklearn"]


def drive(algorithm: Algorithm, trials: int, seed: int = 0, at_once: int = 1) -> list[Ask]:
    """Answer a search with a figure that is least for a learning rate of 0.001."""
    searching = search(algorithm, space(32), trials, 90, seed, larger=False, at_once=at_once)
    asks = []
    with suppress(StopIteration):
        some = next(searching)
        while True:
            asks += some
            some = searching.send(
                [abs(ask.proposal["learning_rate"] - 1e-3) + 1e-4 / ask.epochs for ask in some]
            )
    return asks


@pytest.mark.parametrize("algorithm", ALL)
def test_the_same_seed_asks_the_same_and_another_asks_otherwise(algorithm: Algorithm) -> None:
    first = drive(algorithm, 12)
    assert first == drive(algorithm, 12)
    assert first != drive(algorithm, 12, seed=1)
    assert {ask.number for ask in first} == set(range(12))


@pytest.mark.parametrize("algorithm", ALL)
def test_several_at_once_are_all_tried_and_a_blind_search_asks_the_same(
    algorithm: Algorithm,
) -> None:
    several = drive(algorithm, 12, at_once=5)
    assert {ask.number for ask in several} == set(range(12))
    if algorithm in ("random", "sklearn"):
        assert several == drive(algorithm, 12)


@pytest.mark.parametrize("algorithm", ALL)
def test_every_proposal_is_one_that_a_case_takes(algorithm: Algorithm) -> None:
    for ask in drive(algorithm, 12):
        params = BostonParams.model_validate({**parameters(ask.proposal), "epochs": ask.epochs})
        assert len(params.layers) == ask.proposal["depth"]


def test_halving_trains_the_best_third_for_three_times_as_long() -> None:
    asks = drive("sklearn", 9)
    assert [ask.epochs for ask in asks] == [10] * 9 + [30] * 3 + [90]
    best = min(asks[:9], key=lambda ask: abs(ask.proposal["learning_rate"] - 1e-3))
    assert asks[-1].number == best.number


def test_hyperband_spends_less_than_all_epochs_on_all_trials() -> None:
    asks = drive("hyperband", 20)
    assert {ask.epochs for ask in asks} == {10, 30, 90}
    assert sum(ask.epochs == 90 for ask in asks) < 20


def test_the_bayesian_search_comes_closer_than_the_random_one() -> None:
    def miss(algorithm: Algorithm) -> float:
        return sum(abs(ask.proposal["learning_rate"] - 1e-3) for ask in drive(algorithm, 40)[20:])

    assert miss("bayesian") < miss("random")
