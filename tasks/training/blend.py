"""Blend: join networks that were each trained for itself into one that answers with their mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import keras

from casebook.store import Ref


def networks_to_train(
    candidates: Sequence[str], models: Iterable[str], blends: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the candidates and, instead of those that are blends, their parts.

    They are in the order of `models`, those that are no model last.
    """
    needed = {part for name in candidates for part in blends.get(name, (name,))}
    return [*(name for name in models if name in needed), *sorted(needed.difference(models))]


def with_blends(
    trained: Mapping[str, list[Ref]],
    candidates: Sequence[str],
    blends: Mapping[str, tuple[str, ...]],
    blend: Callable[[str, tuple[Ref, ...]], Ref],
) -> dict[str, list[Ref]]:
    """Return the candidates in their order: what was trained, and the blends that are made of it.

    `blend` takes the first part's name and all parts.
    """
    outputs = {}
    for name in candidates:
        if name in blends:
            parts = tuple(trained[part][0] for part in blends[name])
            outputs[name] = [blend(blends[name][0], parts)]
        else:
            outputs[name] = trained[name]
    return outputs


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
