"""Blend: answer with the mean of what several networks say that were each trained for itself."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.texts.features import VOCABULARY, vocabulary_of
from tasks.training.blend import joined


@stage
def blend(out: Path, encoded: Ref, trained: tuple[Ref, ...]) -> Facts:
    """Join networks that `train_texts` trained on the same encoded texts into one.

    Its logit is the mean of theirs.

    Networks that see different things err in different places. Trained as one they see the same
    errors, and whichever learns faster leaves the others little to learn; trained apart they all
    learn what they can.

    Writes what `train_texts` writes; the curves are those of the first.
    """
    networks = [
        keras.saving.load_model(ref.path("network.keras"), compile=False, safe_mode=True)
        for ref in trained
    ]
    whole = joined(networks)
    whole.save(out / "network.keras")
    scores = [read_arrays(ref, "scores") for ref in trained]
    mean = {
        part: np.mean([score[part] for score in scores], axis=0) for part in ("validation", "test")
    }
    write_arrays(out, "scores", **mean)
    files.write_json(
        out / "history.json",
        json.loads(trained[0].path("history.json").read_text(encoding="utf-8")),
    )
    files.write_text(out / VOCABULARY, vocabulary_of(encoded).model_dump_json())
    y = read_arrays(encoded, "validation")["y"]
    return {
        **trained[0].facts,
        "parameters": int(whole.count_params()),
        "val_accuracy": float(((mean["validation"] > 0) == (y == 1)).mean()),
    }
