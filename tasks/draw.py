"""Draw: the pictures of a judged model, in one style that colour-blind readers can tell apart."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook.stage import stage_apart
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
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
def draw(out: Path, evaluation: Ref, trained: Mapping[str, Sequence[Ref]], labels: tuple[str, str]) -> Facts:
    """Draw learning curves, precision-recall and ROC curves, calibration and the confusion matrix.

    All are of the first fold's test part; `labels` are the names of the classes 0 and 1.
    """
    result = results(evaluation)
    champion = str(result["champion"])
    scores = read_arrays(evaluation, "curves")
    y = scores.pop("y")
    shown = {name: scores[name] for name in dict.fromkeys([champion, "course", *result["peers"]]) if name in scores}
    _learning(out, {name: refs[0] for name, refs in trained.items()})
    _precision_recall(out, y, shown)
    _roc(out, y, shown)
    _calibration(out, y, scores[champion])
    _confusion(out, y, scores[champion] >= result["consequences"]["threshold"], labels)
    return {"pictures": len(list(out.glob("*.png")))}


def _learning(out: Path, refs: Mapping[str, Ref]) -> None:
    import matplotlib.pyplot as plt

    style()
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for name, ref in refs.items():
        history: dict[str, Any] = json.loads(ref.path("history.json").read_text(encoding="utf-8"))
        epochs = range(1, len(history["loss"]) + 1)
        line = left.plot(epochs, history["loss"], "--", linewidth=1)[0]
        left.plot(epochs, history["val_loss"], color=line.get_color(), label=name)
        right.plot(epochs, history["val_auprc"], color=line.get_color(), label=name)
    left.set(xlabel="epoch", ylabel="log loss, as trained", yscale="log", title="Loss (dashed: training part)")
    right.set(xlabel="epoch", ylabel="AUPRC", title="Validation AUPRC")
    right.legend(fontsize=8)
    save(fig, out / "learning.png")


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
