"""Beyond the numbers learnt: how well a network counts where it was not trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from casebook.array_types import Float64Array
from casebook.language import msg
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import results
from tasks.pages.notes import Notes
from tasks.pages.plot_style import figure, save
from tasks.problem.definition import Problem


@stage(process="worker")
def explain(
    out: Path, evaluation: Ref, trained: Mapping[str, Ref], parts: Ref, problem: Problem
) -> Facts:
    """Report how well each network counts within and beyond its training range.

    Draw its predictions over the whole range.
    """
    rows = {name: read_arrays(parts, name) for name in ("train", "validation", "test")}
    whole = {
        key: np.concatenate([arrays[key] for arrays in rows.values()]) for key in ("window", "y")
    }
    learnt = len(whole["y"]) - len(rows["test"]["y"])
    predictions = {}
    for name, ref in trained.items():
        network = keras.saving.load_model(ref.path("network.keras"), compile=False, safe_mode=True)
        predictions[name] = np.asarray(network(whole["window"], training=False), "float64")[:, 0]
    draw_range(out, whole["y"], predictions, learnt)
    table = tuple(
        _row(name, answers, whole["y"], learnt, problem) for name, answers in predictions.items()
    )
    champion = str(results(evaluation)["champion"])
    Notes(
        title=msg("Beyond the numbers learnt"),
        paragraphs=(
            msg(
                "An LSTM hands on numbers between -1 and 1. Within the numbers learnt its last "
                "layer stretches these over the targets; beyond them they hardly grow any more, "
                "so its answers level off while the truth goes on. No longer training mends that: "
                "it was asked to learn places on a line, not how to take a step."
            ),
            msg(
                "{champion} was chosen on the fifth before the last, which its training part ends "
                "before: a network that only knows its way within what it learnt loses there "
                "already. `ours` is asked in a form that has no scale (differences from the last "
                "number, divided by the largest of the five), and answers in the same form. The "
                "relation is a plane, which least squares finds to the last digit; no network can "
                "do better.",
                champion=champion,
            ),
        ),
        tables=(table,),
        pictures=(("range", msg("Answers over the whole range")),),
    ).keep(out)
    return {"learnt": learnt, "asked": len(whole["y"])}


def _row(
    name: str, answers: Float64Array, y: Float64Array, learnt: int, problem: Problem
) -> dict[str, str]:
    error = abs(answers - y)
    inside, beyond = error[:learnt].mean() / problem.span, error[learnt:].mean() / problem.span
    return {
        "network": name,
        "scaled MAE within the numbers learnt": f"{inside:.5f}",
        "beyond them": f"{beyond:.5f}",
        "largest error beyond": f"{error[learnt:].max():.3f}",
        "answer to the last window": f"{answers[-1]:.2f} (true: {y[-1]:g})",
    }


def draw_range(
    out: Path, y: Float64Array, predictions: Mapping[str, Float64Array], learnt: int
) -> None:
    """Draw each network's predictions against the truth over all numbers.

    The range not in training is shaded.
    """
    fig, axis = figure(6.4, 4.2)
    axis.axvspan(y[learnt], y[-1], color="grey", alpha=0.15, label="not learnt")
    axis.plot(y, y, color="grey", linewidth=1, label="truth")
    for name, answers in predictions.items():
        axis.plot(y, answers, linewidth=1.4, label=name)
    axis.set(xlabel="twice the next number", ylabel="answer", title="Answers over the whole range")
    axis.legend(fontsize=8)
    save(fig, out / "range.png")
