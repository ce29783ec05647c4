"""Draw: the pictures of a judged model, in one style that colour-blind readers can tell apart."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from casebook.stage import stage_apart
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.aim import Aim
from tasks.evaluate import results

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DPI = 110


def style() -> None:
    """Set the house style of all figures; Agg needs no screen."""
    import matplotlib
    import seaborn as sns

    matplotlib.use("Agg")
    sns.set_theme(style="whitegrid", palette="colorblind", rc={"font.size": 9, "axes.titlesize": 10})


def figure(width: float, height: float) -> "tuple[Figure, Axes]":
    """Return a new figure of one panel, in inches."""
    import matplotlib.pyplot as plt

    style()
    fig, axis = plt.subplots(figsize=(width, height), layout="constrained")
    return fig, axis


def axes_grid(panels: int, columns: int = 4) -> "tuple[Figure, list[Axes]]":
    """Return a new figure with a grid of panels, none of which is empty."""
    import matplotlib.pyplot as plt

    style()
    rows = -(-panels // columns)
    fig, grid = plt.subplots(rows, columns, figsize=(2.7 * columns, 2.3 * rows), layout="constrained", squeeze=False)
    axes = [axis for row in grid for axis in row]
    for axis in axes[panels:]:
        axis.remove()
    return fig, axes[:panels]


def save(fig: "Figure", path: Path) -> None:
    """Write a figure as PNG, with a fixed software tag so that the same figure has the same bytes, and forget it."""
    import matplotlib.pyplot as plt

    fig.savefig(path, dpi=DPI, metadata={"Software": "casebook"})
    plt.close(fig)


@stage_apart
def draw(out: Path, evaluation: Ref, trained: Mapping[str, Sequence[Ref]], aim: Aim) -> Facts:
    """Draw learning curves, and how the champion's answers compare with the truth on the test part.

    For a binary model: precision-recall and ROC curves, calibration and the confusion matrix; for a regression:
    predicted against true values and the residuals.
    """
    result = results(evaluation)
    champion = str(result["champion"])
    answers = read_arrays(evaluation, "curves")
    y = answers.pop("y")
    _learning(out, {name: refs[0] for name, refs in trained.items()}, aim)
    if aim.kind == "regression":
        _predicted(out, y, answers[champion], aim)
        _residuals(out, y, answers[champion], aim)
        return {"pictures": len(list(out.glob("*.png")))}
    shown = {name: answers[name] for name in dict.fromkeys([champion, "course", *result["peers"]]) if name in answers}
    _precision_recall(out, y, shown)
    _roc(out, y, shown)
    _calibration(out, y, answers[champion])
    _confusion(out, y, answers[champion] >= result["consequences"]["threshold"], aim.labels)
    return {"pictures": len(list(out.glob("*.png")))}


def _learning(out: Path, refs: Mapping[str, Ref], aim: Aim) -> None:
    """Draw each candidate's loss and, where it was followed, its validation AUPRC."""
    import matplotlib.pyplot as plt

    style()
    curves = {name: json.loads(ref.path("history.json").read_text(encoding="utf-8")) for name, ref in refs.items()}
    followed = any("val_auprc" in history for history in curves.values())
    fig, grid = plt.subplots(1, 1 + followed, figsize=(5 * (1 + followed), 3.6), layout="constrained", squeeze=False)
    left, right = grid[0][0], grid[0][-1]
    for name, history in curves.items():
        epochs = range(1, len(history["loss"]) + 1)
        line = left.plot(epochs, history["loss"], "--", linewidth=1)[0]
        left.plot(history.get("val_epoch", epochs), history["val_loss"], color=line.get_color(), label=name)
        if followed:
            right.plot(epochs, history["val_auprc"], color=line.get_color(), label=name)
    loss = "log loss" if aim.kind == "binary" else "squared error (standardized)"
    left.set(xlabel="epoch", ylabel=f"{loss}, as trained", yscale="log", title="Loss (dashed: training part)")
    if followed:
        right.set(xlabel="epoch", ylabel="AUPRC", title="Validation AUPRC")
    right.legend(fontsize=8)
    save(fig, out / "learning.png")


def _predicted(out: Path, y: "Floats", predicted: "Floats", aim: Aim) -> None:
    fig, axis = figure(4.8, 4.4)
    axis.plot([y.min(), y.max()], [y.min(), y.max()], color="grey", linewidth=1)
    axis.plot(y, predicted, "o", markersize=3, alpha=0.6)
    axis.set(xlabel=_with_unit("true", aim), ylabel=_with_unit("predicted", aim), title="Predicted against true")
    save(fig, out / "predicted.png")


def _residuals(out: Path, y: "Floats", predicted: "Floats", aim: Aim) -> None:
    fig, axis = figure(4.8, 4.4)
    axis.axhline(0, color="grey", linewidth=1)
    axis.plot(predicted, y - predicted, "o", markersize=3, alpha=0.6)
    axis.set(xlabel=_with_unit("predicted", aim), ylabel=_with_unit("true - predicted", aim), title="Residuals")
    save(fig, out / "residuals.png")


def _with_unit(text: str, aim: Aim) -> str:
    return labelled(f"{text} {aim.target}", aim.unit)


def labelled(text: str, unit: str | None) -> str:
    """Return an axis label with its unit; a dollar sign is none of a formula's."""
    return text + (f" ({unit})" if unit else "").replace("$", r"\$")


def _precision_recall(out: Path, y: "Floats", scores: "Mapping[str, Floats]") -> None:
    from sklearn.metrics import average_precision_score, precision_recall_curve

    fig, axis = figure(5.4, 4)
    for name, score in scores.items():
        precision, recall, _ = precision_recall_curve(y, score)
        axis.step(recall, precision, where="post", label=f"{name} ({average_precision_score(y, score):.3f})")
    axis.set(
        xlabel="recall", ylabel="precision", title="Precision against recall (AUPRC)", xlim=(0, 1.01), ylim=(0, 1.03)
    )
    axis.legend(fontsize=8, loc="lower left")
    save(fig, out / "precision_recall.png")


def _roc(out: Path, y: "Floats", scores: "Mapping[str, Floats]") -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    fig, axis = figure(5.4, 4)
    for name, score in scores.items():
        false_alarms, recall, _ = roc_curve(y, score)
        axis.plot(false_alarms, recall, label=f"{name} ({roc_auc_score(y, score):.3f})")
    axis.set(xlabel="false alarms per negative", ylabel="recall", title="ROC curve (area)", xscale="symlog")
    axis.set_xscale("symlog", linthresh=1e-3)
    axis.legend(fontsize=8, loc="lower right")
    save(fig, out / "roc.png")


def _calibration(out: Path, y: "Floats", probability: "Floats") -> None:
    from sklearn.calibration import calibration_curve

    fig, axis = figure(4.6, 4)
    true, predicted = calibration_curve(y, probability, n_bins=10, strategy="uniform")
    axis.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axis.plot(predicted, true, "o-")
    axis.set(xlabel="predicted probability", ylabel="observed share", title="Calibration of the champion")
    save(fig, out / "calibration.png")


def _confusion(out: Path, y: "Floats", alerts: "NDArray[np.bool_]", labels: tuple[str, str]) -> None:
    import seaborn as sns
    from sklearn.metrics import confusion_matrix

    fig, axis = figure(4.2, 4)
    counts = confusion_matrix(y, alerts, labels=[0, 1])
    sns.heatmap(counts, annot=True, fmt=",d", cmap="Blues", cbar=False, xticklabels=labels, yticklabels=labels, ax=axis)
    axis.set(xlabel="answered", ylabel="true", title="Counts at the chosen threshold")
    save(fig, out / "confusion.png")
