"""Report simulated and exact results, and how far apart they are, in sentences and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pandas as pd

from casebook.array_types import Float64Array, Int64Array
from casebook.language import msg
from tasks.pages.findings import Finding, Section
from tasks.stories.dice.roll import Fit, goodness, moments

ROWS = 40  # of a table of sums; more are drawn but not listed
DOUBTED = 0.05  # a smaller p speaks against the dice
TAKEN = 5  # numbers in a sample of the population
SEVERAL = 5  # dice, from which on the error falls evenly
LIKELIEST = 2  # sums that a sentence names


def findings_on_sums(
    dice: int, sides: int, exact: Mapping[int, Fraction], counts: Int64Array, looks: Sequence[int]
) -> Section:
    """Tell the sum's distribution: exact, and as the throws have it."""
    sums, rows = list(exact), counts[-1] / looks[-1]
    table = tuple(
        {
            "sum": str(x),
            "probability": str(p),
            "in decimals": f"{float(p):.5f}",
            "simulated share": f"{share:.5f}",
        }
        for x, p, share in zip(sums, exact.values(), rows, strict=True)
    )
    return Section(
        title=msg("Sums of dice"),
        findings=(
            exact_finding(dice, sides, exact),
            likeliest_finding(exact),
            simulated_finding(exact, counts[-1], looks[-1]),
            fit_finding(goodness(counts[-1], exact)),
            gaps_finding(exact, counts, looks),
        ),
        tables=(table,) if len(table) <= ROWS else (),
        pictures=(("sums", msg("Share of each sum in the simulation, and its exact probability")),),
    )


def exact_finding(dice: int, sides: int, exact: Mapping[int, Fraction]) -> Finding:
    """Tell the exact mean and variance."""
    mean, variance, _ = moments(exact)
    return Finding(
        name="exact",
        value={"mean": str(mean), "variance": str(variance), "std": float(variance) ** 0.5},
        sentence=msg(
            "Exactly, the sum of {dice} dice with {sides} sides has mean {mean}, variance "
            "{variance} and standard deviation {deviation:.4f}.",
            dice=dice,
            sides=sides,
            mean=str(mean),
            variance=str(variance),
            deviation=float(variance) ** 0.5,
        ),
    )


def likeliest_finding(exact: Mapping[int, Fraction]) -> Finding:
    """Tell the most likely sums."""
    top = max(exact.values())
    sums = [total for total, p in exact.items() if p == top]
    named = ", ".join(map(str, sums))
    sentence = (
        msg(
            "Most likely: {sums}, with probability {p} ({share:.2%}).",
            sums=named,
            p=str(top),
            share=float(top),
        )
        if len(sums) <= LIKELIEST
        else msg("All {count} sums have the same probability {p}.", count=len(sums), p=str(top))
    )
    return Finding(
        name="likeliest", value={"sums": list(sums), "probability": str(top)}, sentence=sentence
    )


def simulated_finding(exact: Mapping[int, Fraction], counts: Int64Array, throws: int) -> Finding:
    """Tell the simulated mean and variance, and how many of their standard errors they are off."""
    seen = {total: Fraction(int(count), throws) for total, count in zip(exact, counts, strict=True)}
    simulated, true = moments(seen), moments(exact)
    mean_off = float(simulated.mean - true.mean) / (float(true.variance) / throws) ** 0.5
    error = (
        float(true.fourth - true.variance**2) / throws
    ) ** 0.5  # of the variance; none if it can't vary
    variance_off = float(simulated.variance - true.variance) / error if error else None
    values = {"mean": float(simulated.mean), "variance": float(simulated.variance)}
    return Finding(
        name="simulated",
        value={"throws": throws, **values, "mean_off": mean_off, "variance_off": variance_off},
        sentence=msg(
            "{throws:,} simulated throws have mean {mean:.4f} and variance {variance:.4f}: the "
            "mean is {off:.1f} standard errors off.",
            throws=throws,
            **values,
            off=abs(mean_off),
        ),
    )


def fit_finding(fit: Fit) -> Finding:
    """Tell what the chi-square test says."""
    values = fit._asdict()
    sentence = (
        msg(
            "Chi-square goodness of fit: χ² = {statistic:.1f} with {freedom} degrees of freedom, "
            "p = {p:.2f}. Nothing speaks against the exact distribution.",
            **values,
        )
        if fit.p >= DOUBTED
        else msg(
            "Chi-square goodness of fit: χ² = {statistic:.1f} with {freedom} degrees of freedom, "
            "p = {p:.4f}. So far from the exact distribution is one simulation in twenty by "
            "chance alone: try another seed.",
            **values,
        )
    )
    return Finding(name="goodness_of_fit", value=dict(values), sentence=sentence)


def gaps_finding(
    exact: Mapping[int, Fraction], counts: Int64Array, looks: Sequence[int]
) -> Finding:
    """Tell how the largest gap between a share and its probability shrinks with more throws."""
    p = np.array([float(probability) for probability in exact.values()])
    gaps = [float(np.abs(seen / look - p).max()) for look, seen in zip(looks, counts, strict=True)]
    return Finding(
        name="largest_gap",
        value=dict(zip(map(str, looks), gaps, strict=True)),
        sentence=msg(
            "The largest gap between a share and its probability is {first:.4f} after {few:,} "
            "throws and {last:.4f} after {many:,}.",
            first=gaps[0],
            few=looks[0],
            last=gaps[-1],
            many=looks[-1],
        ),
    )


def findings_on_paths(
    at: Int64Array, means: Float64Array, mean: float, deviation: float
) -> Section:
    """Report how often running means end within their band, and how often they ever left it."""
    half = 1.96 * deviation / np.sqrt(at)
    outside = np.abs(means - mean) > half
    inside, ever = float(1 - outside[:, -1].mean()), float(outside.any(axis=1).mean())
    values = {
        "series": len(means),
        "throws": int(at[-1]),
        "inside": inside,
        "half": float(half[-1]),
    }
    at_end = msg(
        "After {throws:,} throws {inside:.1%} of {series} series have a mean within {half:.4f} of "
        "the exact one, that is within ±1.96 σ/√n, where 95 % are expected. A band ten times "
        "narrower takes a hundred times the throws.",
        **values,
    )
    all_along = msg(
        "The band is meant for one n: {ever:.0%} of the series were outside at one of {looks} "
        "looks at least. Who stops when the figure looks unusual finds something more often than "
        "once in twenty.",
        ever=ever,
        looks=len(at),
    )
    return Section(
        title=msg("Law of large numbers"),
        findings=(
            Finding(name="running_means", value=values, sentence=at_end),
            Finding(
                name="ever_outside", value={"looks": len(at), "share": ever}, sentence=all_along
            ),
        ),
        pictures=(
            (
                "paths",
                msg("Running means of the sum, and the band that holds 95 % of them at each n"),
            ),
        ),
    )


def findings_on_normal_approximation(
    dice: int, own: tuple[float, float], errors: pd.DataFrame
) -> Section:
    """Report the normal approximation's error for these dice, and how it falls with their number.

    `errors` has the columns `dice`, `plain` and `corrected`; `own` has the two errors for these
    dice.
    """
    rows = zip(errors["dice"], errors["plain"], errors["corrected"], strict=True)
    table = tuple(
        {"dice": str(number), "error": f"{plain:.5f}", "error with correction": f"{corrected:.5f}"}
        for number, plain, corrected in rows
    )
    values = {"dice": dice, "plain": own[0], "corrected": own[1]}
    sentence = msg(
        "For {dice} dice the normal distribution misses P(sum ≤ x) by up to {plain:.4f}; asked at "
        "x + ½, which is the continuity correction, by up to {corrected:.4f}.",
        **values,
    )
    return Section(
        title=msg("Normal approximation"),
        findings=(
            Finding(name="normal_error", value=values, sentence=sentence),
            slopes_finding(errors),
        ),
        tables=(table,),
        pictures=(
            (
                "normal",
                msg("The sum's distribution function beside the normal one, and the largest error"),
            ),
        ),
    )


def slopes_finding(errors: pd.DataFrame) -> Finding:
    """Report to which power of the number of dice the errors fall.

    The powers are the slopes of straight lines on log scales.
    """
    several = errors[errors["dice"] >= SEVERAL]
    x = np.log(several["dice"])
    values = {
        "first": int(several["dice"].min()),
        "last": int(several["dice"].max()),
        "plain": float(np.polyfit(x, np.log(several["plain"]), 1)[0]),
        "corrected": float(np.polyfit(x, np.log(several["corrected"]), 1)[0]),
    }
    sentence = msg(
        "From {first} to {last} dice the error falls as the number of dice to the power "
        "{plain:.2f}, with the correction to the power {corrected:.2f}: that is the central limit "
        "theorem at work.",
        **values,
    )
    return Finding(name="normal_error_powers", value=values, sentence=sentence)


def findings_on_population(population: Sequence[int]) -> Section:
    """Report what samples of a small population are like, from all possible samples.

    Nothing here is simulated.
    """
    values = np.array(population, dtype="float64")
    drawn = np.array(list(product(values, repeat=TAKEN)))  # with replacement, in order
    kept = np.array(list(combinations(values, TAKEN)))
    return Section(
        title=msg("Population and samples"),
        findings=(
            population_finding(values),
            means_finding(drawn, kept),
            freedom_finding(values, drawn),
        ),
    )


def population_finding(values: Float64Array) -> Finding:
    """Tell the mean and both standard deviations of a population."""
    figures = {
        "mean": float(values.mean()),
        "by_n": float(values.std()),
        "by_less": float(values.std(ddof=1)),
    }
    sentence = msg(
        "The lab's population of {count} numbers has mean {mean:.1f} and standard deviation "
        "{by_n:.4f}. pandas says {by_less:.4f}: its std() takes the numbers for a sample and "
        "divides by n - 1.",
        count=len(values),
        **figures,
    )
    return Finding(name="population", value=figures, sentence=sentence)


def means_finding(drawn: Float64Array, kept: Float64Array) -> Finding:
    """Tell how much the means of samples vary, drawn with replacement and without."""
    figures = {
        "replaced": float(drawn.mean(axis=1).std()),
        "not_replaced": float(kept.mean(axis=1).std()),
    }
    sentence = msg(
        "Means of samples of {taken} have standard deviation {replaced:.3f} if drawn with "
        "replacement ({many:,} samples) and {not_replaced:.3f} without ({few:,}).",
        taken=TAKEN,
        many=len(drawn),
        few=len(kept),
        **figures,
    )
    return Finding(name="std_of_sample_means", value=figures, sentence=sentence)


def freedom_finding(values: Float64Array, drawn: Float64Array) -> Finding:
    """Tell why a sample's squares are divided by n - 1."""
    figures = {
        "population": float(values.var()),
        "by_n": float(drawn.var(axis=1).mean()),
        "by_less": float(drawn.var(axis=1, ddof=1).mean()),
    }
    sentence = msg(
        "Over all samples with replacement the variance is {by_less:.2f} on average if divided by "
        "n - 1, as the population's is {population:.2f}, and {by_n:.2f} if divided by n: a sample "
        "uses up one degree of freedom for its own mean.",
        **figures,
    )
    return Finding(name="variance_of_samples", value=figures, sentence=sentence)
