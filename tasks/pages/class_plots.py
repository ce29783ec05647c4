"""Class plots: how the answers of models that tell classes apart compare with the truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import seaborn as sns
from matplotlib import axes as mpl_axes
from numpy import typing as npt
from sklearn import metrics

from casebook.array_types import Float64Array
from tasks.evaluation.intervals import wilson
from tasks.pages.plot_style import colours_of, figure, lines_of, save
from tasks.problem.definition import Problem

BINS = 10  # of calibration, at most
FEWEST = 20  # rows of a bin
FEWEST_CASES = 5  # that are expected in a bin, where they are rare
RARE = 0.05  # share of positives below which few false alarms are what matters
MANY = 2_000  # negatives from which a share of a thousandth can be read off


def draw_precision_recall(
    out: Path, y: Float64Array, scores: Mapping[str, Float64Array], champion: str
) -> None:
    """Draw precision against recall of each model, the champion's bold."""
    fig, axis = figure(5.4, 4)
    areas = {name: metrics.average_precision_score(y, score) for name, score in scores.items()}
    for name in _best_first(areas):
        precision, recall, _ = metrics.precision_recall_curve(y, scores[name])
        line = _line(name, areas, champion)
        axis.step(recall, precision, where="post", **line)
    axis.set(
        xlabel="recall",
        ylabel="precision",
        title="Precision against recall (AUPRC)",
        xlim=(0, 1.01),
        ylim=(0, 1.03),
    )
    _legend(axis)
    save(fig, out / "precision_recall.png")


def draw_roc(out: Path, y: Float64Array, scores: Mapping[str, Float64Array], champion: str) -> None:
    """Draw recall against false alarms of each model, the champion's bold.

    Where positives are rare among many negatives, the axis of false alarms is logarithmic above a
    thousandth: there is what matters.
    """
    fig, axis = figure(5.4, 4)
    areas = {name: metrics.roc_auc_score(y, score) for name, score in scores.items()}
    for name in _best_first(areas):
        false_alarms, recall, _ = metrics.roc_curve(y, scores[name])
        axis.plot(false_alarms, recall, **_line(name, areas, champion))
    axis.set(xlabel="false alarms per negative", ylabel="recall", title="ROC curve (area)")
    if y.mean() < RARE and (y == 0).sum() >= MANY:
        axis.set_xscale("symlog", linthresh=1e-3)
    else:
        axis.plot([0, 1], [0, 1], color="grey", linewidth=1, zorder=0)
    _legend(axis)
    save(fig, out / "roc.png")


def draw_calibration(
    out: Path, happened: Float64Array, probability: Float64Array, said: str, observed: str
) -> None:
    """Draw how often what was given a probability happened.

    Each bin has its 95 % interval (Wilson 1927).
    """
    fig, axis = figure(4.6, 4)
    bins = calibration_bins(happened, probability)
    axis.plot([0, 1], [0, 1], color="grey", linewidth=1)
    spread = np.abs(np.array([bins.low, bins.high]) - bins.share)
    axis.errorbar(bins.probability, bins.share, spread, fmt="o-", markersize=4, elinewidth=1)
    low = max(0.0, float(min(bins.probability.min(), bins.low.min())) - 0.05)
    high = min(1.0, float(max(bins.probability.max(), bins.high.max())) + 0.05)
    title = f"Calibration of the champion\n({bins.described})"
    axis.set(xlim=(low, high), ylim=(low, high), xlabel=said, ylabel=observed, title=title)
    save(fig, out / "calibration.png")


class CalibrationBins(NamedTuple):
    """Of rows in order of their probability: the mean, the share that happened, its interval."""

    probability: Float64Array
    share: Float64Array
    low: Float64Array
    high: Float64Array
    described: str


def calibration_bins(happened: Float64Array, probability: Float64Array) -> CalibrationBins:
    """Return at most ten bins.

    They have equal numbers of rows, or, of what is rare, equal numbers of expected cases: of equal
    numbers of rows nearly all would lie at zero.

    Examples
    --------
    >>> bins = calibration_bins(np.tile([0.0, 1.0], 20), np.linspace(0, 1, 40))
    >>> bins.described, bins.share.tolist(), bins.probability.round(2).tolist()
    ('bins of 20 rows', [0.5, 0.5], [0.24, 0.76])
    """
    order = np.argsort(probability, kind="stable")
    rare = happened.mean() < RARE
    counted = np.cumsum(probability[order] if rare else np.ones(len(order)))
    bins = int(np.clip(counted[-1] // (FEWEST_CASES if rare else FEWEST), 1, BINS))
    ends = np.searchsorted(counted, counted[-1] * np.arange(1, bins) / bins, side="right")
    parts = [part for part in np.split(order, ends) if len(part)]
    hits = np.array([happened[part].sum() for part in parts])
    rows = np.array([len(part) for part in parts])
    shares = [wilson(int(held), int(count)) for held, count in zip(hits, rows, strict=True)]
    low, high = np.array(shares).T
    means = np.array([probability[part].mean() for part in parts])
    unit = "expected cases" if rare else "rows"
    described = f"bins of {counted[-1] / bins:.0f} {unit}"
    return CalibrationBins(means, hits / rows, low, high, described)


def draw_confusion(
    out: Path, y: Float64Array, alerts: npt.NDArray[np.bool_], labels: tuple[str, ...]
) -> None:
    """Draw how many rows of each class were taken for which, with the share of the class."""
    fig, axis = figure(4.2, 4)
    counts = metrics.confusion_matrix(y, alerts, labels=[0, 1])
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    texts = [
        [f"{n:,}\n{share:.1%}" for n, share in zip(*row, strict=True)]
        for row in zip(counts, shares, strict=True)
    ]
    sns.heatmap(
        shares,
        annot=texts,
        fmt="",
        cmap="Blues",
        cbar=False,
        vmin=0,
        vmax=1,
        xticklabels=labels,
        yticklabels=labels,
        ax=axis,
    )
    axis.set(xlabel="answered", ylabel="true", title="Counts at the chosen threshold")
    save(fig, out / "confusion.png")


def draw_classes(out: Path, y: Float64Array, probability: Float64Array, problem: Problem) -> None:
    """Draw the confusion matrix, and whether the predictions are as sure as they are right."""
    predicted, size = probability.argmax(axis=1), max(4.2, 0.62 * len(problem.labels))
    fig, axis = figure(size + 0.8, size)
    counts = metrics.confusion_matrix(y, predicted, labels=range(len(problem.labels)))
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    sns.heatmap(
        wrong,
        annot=counts,
        fmt=",d",
        cmap="Blues",
        cbar=False,
        square=True,
        ax=axis,
        xticklabels=problem.labels,
        yticklabels=problem.labels,
    )
    axis.set(xlabel="answered", ylabel="true", title="Counts; shades are of the mistakes")
    axis.tick_params(axis="x", rotation=45)
    axis.tick_params(axis="y", rotation=0)
    save(fig, out / "confusion.png")
    right = (predicted == y).astype("float64")
    draw_calibration(
        out, right, probability.max(axis=1), "probability of the answer", "share that is right"
    )


def _best_first(areas: Mapping[str, float]) -> list[str]:
    return sorted(areas, key=lambda name: -areas[name])


def _line(name: str, areas: Mapping[str, float], champion: str) -> dict[str, Any]:
    """Return how a model's curve is drawn: in its colour, which it has in all pictures."""
    leads = name == champion
    return {
        "label": f"{name} ({areas[name]:.3f})",
        "color": colours_of(areas)[name],
        "linestyle": lines_of(areas)[name],
        "linewidth": 2.4 if leads else 1.0,
        "zorder": 3 if leads else 2,
    }


def _legend(axis: mpl_axes.Axes) -> None:
    """Put the legend beside the curves, which it would hide."""
    axis.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
