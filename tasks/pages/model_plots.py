"""Draw: the pictures of a judged model, in one style that colour-blind readers can tell apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from numpy import typing as npt

from casebook.array_types import Float64Array
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.choice import read_costs
from tasks.evaluation.evaluate import results
from tasks.pages.class_plots import (
    draw_calibration,
    draw_classes,
    draw_confusion,
    draw_precision_recall,
    draw_roc,
)
from tasks.pages.cost_plots import draw_costs
from tasks.pages.plot_style import (
    Colour,
    axes_grid,
    colours_of,
    figure,
    labelled,
    save,
    style,
)
from tasks.problem.definition import TITLES, Problem

FEW = 10  # points of a curve that are marked, as one alone would not be seen
MISTAKES = 24  # that are drawn


@stage(process="worker")
def draw(
    out: Path,
    evaluation: Ref,
    trained: Mapping[str, Sequence[Ref]],
    features: Ref,
    problem: Problem,
    costs: Ref | None = None,
) -> Facts:
    """Draw learning curves, and how the champion's answers compare with the truth on the test part.

    If it was measured what answers take, draw the candidates' figures against it.

    For a binary model: precision-recall and ROC curves, calibration and the confusion matrix; for
    several classes: the confusion matrix, calibration, and of pictures the worst mistakes; for a
    regression: predicted against true values and the residuals.
    """
    result = results(evaluation)
    champion = str(result["champion"])
    answers = read_arrays(evaluation, "curves")
    y = answers.pop("y")
    colours = colours_of(answers)
    _learning(out, {name: refs[0] for name, refs in trained.items()}, problem, colours)
    if costs:
        draw_costs(out, result, read_costs(costs), problem)
    if problem.problem_type == "regression":
        _predicted(out, y, answers[champion], problem)
        _residuals(out, y, answers[champion], problem)
    if not problem.classes:
        return {"pictures": len(list(out.glob("*.png")))}
    if problem.problem_type == "multiclass":
        draw_classes(out, y, answers[champion], problem)
        if problem.input_kind == "picture":
            mistakes(out, y, answers[champion], read_arrays(features, "test")["x"], problem)
        return {"pictures": len(list(out.glob("*.png")))}
    draw_precision_recall(out, y, answers, champion)
    draw_roc(out, y, answers, champion)
    draw_calibration(out, y, answers[champion], "predicted probability", "observed share")
    alerts = answers[champion] >= result["consequences"]["threshold"]
    draw_confusion(out, y, alerts, problem.labels)
    return {"pictures": len(list(out.glob("*.png")))}


def _learning(
    out: Path, refs: Mapping[str, Ref], problem: Problem, colours: Mapping[str, Colour]
) -> None:
    """Draw each candidate's loss and, where it was followed, its validation AUPRC or accuracy."""
    style()
    histories = {
        name: json.loads(ref.path("history.json").read_text(encoding="utf-8"))
        for name, ref in refs.items()
    }
    curves = {
        name: history for name, history in histories.items() if history["loss"]
    }  # trees learn in no epochs
    if not curves:
        return
    figure_name = next(
        (f"val_{n}" for n in ("auprc", "accuracy") for h in curves.values() if f"val_{n}" in h), ""
    )
    followed = bool(figure_name)
    fig, grid = plt.subplots(
        1, 1 + followed, figsize=(5 * (1 + followed), 3.6), layout="constrained", squeeze=False
    )
    left, right = grid[0][0], grid[0][-1]
    for name, history in curves.items():
        epochs = range(1, len(history["loss"]) + 1)
        left.plot(epochs, history["loss"], "--", linewidth=1, color=colours[name])
        looks = history.get("val_epoch", epochs)
        drawn = {
            "color": colours[name],
            "label": name,
            "marker": "." if len(looks) <= FEW else None,
        }
        left.plot(looks, history["val_loss"], **drawn)
        if followed:
            right.plot(looks, history[figure_name], **drawn)
    loss = "log loss" if problem.classes else "error of the scaled target"
    left.set(
        xlabel="epoch",
        ylabel=f"{loss}, as trained",
        yscale="log",
        title="Loss (dashed: training part)",
    )
    if followed:
        title = TITLES[figure_name.removeprefix("val_")]
        right.set(xlabel="epoch", ylabel=title, title=f"{title} on validation")
    right.legend(fontsize=8)
    save(fig, out / "learning.png")


def _predicted(out: Path, y: Float64Array, predicted: Float64Array, problem: Problem) -> None:
    fig, axis = figure(4.8, 4.4)
    axis.plot([y.min(), y.max()], [y.min(), y.max()], color="grey", linewidth=1)
    axis.plot(y, predicted, "o", markersize=3, alpha=0.6)
    axis.set(
        xlabel=_with_unit("true", problem),
        ylabel=_with_unit("predicted", problem),
        title="Predicted against true",
    )
    save(fig, out / "predicted.png")


def _residuals(out: Path, y: Float64Array, predicted: Float64Array, problem: Problem) -> None:
    fig, axis = figure(4.8, 4.4)
    axis.axhline(0, color="grey", linewidth=1)
    axis.plot(predicted, y - predicted, "o", markersize=3, alpha=0.6)
    axis.set(
        xlabel=_with_unit("predicted", problem),
        ylabel=_with_unit("true - predicted", problem),
        title="Residuals",
    )
    save(fig, out / "residuals.png")


def _with_unit(text: str, problem: Problem) -> str:
    return labelled(f"{text} {problem.target}", problem.unit)


def mistakes(
    out: Path,
    y: Float64Array,
    probability: Float64Array,
    pictures: npt.NDArray[np.uint8],
    problem: Problem,
) -> None:
    """Draw the test pictures whose wrong answer is surest; nothing if every answer is right."""
    predicted = probability.argmax(axis=1)
    wrong = np.flatnonzero(predicted != y)
    worst = wrong[np.argsort(-probability.max(axis=1)[wrong], kind="stable")][:MISTAKES]
    if not len(worst):
        return
    fig, axes = axes_grid(len(worst), columns=8)
    for axis, row in zip(axes, worst, strict=True):
        grey = pictures.shape[-1] == 1
        axis.imshow(pictures[row, ..., 0] if grey else pictures[row], cmap="gray" if grey else None)
        share = f"{probability[row, predicted[row]]:.0%}"
        axis.set_title(
            f"{problem.labels[predicted[row]]} {share}\n(true: {problem.labels[int(y[row])]})",
            fontsize=8,
        )
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
    fig.suptitle(f"The surest of {len(wrong):,} wrong answers among {len(y):,} test pictures")
    save(fig, out / "mistakes.png")
