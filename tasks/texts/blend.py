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


@stage
def blend_series(out: Path, trained: tuple[Ref, ...]) -> Facts:
    """Join what `train_series` and `grow` fitted to the same splits into one network.

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


def joined(networks: list[keras.Model]) -> keras.Model:
    """Return one model of the same inputs, whose answer is the mean of the networks'."""
    inputs = [
        keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)
        for tensor in networks[0].inputs
    ]
    given = inputs if len(inputs) > 1 else inputs[0]
    named = [
        keras.Model(network.inputs, network.outputs[0], name=f"{network.name}_part")
        for network in networks
    ]
    return keras.Model(
        inputs, keras.layers.Average()([network(given) for network in named]), name="blend"
    )
