"""Blend series: answer with the mean of what a network and trees say that go on with a series."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.training.blend import joined


@stage
def blend_series(out: Path, trained: tuple[Ref, ...]) -> Facts:
    """Join what `train_series` and `train_forest` fitted to the same splits into one network.

    Its prediction is the mean of theirs.

    All count alike: weights that are fitted to past forecasts seldom do better (the "forecast
    combination puzzle", Stock & Watson 2004).

    Writes what `train_series` writes; the curves are those of the first.
    """
    whole = joined(
        [
            keras.saving.load_model(ref.path("network.keras"), compile=False, safe_mode=True)
            for ref in trained
        ]
    )
    whole.save(out / "network.keras")
    scores = [read_arrays(ref, "scores") for ref in trained]
    write_arrays(
        out,
        "scores",
        **{part: np.mean([score[part] for score in scores], axis=0) for part in scores[0]},
    )
    files.write_json(
        out / "history.json",
        json.loads(trained[0].path("history.json").read_text(encoding="utf-8")),
    )
    return {
        **trained[0].facts,
        "parameters": sum(int(str(ref.facts["parameters"])) for ref in trained),
    }
