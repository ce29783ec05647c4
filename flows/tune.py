"""Tune: search the parameters of a case's network by validation alone, and write the best to a file."""

import importlib
from collections.abc import Iterator
from contextlib import suppress
from math import isfinite
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

import flows
from casebook.case import Case, case
from casebook.cli import main
from casebook.device import Asked
from casebook.params import CaseParams
from casebook.progress import Progress
from casebook.run import Summary, current
from tasks.draw_search import draw_search
from tasks.evaluate import validated
from tasks.prepared import Prepared
from tasks.report_search import Searched, report_search
from tasks.search import Algorithm, Ask, Search, Trial, budgets, parameters, search, space
from tasks.tuned import NetworkParams

DIVERGED = 1e9  # the figure of a network that went to infinity: worse than all others, yet a number


class TuneParams(CaseParams):
    """What can be set: which case is searched, how, and how long."""

    case: str = Field("boston", description="the case to search, such as boston or fraud")
    algorithm: Algorithm = Field("bayesian", description="how trials are proposed")
    trials: Annotated[int, Field(ge=1, le=10_000, description="how many proposals are tried")] = 20
    epochs: Annotated[int, Field(ge=1, le=5000, description="most epochs of a trial")] = 200
    patience: Annotated[int, Field(ge=1, le=5000, description="epochs without better validation to wait")] = 20
    device: Asked = Field("auto", description="where to train")

    @field_validator("case")
    @classmethod
    def _can_be_searched(cls, name: str) -> str:
        if name not in (known := sorted(searchable())):
            raise ValueError(f"only a case with a network can be searched: {', '.join(known)}")
        return name


@case
def tune(params: TuneParams = TuneParams()) -> Summary:
    """Search layers, penalties and training of a case's network, and write the best parameters to a file."""
    story = importlib.import_module(f"flows.{params.case}")
    ready: Prepared = story.prepare(case_params(story, params))
    course = figure_of(story, ready, case_params(story, params), "course", "course")

    around = space(story_params(story)().batch_size)
    most = 3 if params.profile == "smoke" else params.epochs
    larger = ready.aim.sign > 0
    searching = search(params.algorithm, around, params.trials, most, params.seed, larger=larger)
    total = params.trials * len(budgets(params.algorithm, most))
    trials = tuple(tried(searching, story, ready, params, total))

    pictures = draw_search.submit(trials, ready.aim, course)
    searched = Searched(
        case=params.case, algorithm=params.algorithm, trials=trials, course=course, patience=params.patience,
        candidates=("tuned", *story_params(story).model_fields["candidates"].default),
    )  # fmt: skip
    return report_search(searched, ready.aim, ready.origin, ready.raw, pictures.result())


def searchable() -> Iterator[str]:
    """Yield the names of the cases that can be searched: those whose parameters describe a network."""
    for folder in flows.__path__:
        for path in Path(folder).glob("[!_]*.py"):
            story = getattr(importlib.import_module(f"flows.{path.stem}"), path.stem, None)
            if isinstance(story, Case) and issubclass(story.params, NetworkParams):
                yield path.stem


def story_params(story: ModuleType) -> type[NetworkParams]:
    """Return the parameters model of a case's module."""
    model: type[NetworkParams] = getattr(story, story.__name__.rsplit(".", 1)[-1]).params
    return model


def case_params(story: ModuleType, params: TuneParams, **changes: Any) -> NetworkParams:
    """Return the case's parameters: those that the search shares with it, and what a trial changes."""
    shared = params.model_dump(include={"profile", "source", "seed", "device", "patience"})
    return story_params(story).model_validate({**shared, **changes})


def tried(searching: Search, story: ModuleType, ready: Prepared, params: TuneParams, total: int) -> Iterator[Trial]:
    """Ask the search and try what it proposes until it ends; each trial is a stage, so a finished one is reused.

    A plan ends at the first trial that is still to be trained: what is proposed next depends on it.
    """
    progress = None if current().planning else Progress(f"searching {params.case}", total)
    best, sign = float("-inf"), ready.aim.sign
    with suppress(StopIteration):
        ask = next(searching)
        while (trial := try_one(ask, story, ready, params)) is not None:
            yield trial
            best = max(best, sign * trial.figure)
            if progress:
                progress.step(f"best {ready.aim.title} {sign * best:.4f}")
            ask = searching.send(trial.figure)
    if progress:
        progress.__exit__(None, None, None)


def try_one(ask: Ask, story: ModuleType, ready: Prepared, params: TuneParams) -> Trial | None:
    """Train one proposal and judge it on validation; None in a plan if it isn't trained yet."""
    values = {**parameters(ask.proposal), "epochs": ask.epochs}
    label = f"trial-{ask.number}-epochs-{ask.epochs}"
    stages = current().stages
    before = len(stages)
    figure = figure_of(story, ready, case_params(story, params, **values), "tuned", label)
    if figure is None:
        return None
    seconds = sum(stage.seconds or 0.0 for stage in stages[before:])
    return Trial(number=ask.number, proposal=ask.proposal, parameters=values, figure=figure, seconds=seconds)


def figure_of(
    story: ModuleType, ready: Prepared, params: NetworkParams, name: Literal["course", "tuned"], label: str
) -> float | None:
    """Train a candidate and return its primary figure on validation; None in a plan if it isn't trained yet."""
    trained = story.train_candidate(name, ready, params, label)
    if any(ref.pending for ref in trained):
        return None
    figure = validated(trained, ready.encoded, ready.aim, ready.rule)
    return figure if isfinite(figure) else -ready.aim.sign * DIVERGED


if __name__ == "__main__":
    raise SystemExit(main("flows.tune"))
