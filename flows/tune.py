"""Tune: search a network's parameters by validation alone, and write the best to a file.

The network is a case's.
"""

import importlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, field_validator

import flows
from casebook.case import Case, case
from casebook.cli import main
from casebook.device import DeviceChoice
from casebook.futures import Future
from casebook.params import CaseParams
from casebook.progress import Progress
from casebook.run import StageRecord, Summary, current
from tasks.evaluation.judging import validated
from tasks.problem.prepared_data import PreparedData
from tasks.tables.case import TableCase
from tasks.tables.parameters import TableParams
from tasks.tuning.plots import draw_search
from tasks.tuning.report import Searched, report_search
from tasks.tuning.search import Algorithm, Ask, Search, Trial, budgets, parameters, search, space

DIVERGED = 1e9  # the figure of a network that went to infinity: worse than all others, yet a number


class TuneParams(CaseParams):
    """What can be set: which case is searched, how, and how long."""

    case: str = Field("boston", description="the case to search, such as boston or fraud")
    algorithm: Algorithm = Field("bayesian", description="how trials are proposed")
    trials: Annotated[int, Field(ge=1, le=10_000, description="how many proposals are tried")] = 20
    at_once: Annotated[
        int, Field(ge=1, le=1000, description="proposals made before the first is judged")
    ] = 4
    epochs: Annotated[int, Field(ge=1, le=5000, description="most epochs of a trial")] = 200
    patience: Annotated[
        int, Field(ge=1, le=5000, description="epochs without better validation to wait")
    ] = 20
    device: DeviceChoice = Field("auto", description="where to train")

    @field_validator("case")
    @classmethod
    def _can_be_searched(cls, name: str) -> str:
        if name not in (names := sorted(searchable())):
            raise ValueError(f"only a case with a network can be searched: {', '.join(names)}")
        return name


@case
def tune(params: TuneParams = TuneParams()) -> Summary:
    """Search layers, penalties and training of a case's network, and write the best to a file."""
    searched = searchable()[params.case]
    data = searched.case.prepare(searched.with_values(params))
    course = figure_of(searched.case.fit("course", data, searched.with_values(params)), data)

    around = space(searched.params().batch_size)
    max_epochs = 3 if params.profile == "smoke" else params.epochs
    larger = data.problem.sign > 0
    searching = search(
        params.algorithm,
        around,
        params.trials,
        max_epochs,
        params.seed,
        larger=larger,
        at_once=params.at_once,
    )
    total = params.trials * len(budgets(params.algorithm, max_epochs))
    trials = tuple(tried(searching, searched, data, params, total))

    pictures = draw_search.submit(trials, data.problem, course)
    search_outcome = Searched(
        case=params.case,
        algorithm=params.algorithm,
        trials=trials,
        course=course,
        patience=params.patience,
        candidates=("tuned", *searched.params.model_fields["candidates"].default),
    )
    return report_search(search_outcome, data.problem, data.origin, data.raw, pictures.result())


@dataclass(frozen=True)
class Searchable:
    """A case with a network that its parameters describe."""

    case: TableCase[Any]
    params: type[TableParams]

    def with_values(self, params: TuneParams, **values: Any) -> TableParams:
        """Return the case's parameters.

        They are those that the search shares with it, and what a trial changes.
        """
        shared = params.model_dump(include={"profile", "source", "seed", "device", "patience"})
        return self.params.model_validate({**shared, **values})


def searchable() -> dict[str, Searchable]:
    """Return the cases that can be searched, by name: those of tables."""
    cases = {}
    for folder in flows.__path__:
        for path in Path(folder).glob("[!_]*.py"):
            module = importlib.import_module(f"flows.{path.stem}")
            flow, declared = getattr(module, path.stem, None), getattr(module, "CASE", None)
            if isinstance(flow, Case) and isinstance(declared, TableCase):
                cases[path.stem] = Searchable(declared, flow.params)
    return cases


def tried(
    searching: Search, searched: Searchable, data: PreparedData, params: TuneParams, total: int
) -> Iterator[Trial]:
    """Run the search's proposals until it ends.

    Each trial is a stage, so a finished one is reused. A plan ends where a trial is still to be
    trained: what is proposed next depends on it.
    """
    progress = None if current().planning else Progress(f"searching {params.case}", total)
    best, sign = float("-inf"), data.problem.sign
    with suppress(StopIteration):
        asks = next(searching)
        while True:
            figures = []
            for trial in [
                begun.judged(data) for begun in [begin(ask, searched, data, params) for ask in asks]
            ]:
                if trial is None:
                    return
                yield trial
                figures.append(trial.figure)
                best = max(best, sign * trial.figure)
                if progress:
                    progress.step(f"best {data.problem.title} {sign * best:.4f}")
            asks = searching.send(figures)
    if progress:
        progress.__exit__(None, None, None)


class Begun(NamedTuple):
    """A trial in training.

    It has the search's request, the resulting parameters, the folds, and their rows in the record.
    """

    ask: Ask
    values: dict[str, Any]
    trained: list[Future]
    stages: list[StageRecord]

    def judged(self, data: PreparedData) -> Trial | None:
        """Wait for the training and judge it on validation.

        Return None in a plan if it isn't trained yet.
        """
        figure = figure_of(self.trained, data)
        if figure is None:
            return None
        return Trial(
            number=self.ask.number,
            proposal=self.ask.proposal,
            parameters=self.values,
            figure=figure,
            seconds=sum(stage.seconds or 0.0 for stage in self.stages),
        )


def begin(ask: Ask, searched: Searchable, data: PreparedData, params: TuneParams) -> Begun:
    """Begin to train what the search proposes."""
    values = {**parameters(ask.proposal), "epochs": ask.epochs}
    label = f"trial-{ask.number}-epochs-{ask.epochs}"
    before = len(current().stages)
    trained = searched.case.fit("tuned", data, searched.with_values(params, **values), label)
    return Begun(ask, values, trained, current().stages[before:])


def figure_of(training: list[Future], data: PreparedData) -> float | None:
    """Return the primary metric of a trained candidate on validation.

    Return None in a plan if it isn't trained yet.
    """
    trained = [future.result() for future in training]
    if any(ref.pending for ref in trained):
        return None
    current().details["device"] = trained[0].facts["device"]
    figure = validated(trained, data.encoded, data.problem, data.policy)
    return figure if isfinite(figure) else -data.problem.sign * DIVERGED


if __name__ == "__main__":
    raise SystemExit(main("flows.tune"))
