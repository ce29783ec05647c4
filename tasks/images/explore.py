"""Explore images: counts, samples of each class, and the mean image of each class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import axes
from matplotlib import pyplot as plt
from numpy import typing as npt

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.images.read import pictures_of
from tasks.pages.plot_style import save, style
from tasks.problem.definition import Problem
from tasks.tables.explore import describe

SHOWN = 8  # sample pictures of a class
CLASSES = 12  # that are drawn at most
AVERAGED = 500  # pictures of a class whose mean is drawn


@stage(process="worker")
def explore_pictures(out: Path, table: Ref, raw: Ref, problem: Problem) -> Facts:
    """Describe an image set.

    Writes `profile.json` with counts of labels, sizes and modes, and plots of the images.
    """
    frame = read_table(table)
    counts = frame["label"].value_counts().sort_index()
    summaries = describe(frame[["label", "width", "height"]])
    files.write_json(
        out / "profile.json",
        {
            "rows": len(frame),
            "memory_mb": float(len(frame) * pictures_of(raw, slice(1)).nbytes / 1e6),
            "repeats": int(frame["sha256"].duplicated().sum()),
            "target": {
                problem.labels[label]: int(count)
                for label, count in zip(counts.index, counts, strict=True)
            },
            "modes": {
                str(mode): int(count) for mode, count in frame["mode"].value_counts().items()
            },
            "columns": [
                {"name": name, "unit": "pixels" if name != "label" else None, **summaries[name]}
                for name in summaries
            ],
        },
    )
    _samples(out, frame, raw, problem)
    return {"rows": len(frame), "classes": len(counts)}


def _samples(out: Path, frame: pd.DataFrame, raw: Ref, problem: Problem) -> None:
    """Draw a row of sample pictures per class, the mean picture of the class first."""
    style()
    labels = sorted(frame["label"].unique())[:CLASSES]
    fig, grid = plt.subplots(
        len(labels), 1 + SHOWN, figsize=(9, len(labels)), layout="constrained", squeeze=False
    )
    for row, label in zip(grid, labels, strict=True):
        places = frame.loc[frame["label"] == label, "picture"].to_numpy()
        pictures = pictures_of(raw, places[:AVERAGED])
        show(row[0], pictures.mean(axis=0).astype("uint8"))
        for axis, picture in zip(row[1:], pictures, strict=False):
            show(axis, picture)
        for axis in row[1 + len(pictures) :]:
            axis.remove()
        row[0].set_ylabel(
            problem.labels[int(label)], rotation=0, ha="right", va="center", fontsize=9
        )
    grid[0][0].set_title("mean")
    fig.suptitle("Pictures of each class")
    save(fig, out / "samples.png")


def show(axis: axes.Axes, picture: npt.NDArray[np.uint8], **kwargs: Any) -> None:
    """Draw one picture into a panel without ticks."""
    grey = picture.shape[-1] == 1
    axis.imshow(
        picture[..., 0] if grey else picture,
        cmap="gray" if grey else None,
        vmin=0,
        vmax=255,
        **kwargs,
    )
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
