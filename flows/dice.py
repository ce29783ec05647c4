"""Dice and returns: simulation beside exact results, and the coverage of intervals (lab 010)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from casebook import files
from casebook.case import case
from casebook.cli import main
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, read_table, write_arrays, write_table
from tasks.data.fetch import own
from tasks.data.ingest import ingest
from tasks.data.validate import enforce, suite_text, validate
from tasks.pages.findings import FINDINGS, Section, report_findings, stored
from tasks.stories.dice.estimate import Shape, coverage, drawn, intervals
from tasks.stories.dice.findings_chance import (
    findings_on_normal_approximation,
    findings_on_paths,
    findings_on_population,
    findings_on_sums,
)
from tasks.stories.dice.findings_intervals import findings_on_coverage, findings_on_returns
from tasks.stories.dice.plots import draw_coverage, draw_normal, draw_paths, draw_returns, draw_sums
from tasks.stories.dice.roll import (
    counted,
    distribution,
    moments,
    normal_beside,
    normal_errors,
    running_means,
)
from tasks.tables.explore import explore

DATA = "dice"
SIMULATED = "dice and returns drawn at random in flows/dice.py; nobody threw or measured them"
EARLY = (50, 10_000)  # throws after which the lab looks at its sums
PATHS, PATH_LENGTH, PATHS_DRAWN = 400, 10_000, 8
DICE_SEEN = (1, 2, 3, 5, 10, 20, 50)  # of which the normal approximation is judged
SHAPES: tuple[Shape, ...] = ("normal", "lognormal", "student")
SIZES = (5, 10, 30, 100)  # of the samples whose intervals are judged
POPULATION = (
    47,
    48,
    85,
    20,
    19,
    13,
    72,
    16,
    50,
    60,
)  # the lab's, of which it draws samples of five


class DiceParams(CaseParams):
    """Parameters of the dice, of the returns, and of the intervals' construction and evaluation."""

    dice: Annotated[int, Field(ge=1, le=10, description="dice thrown together")] = 2
    sides: Annotated[int, Field(ge=2, le=100, description="sides of each die")] = 6
    throws: Annotated[
        int, Field(ge=100, le=10_000_000, description="times all dice are thrown")
    ] = 1_000_000
    returns: Shape = Field("normal", description="distribution that yearly returns are drawn from")
    mean: Annotated[
        float, Field(ge=-100, le=1000, description="true mean of the returns, % per year")
    ] = 10.0
    deviation: Annotated[
        float, Field(gt=0, le=100, description="their true standard deviation, % per year")
    ] = 5.0
    years: Annotated[int, Field(ge=3, le=100_000, description="returns drawn")] = 30
    confidence: Annotated[
        float, Field(ge=0.5, le=0.999, description="of the intervals of the mean")
    ] = 0.95
    resamples: Annotated[int, Field(ge=200, le=10_000, description="of the bootstrap")] = 2000
    repeats: Annotated[
        int, Field(ge=100, le=20_000, description="samples that judge each interval")
    ] = 2000


@case
def dice(params: DiceParams = DiceParams()) -> Summary:
    """Compare dice throws with exact results, and judge intervals of a mean return (lab 010).

    The intervals are judged by how often they hold the true mean.
    """
    few = params.profile == "smoke"
    throws = min(params.throws, 20_000) if few else params.throws
    repeats, resamples = (
        min(count, 300) if few else count for count in (params.repeats, params.resamples)
    )
    market = Market(shape=params.returns, mean=params.mean, deviation=params.deviation)

    origin = own(DATA, params.source, SIMULATED, kind="simulated")
    raw = ingest(origin, market, params.years, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)  # nothing more is to be cleaned: that two years are alike is no fault
    profile = explore.submit(checked, DATA)
    thrown = roll_dice(params.dice, params.sides, throws, params.seed)
    covered = cover(params.confidence, repeats, resamples, params.seed)
    truth = params.mean if origin.path is None else None
    findings = findings_on_chance(
        checked, thrown, covered, truth, params.confidence, resamples, params.seed
    )
    next_command = "python -m flows.dice --returns lognormal"
    return report_findings(findings, origin, raw, next_command, profile.result(), checked)


class Market(BaseModel):
    """The distribution of yearly returns.

    They are independent of each other, with one mean and deviation, in % per year.
    """

    model_config = ConfigDict(frozen=True)
    shape: Shape
    mean: float
    deviation: float

    def __call__(self, rows: int, seed: int) -> pd.DataFrame:
        """Draw the returns of so many years."""
        return pd.DataFrame(
            {
                "return": self.mean
                + self.deviation * drawn(self.shape, (rows,), np.random.default_rng(seed))
            }
        )


@stage
def roll_dice(out: Path, dice: int, sides: int, throws: int, seed: int) -> Facts:
    """Throw the dice, count their sums, and follow running means.

    The sums are counted after some throws, after more and after all.
    """
    looks = sorted({min(look, throws) for look in (*EARLY, throws)})
    first, second = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    at, means = running_means(dice, sides, PATHS, PATH_LENGTH, second)
    counts = counted(dice, sides, looks, first)
    kept = {
        "dice": np.array(dice),
        "sides": np.array(sides),
        "looks": np.array(looks),
        "counts": counts,
    }
    write_arrays(out, "thrown", **kept, at=at, means=means)
    return {"dice": dice, "sides": sides, "throws": throws}


@stage
def cover(out: Path, confidence: float, repeats: int, resamples: int, seed: int) -> Facts:
    """Count how often each interval holds the true mean, by distribution and sample size."""
    cells = [(shape, n) for shape in SHAPES for n in SIZES]
    judged = [
        coverage(shape, n, repeats, confidence, resamples, np.random.default_rng([seed, 2, i]))
        for i, (shape, n) in enumerate(cells)
    ]
    write_table(out, pd.concat(judged, ignore_index=True))
    return {"repeats": repeats, "rows": sum(map(len, judged))}


@stage
def findings_on_chance(
    out: Path,
    returns: Ref,
    thrown: Ref,
    covered: Ref,
    truth: float | None,
    confidence: float,
    resamples: int,
    seed: int,
) -> Facts:
    """Describe and draw the findings.

    `truth` is the mean that the returns were drawn with, None for a file's.
    """
    held, values = read_table(covered), read_table(returns)["return"].to_numpy("float64")
    of_each = intervals(values[None], confidence, resamples, np.random.default_rng([seed, 3]))
    ends = {name: (float(low[0]), float(high[0])) for name, (low, high) in of_each.items()}
    draw_returns(out, values, ends, truth, "% per year")
    draw_coverage(out, held, confidence)
    sections = [*findings_on_dice(out, thrown), findings_on_population(POPULATION)]
    sections += [
        findings_on_returns(values, ends, truth, confidence),
        findings_on_coverage(held, confidence),
    ]
    files.write_json(out / FINDINGS, stored(sections))
    return {"rows": len(values), "sections": len(sections)}


def findings_on_dice(out: Path, thrown: Ref) -> list[Section]:
    """Tell and draw the sums of the dice, their running means, and how normal they are."""
    arrays = read_arrays(thrown, "thrown")
    dice, sides, looks = int(arrays["dice"]), int(arrays["sides"]), arrays["looks"].tolist()
    exact = distribution(dice, sides)
    mean, deviation = float(moments(exact).mean), float(moments(exact).variance) ** 0.5
    errors = pd.DataFrame(
        [(count, *normal_errors(count, sides)) for count in DICE_SEEN],
        columns=["dice", "plain", "corrected"],
    )
    draw_sums(out, list(exact), [float(p) for p in exact.values()], arrays["counts"], looks)
    draw_paths(out, arrays["at"], arrays["means"][:PATHS_DRAWN], mean, deviation)
    draw_normal(out, *normal_beside(dice, sides), errors)
    return [
        findings_on_sums(dice, sides, exact, arrays["counts"], looks),
        findings_on_paths(arrays["at"], arrays["means"], mean, deviation),
        findings_on_normal_approximation(dice, normal_errors(dice, sides), errors),
    ]


if __name__ == "__main__":
    raise SystemExit(main("flows.dice"))
