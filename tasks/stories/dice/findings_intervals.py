"""Report intervals of the mean of some returns, and how often each kind holds the true mean."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from casebook.array_types import Float64Array
from casebook.language import Message, msg
from tasks.pages.findings import Finding, Section
from tasks.stories.dice.estimate import METHODS, z_coverage

Cell = Mapping[Hashable, Any]  # a row of `tasks.stories.dice.estimate.coverage`
Cells = Mapping[
    tuple[str, int, str], Cell
]  # by distribution, size of the sample and kind of interval
NAMES = {
    "z": msg("z"),
    "t": msg("t"),
    "percentile": msg("bootstrap, percentile"),
    "bca": msg("bootstrap, BCa"),
}
SHAPES = {
    "normal": msg("normal"),
    "lognormal": msg("skewed: lognormal"),
    "student": msg("heavy tails: Student's t, 3 df"),
}
FEW, MORE = 5, 30  # sizes of samples that sentences are about


def findings_on_returns(
    values: Float64Array,
    ends: Mapping[str, tuple[float, float]],
    truth: float | None,
    confidence: float,
) -> Section:
    """Report the mean of the returns with its intervals.

    If the true mean is known, report which of them hold it too.
    """
    n, mean, deviation = len(values), float(values.mean()), float(values.std(ddof=1))
    low, high = ends["t"]
    findings = [
        Finding(
            name="mean_return",
            value={
                "years": n,
                "mean": mean,
                "std": deviation,
                "standard_error": deviation / n**0.5,
            },
            sentence=msg(
                "{n:,} yearly returns have mean {mean:.2f} % and standard deviation "
                "{deviation:.2f} %.",
                n=n,
                mean=mean,
                deviation=deviation,
            ),
        ),
        Finding(
            name="intervals",
            value={name: list(pair) for name, pair in ends.items()},
            sentence=msg(
                "The {confidence:.1%} confidence interval of the mean return by t is {low:.2f} % "
                "to {high:.2f} %.",
                confidence=confidence,
                low=low,
                high=high,
            ),
        ),
    ]
    if truth is not None:
        findings.append(truth_finding(ends, truth))
    rows: tuple[dict[str, Message | str], ...] = tuple(
        {
            "interval": NAMES[name],
            "low": f"{low:.3f}",
            "high": f"{high:.3f}",
            "width": f"{high - low:.3f}",
        }
        for name, (low, high) in ends.items()
    )
    caption = msg("The returns, and the intervals of their mean")
    return Section(
        title=msg("Mean return"),
        findings=tuple(findings),
        tables=(rows,),
        pictures=(("returns", caption),),
    )


def truth_finding(ends: Mapping[str, tuple[float, float]], truth: float) -> Finding:
    """Tell which intervals hold the mean that the returns were drawn with."""
    held = [name for name, (low, high) in ends.items() if low <= truth <= high]
    return Finding(
        name="hold_the_truth",
        value={name: name in held for name in ends},
        sentence=msg(
            "The returns were drawn with a true mean of {truth:g} %: {held} of {all} intervals "
            "hold it. One sample says little of an interval; the next section draws many.",
            truth=truth,
            held=len(held),
            all=len(ends),
        ),
    )


def findings_on_coverage(covered: pd.DataFrame, confidence: float) -> Section:
    """Report how often each kind of interval holds the true mean.

    The results are by distribution and sample size. `covered` has the rows of
    `tasks.stories.dice.estimate.coverage`.
    """
    cells = {(row["shape"], row["n"], row["method"]): row for row in covered.to_dict("records")}
    groups = dict.fromkeys((shape, n) for shape, n, _ in cells)
    rows: tuple[dict[str, Message | str], ...] = tuple(
        {
            "distribution": SHAPES[shape],
            "sample size": str(n),
            **{NAMES[method].text: shown(cells[shape, n, method]) for method in METHODS},
        }
        for shape, n in groups
    )
    return Section(
        title=msg("How often intervals hold the true mean"),
        findings=(
            *normal_findings(cells, confidence),
            *skewed_findings(cells),
            tails_finding(cells),
        ),
        tables=(rows,),
        pictures=(
            (
                "coverage",
                msg("Share of intervals that hold the true mean; bars: its 95 % Wilson interval"),
            ),
        ),
    )


def shown(cell: Cell) -> str:
    """Return a coverage with its interval, as a table has it."""
    return f"{cell['coverage']:.1%} ({cell['low']:.1%} – {cell['high']:.1%})"


def figure_of(cell: Cell) -> dict[str, float]:
    """Return a coverage with the ends of its interval."""
    return {
        "value": float(cell["coverage"]),
        "low": float(cell["low"]),
        "high": float(cell["high"]),
    }


def normal_findings(cells: Cells, confidence: float) -> tuple[Finding, Finding]:
    """Tell how z and t do on small samples of normal values, where theory knows the answer."""
    t, z = (figure_of(cells["normal", FEW, method]) for method in ("t", "z"))
    return (
        Finding(
            name="t_on_normal",
            value={"n": FEW, **t},
            sentence=msg(
                "On {n} normal values t holds the true mean in {value:.1%} of {repeats:,} samples "
                "(95 % interval of that share: {low:.1%} to {high:.1%}); stated is "
                "{confidence:.1%}.",
                n=FEW,
                repeats=cells["normal", FEW, "t"]["repeats"],
                confidence=confidence,
                **t,
            ),
        ),
        Finding(
            name="z_on_normal",
            value={"n": FEW, **z, "exact": z_coverage(FEW, confidence)},
            sentence=msg(
                "z holds it in {value:.1%} ({low:.1%} to {high:.1%}), by theory in {exact:.2%}: "
                "it takes the deviation of {n} values for the true one.",
                n=FEW,
                exact=z_coverage(FEW, confidence),
                **z,
            ),
        ),
    )


def skewed_findings(cells: Cells) -> tuple[Finding, Finding]:
    """Tell what skew does to intervals, and on which side they miss."""
    n = {method: figure_of(cells["lognormal", MORE, method]) for method in METHODS}
    missed = cells["lognormal", MORE, "t"]
    below, misses = int(missed["below"]), int(missed["below"] + missed["above"])
    return (
        Finding(
            name="skewed",
            value={"n": MORE, **n},
            sentence=msg(
                "On {n} values of the skewed distribution z holds the true mean in {z:.1%}, t in "
                "{t:.1%}, the bootstrap in {percentile:.1%} (percentile) and {bca:.1%} (BCa).",
                n=MORE,
                **{method: entry["value"] for method, entry in n.items()},
            ),
        ),
        Finding(
            name="skewed_misses",
            value={"n": MORE, "missed": misses, "below": below},
            sentence=msg(
                "Of the {misses} intervals by t that miss it there, {below} lie below it: samples "
                "that lack the rare large values have too small a mean and too small a deviation.",
                misses=misses,
                below=below,
            ),
        ),
    )


def tails_finding(cells: Cells) -> Finding:
    """Tell how the bootstrap does on few values with heavy tails."""
    n = {method: figure_of(cells["student", FEW, method]) for method in METHODS}
    return Finding(
        name="heavy_tails",
        value={"n": FEW, **n},
        sentence=msg(
            "On {n} values with heavy tails t holds it in {t:.1%}, the bootstrap in "
            "{percentile:.1%} (percentile) and {bca:.1%} (BCa): resamples of {n} values know no "
            "others.",
            n=FEW,
            **{method: entry["value"] for method, entry in n.items()},
        ),
    )
