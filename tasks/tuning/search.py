"""Propose parameters of a network, trial by trial, each based on the results of earlier trials.

A search is a generator: it yields some `Ask`s, which may be tried at once, and is sent the
resulting validation metrics. It is determined by its seed and those metrics, so a search that was
killed asks the same again and needs no record of its own.
"""

from collections.abc import Generator
from math import ceil
from typing import Any, Literal, NamedTuple, TypeAlias

import optuna
from optuna import distributions
from pydantic import BaseModel, ConfigDict
from scipy import stats
from sklearn import model_selection

Algorithm = Literal["random", "hyperband", "bayesian", "sklearn"]
# Of the trials at one budget a third goes on to the next one, which is three times as large.
FACTOR = 3


class Between(NamedTuple):
    """A number between two others, searched on a logarithmic scale."""

    low: float
    high: float


Space: TypeAlias = dict[str, Between | tuple[Any, ...]]
Proposal: TypeAlias = dict[str, Any]


class Ask(NamedTuple):
    """One question of a search: how good this proposal is after so many epochs."""

    number: int
    proposal: Proposal
    epochs: int


Search: TypeAlias = Generator[list[Ask], list[float], None]


class Trial(BaseModel):
    """The result of one `Ask`.

    It holds the parameters, the primary metric on validation, and the cost.
    """

    model_config = ConfigDict(frozen=True)
    number: int
    proposal: dict[str, float | int | str]
    parameters: dict[str, Any]
    figure: float
    seconds: float


def space(batch_size: int) -> Space:
    """Return what is searched; batch sizes lie around the case's own."""
    return {
        "depth": (1, 2, 3),
        "units": (16, 32, 64, 128, 256),
        "narrowing": ("even", "halving"),
        "dropout": (0.0, 0.1, 0.2, 0.4),
        "penalty": ("none", "l1", "l2", "elastic"),
        "strength": Between(1e-6, 1e-2),
        "optimizer": ("adam", "adamw", "rmsprop", "sgd"),
        "learning_rate": Between(3e-4, 1e-2),
        "batch_size": (batch_size // 2, batch_size, batch_size * 2, batch_size * 4),
    }


def parameters(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as the parameters that a case takes.

    Numbers get three significant digits, which a person can copy.

    Examples
    --------
    >>> proposal = {"depth": 3, "units": 64, "narrowing": "halving", "penalty": "l2"}
    >>> proposal |= {"strength": 0.000123456, "optimizer": "adam", "learning_rate": 0.00198765}
    >>> chosen = parameters({**proposal, "dropout": 0.1, "batch_size": 32})
    >>> chosen["layers"], chosen["l1"], chosen["l2"], chosen["learning_rate"]
    ((64, 32, 16), 0.0, 0.000123, 0.00199)
    """
    shrink = 2 if proposal["narrowing"] == "halving" else 1
    strength = float(f"{proposal['strength']:.3g}")
    return {
        "layers": tuple(int(proposal["units"]) // shrink**i for i in range(proposal["depth"])),
        "dropout": float(proposal["dropout"]),
        "l1": strength if proposal["penalty"] in ("l1", "elastic") else 0.0,
        "l2": strength if proposal["penalty"] in ("l2", "elastic") else 0.0,
        "optimizer": str(proposal["optimizer"]),
        "learning_rate": float(f"{proposal['learning_rate']:.3g}"),
        "batch_size": int(proposal["batch_size"]),
    }


def budgets(algorithm: Algorithm, epochs: int) -> list[int]:
    """Return the epochs that trials are given in turn.

    Trials get all epochs at once, or in stages of three times as many for those that do well.

    Examples
    --------
    >>> budgets("random", 90), budgets("hyperband", 90), budgets("sklearn", 5)
    ([90], [10, 30, 90], [1, 5])
    """
    if algorithm in ("random", "bayesian"):
        return [epochs]
    return [part for part in (epochs // FACTOR**2, epochs // FACTOR, epochs) if part > 0]


def search(
    algorithm: Algorithm,
    space: Space,
    trials: int,
    epochs: int,
    seed: int,
    *,
    larger: bool,
    at_once: int = 1,
) -> Search:
    """Return the search by one of four algorithms.

    `larger` says whether a larger metric is better.

    `random` draws blindly, `bayesian` by a tree of Parzen estimators (Bergstra et al. 2011),
    `hyperband` gives more epochs to trials that do well, in several brackets (Li et al. 2018),
    `sklearn` to the best third of all, as scikit-learn's HalvingRandomSearchCV does (Jamieson and
    Talwalkar 2016).

    `at_once` trials are proposed before the first of them is judged (`sklearn` proposes all),
    however many are really tried side by side: what is proposed must not depend on that.

    Examples
    --------
    >>> course = search("sklearn", {"units": (8, 16, 32)}, trials=3, epochs=9, seed=0, larger=True)
    >>> [(ask.number, ask.epochs) for ask in next(course)]
    [(0, 1), (1, 1), (2, 1)]
    >>> [(ask.number, ask.epochs) for ask in course.send([0.1, 0.9, 0.5])]
    [(1, 3)]
    """
    rungs = budgets(algorithm, epochs)
    if algorithm == "sklearn":
        return _halving(space, trials, rungs, seed, larger=larger)
    return _by_optuna(algorithm, space, trials, rungs, seed, larger, at_once)


def _by_optuna(
    algorithm: Algorithm,
    space: Space,
    trials: int,
    rungs: list[int],
    seed: int,
    larger: bool,
    at_once: int,
) -> Search:

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    samplers = optuna.samplers
    sampler = (
        samplers.TPESampler(seed=seed)
        if algorithm == "bayesian"
        else samplers.RandomSampler(seed=seed)
    )
    hyperband = optuna.pruners.HyperbandPruner(rungs[0], rungs[-1], FACTOR)
    pruner = hyperband if len(rungs) > 1 else optuna.pruners.NopPruner()
    direction: Literal["maximize", "minimize"] = "maximize" if larger else "minimize"
    # Hyperband chooses a trial's bracket by the study's name, which would else be random
    study = optuna.create_study(
        sampler=sampler, pruner=pruner, direction=direction, study_name="search"
    )
    ranges = _distributions(space)
    for first in range(0, trials, at_once):
        alive = [study.ask(ranges) for _ in range(first, min(first + at_once, trials))]
        for epochs in rungs:
            figures = yield [Ask(trial.number, trial.params, epochs) for trial in alive]
            judged = list(zip(alive, figures, strict=True))
            for trial, figure in judged:
                trial.report(figure, epochs)
            alive = [trial for trial in alive if epochs < rungs[-1] and not trial.should_prune()]
            for trial, figure in judged:
                if trial not in alive:
                    study.tell(trial, figure)
            if not alive:
                break


def _distributions(space: Space) -> dict[str, Any]:

    return {
        name: distributions.FloatDistribution(*among, log=True)
        if isinstance(among, Between)
        else distributions.CategoricalDistribution(among)
        for name, among in space.items()
    }


def _halving(space: Space, trials: int, rungs: list[int], seed: int, *, larger: bool) -> Search:

    ranges = {
        name: stats.loguniform(*among) if isinstance(among, Between) else list(among)
        for name, among in space.items()
    }
    alive: list[tuple[int, Proposal]] = list(
        enumerate(model_selection.ParameterSampler(ranges, trials, random_state=seed))
    )
    for epochs in rungs:
        figures = yield [Ask(number, proposal, epochs) for number, proposal in alive]
        judged = sorted(zip(figures, alive, strict=True), key=lambda one: one[0], reverse=larger)
        alive = [candidate for _, candidate in judged[: ceil(len(judged) / FACTOR)]]
