"""Blend: join networks that were each trained for itself into one that answers with their mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import keras


def networks_to_train(
    candidates: Sequence[str], models: Iterable[str], blends: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the candidates and, instead of those that are blends, their parts.

    They are in the order of `models`, those that are no model last.
    """
    needed = {part for name in candidates for part in blends.get(name, (name,))}
    return [*(name for name in models if name in needed), *sorted(needed.difference(models))]


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
