"""Blend: answer with the mean of what several networks say that were each trained for itself."""

from pathlib import Path
from typing import TYPE_CHECKING

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.encode import VOCABULARY, vocabulary_of

if TYPE_CHECKING:
    import keras


@stage
def blend(out: Path, encoded: Ref, trained: tuple[Ref, ...]) -> Facts:
    """Join networks that `train_texts` trained on the same encoded texts into one, whose logit is the mean of theirs.

    Networks that see different things err in different places. Trained as one they see the same errors, and whichever
    learns faster leaves the others little to learn; trained apart they all learn what they can.

    Writes what `train_texts` writes; the curves are those of the first.
    """
    import json

    import keras
    import numpy as np

    networks = [keras.saving.load_model(ref.path("network.keras"), compile=False, safe_mode=True) for ref in trained]
    whole = joined(networks)
    whole.save(out / "network.keras")
    scores = [read_arrays(ref, "scores") for ref in trained]
    mean = {part: np.mean([each[part] for each in scores], axis=0) for part in ("validation", "test")}
    write_arrays(out, "scores", **mean)
    files.write_json(out / "history.json", json.loads(trained[0].path("history.json").read_text(encoding="utf-8")))
    files.write_text(out / VOCABULARY, vocabulary_of(encoded).model_dump_json())
    y = read_arrays(encoded, "validation")["y"]
    return {
        **trained[0].facts,
        "parameters": int(whole.count_params()),
        "val_accuracy": float(((mean["validation"] > 0) == (y == 1)).mean()),
    }


def joined(networks: "list[keras.Model]") -> "keras.Model":
    """Return one model from numbers of tokens to the mean of the networks' logits."""
    import keras

    inputs = keras.Input((None,), dtype="int32")
    named = [keras.Model(network.inputs, network.outputs[0], name=f"{network.name}_part") for network in networks]
    return keras.Model(inputs, keras.layers.Average()([network(inputs) for network in named]), name="blend")
