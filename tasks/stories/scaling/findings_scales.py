"""Report how scaling formulas agree with scikit-learn, and what an outlier and a leak do.

The effects of the outlier and the leak are reported for each way of scaling.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn import pipeline, preprocessing

from casebook.array_types import Float64Array
from casebook.language import Message, msg
from tasks.data.scale import WAYS, Farthest, min_max, standard
from tasks.pages.findings import Finding, Section

SPLITS = 200  # into training and test rows
FORMULAS = {  # each way's name, formula, and what it is in scikit-learn
    "maximum": (msg("simple scaling"), "x / max |x|", "MaxAbsScaler"),
    "min_max": (msg("min-max scaling"), "(x - min) / (max - min)", "MinMaxScaler"),
    "mean_range": (
        msg("mean normalisation"),
        "(x - mean) / (max - min)",
        "MinMaxScaler, StandardScaler(with_std=False)",
    ),
    "standard": (msg("standard scaling (z-score)"), "(x - mean) / std", "StandardScaler"),
    "robust": (msg("robust scaling"), "(x - median) / IQR", "RobustScaler"),
}


def by_scikit_learn() -> dict[str, Callable[[Float64Array], Float64Array]]:
    """Return the scikit-learn equivalent of each way of scaling.

    scikit-learn has no mean normalisation, only its two steps.
    """
    centred = preprocessing.StandardScaler(with_std=False)
    return {
        "maximum": preprocessing.MaxAbsScaler().fit_transform,
        "min_max": preprocessing.MinMaxScaler().fit_transform,
        "mean_range": pipeline.make_pipeline(preprocessing.MinMaxScaler(), centred).fit_transform,
        "standard": preprocessing.StandardScaler().fit_transform,
        "robust": preprocessing.RobustScaler().fit_transform,
    }


def findings_on_agreement(frame: pd.DataFrame) -> Section:
    """Tell how far the formulas and scikit-learn are apart, and what pandas' deviation changes."""
    x = frame.to_numpy("float64")
    theirs = by_scikit_learn()
    apart = {name: float(np.abs(way(x)(x) - theirs[name](x)).max()) for name, way in WAYS.items()}
    agreement = msg(
        "The formulas and scikit-learn differ by {most:.1e} at most, over {ways} ways and "
        "{values:,} values.",
        most=max(apart.values()),
        ways=len(WAYS),
        values=x.size,
    )
    rows: tuple[dict[str, Message | str], ...] = tuple(
        {
            "way": title,
            "formula": formula,
            "scikit-learn": theirs,
            "largest difference": f"{apart[way]:.1e}",
        }
        for way, (title, formula, theirs) in FORMULAS.items()
    )
    return Section(
        title=msg("Formulas and scikit-learn"),
        findings=(
            Finding(name="largest_difference", value=dict(apart), sentence=agreement),
            ddof_finding(frame),
        ),
        tables=(rows,),
        pictures=(
            (
                "scales",
                msg(
                    "Each column before scaling and after it, on one axis; diamonds: the "
                    "outlier's row"
                ),
            ),
        ),
    )


def ddof_finding(frame: pd.DataFrame) -> Finding:
    """Tell how far z-scores by pandas' standard deviation are from scikit-learn's."""
    x = frame.to_numpy("float64")
    by_pandas = (
        (frame - frame.mean()) / frame.std().where(frame.max() > frame.min(), 1.0)
    ).to_numpy()
    apart = float(np.abs(by_pandas - standard(x)(x)).max())
    same = float(np.abs(by_pandas - standard(x, ddof=1)(x)).max())
    values = {"rows": len(x), "factor": ((len(x) - 1) / len(x)) ** 0.5, "apart": apart}
    sentence = msg(
        "z-scores by pandas' std() differ by up to {apart:.4f}: it divides by n - 1 (ddof=1), "
        "NumPy and scikit-learn by n, so that its z-scores of {rows:,} rows are {factor:.4f} "
        "times as large. With ddof=1 in the formula {same:.1e} is left.",
        **values,
        same=same,
    )
    return Finding(
        name="pandas_std", value={**values, "apart_with_ddof_1": same}, sentence=sentence
    )


def findings_on_outlier(names: list[str], x: Float64Array, outlier: Farthest) -> Section:
    """Tell what the farthest value leaves to the others in each way of scaling."""
    values, others = x[:, outlier.column], np.delete(x[:, outlier.column], outlier.row)
    left = {name: float(way(others).width / way(values).width) for name, way in WAYS.items()}
    spread = max(float(others.max() - others.min()), 0.0)
    rows: tuple[dict[str, Message | str], ...] = tuple(
        {
            "way": FORMULAS[name][0],
            "outlier": f"{float(way(values)(values)[outlier.row]):.3f}",
            "others, with it": f"{spread / float(way(values).width):.3f}",
            "others, without it": f"{spread / float(way(others).width):.3f}",
            "range left": f"{left[name]:.1%}",
        }
        for name, way in WAYS.items()
    )
    return Section(
        title=msg("What an outlier does"),
        findings=(
            farthest_finding(names, x, outlier),
            range_left_finding(left),
            z_score_finding(values, outlier),
        ),
        tables=(rows,),
        pictures=(("outlier", msg("The outlier's column scaled with it and without it")),),
    )


def farthest_finding(names: list[str], x: Float64Array, outlier: Farthest) -> Finding:
    """Tell which value is the farthest."""
    number = float(x[outlier.row, outlier.column])
    place = {"column": names[outlier.column], "row": outlier.row + 1}
    sentence = msg(
        "Farthest from its column's median lies {number:g} in {column} (row {row:,}): "
        "{ranges:.1f} interquartile ranges away.",
        number=number,
        column=names[outlier.column],
        row=outlier.row + 1,
        ranges=outlier.ranges,
    )
    return Finding(
        name="outlier",
        value={**place, "number": number, "ranges": outlier.ranges},
        sentence=sentence,
    )


def range_left_finding(left: dict[str, float]) -> Finding:
    """Tell how much of their range the other values keep."""
    sentence = msg(
        "With it in the column, the other values keep {min_max:.1%} of the range that they have "
        "without it by min-max scaling, {maximum:.1%} by x / max, {standard:.1%} by z-score and "
        "{robust:.1%} by median and interquartile range.",
        **left,
    )
    return Finding(name="range_left", value=dict(left), sentence=sentence)


def z_score_finding(values: Float64Array, outlier: Farthest) -> Finding:
    """Report the outlier's z-score and the largest possible one.

    The outlier widens the deviation that it is measured by.
    """
    z, maximum = abs(float(standard(values)(values)[outlier.row])), (len(values) - 1) ** 0.5
    sentence = msg(
        "Its z-score is {z:.2f}. Of {rows:,} values none can have more than √(n - 1) = "
        "{most:.2f}, however far away: it widens the deviation that it is measured by.",
        z=z,
        most=maximum,
        rows=len(values),
    )
    return Finding(name="z_of_outlier", value={"z": z, "most": maximum}, sentence=sentence)


def findings_on_leak(x: Float64Array, test_share: float, seed: int) -> Section:
    """Report how test rows fall outside of 0 to 1 when the scaler is fitted on training rows.

    The scaler has to be fitted that way.
    """
    rng, test, whole = np.random.default_rng(seed), max(1, round(test_share * len(x))), min_max(x)
    honest, leaking = [], []
    for _ in range(SPLITS):
        order = rng.permutation(len(x))
        rows, rest = x[order[:test]], x[order[test:]]
        honest.append(outside(min_max(rest)(rows)))
        leaking.append(outside(whole(rows)))
    summaries = {"training": summed(honest), "all": summed(leaking)}
    names = {"training": msg("training rows"), "all": msg("all rows")}
    table: tuple[dict[str, Message | str], ...] = tuple(
        {
            "fitted on": names[rows_seen],
            "splits with a test value outside": f"{summary['splits']:.1%}",
            "test values outside, mean": f"{summary['mean']:.2f}",
            "farthest from 0 to 1": f"{summary['farthest']:.2f}",
        }
        for rows_seen, summary in summaries.items()
    )
    return Section(
        title=msg("Fitted on training rows only"),
        findings=(honest_finding(test, summaries["training"]), leaking_finding(summaries["all"])),
        tables=(table,),
    )


def outside(scaled: Float64Array) -> tuple[int, float]:
    """Count the values below 0 or above 1, and say how far the farthest is off."""
    off = np.maximum(-scaled, scaled - 1)
    return int((off > 0).sum()), max(0.0, float(off.max()))


def summed(splits: list[tuple[int, float]]) -> dict[str, float]:
    """Return the share of splits with a value outside, their mean count, and the farthest."""
    counts = [count for count, _ in splits]
    return {
        "splits": sum(count > 0 for count in counts) / len(counts),
        "mean": sum(counts) / len(counts),
        "farthest": max(off for _, off in splits),
    }


def honest_finding(test: int, summary: dict[str, float]) -> Finding:
    """Tell what a scaler that saw the training rows alone does to the test rows."""
    sentence = msg(
        "Min-max scaling fitted on training rows alone puts test values outside of 0 to 1 in "
        "{splits:.0%} of {count} random splits with {test:,} test rows, off by up to "
        "{farthest:.2f}. Later rows will do the same, so a model must bear it.",
        count=SPLITS,
        test=test,
        **summary,
    )
    return Finding(name="outside_honestly", value={"test_rows": test, **summary}, sentence=sentence)


def leaking_finding(summary: dict[str, float]) -> Finding:
    """Tell how tidy it looks if the scaler saw all rows."""
    sentence = msg(
        "Fitted on all rows, {splits:.0%} of the splits have a test value outside: it looks tidy "
        "because the scaler has seen the extremes of the test rows. That is a leak, and hides "
        "what later rows do.",
        **summary,
    )
    return Finding(name="outside_with_leak", value=dict(summary), sentence=sentence)
