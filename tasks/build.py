"""Build: layers that the networks of several cases are made of.

Networks of several members (an ensemble trained as one) or of several folds (see `tasks.train_folds`) have weights with
leading axes for them; the initial weights are drawn as for one network alone.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

Start = Literal["he", "glorot"]


def dense(
    inputs: Any,
    units: int,
    *,
    members: int = 1,
    activation: str | None = None,
    start: Start = "he",
    regularizer: "keras.Regularizer | None" = None,
) -> Any:
    """Return a dense layer's answers for each fold and member, shape (rows, folds, members, units).

    Parameters
    ----------
    inputs
        Shape (rows, folds, features), the same for all members, or (rows, folds, members, features).
    units
        How many answers each member has.
    members
        How many members there are, where the inputs don't tell.
    activation, start, regularizer
        As in Keras' Dense; `start` draws initial weights as He or as Glorot and Bengio do.
    """
    import keras

    folds, features = inputs.shape[1], inputs.shape[-1]
    alike = len(inputs.shape) == 3
    members = members if alike else inputs.shape[2]
    layer = keras.layers.EinsumDense(
        f"bf{'' if alike else 'k'}i,fkio->bfko",
        (folds, members, units),
        bias_axes="fko",
        activation=activation,
        kernel_initializer=uniform(features, units, start),
        kernel_regularizer=regularizer,
    )
    return layer(inputs)


def uniform(inputs: int, units: int, start: Start) -> "keras.Initializer":
    """Return He's or Glorot's uniform initializer of one member; Keras would count the inputs of all as one's."""
    import keras

    limit = (6.0 / (inputs + (units if start == "glorot" else 0))) ** 0.5
    return keras.initializers.RandomUniform(-limit, limit)


def quantile_bins(x: "Floats", bins: int) -> "tuple[Floats, Floats]":
    """Return lower edge and width of each feature's quantile bins, shape (…, features, bins), widths at least .001.

    `x` has shape (…, rows, features); each of the leading axes, such as folds, has bins of its own.
    """
    import numpy as np

    edges = np.moveaxis(np.quantile(x, np.linspace(0, 1, bins + 1), axis=-2), 0, -1)
    for i in range(1, bins + 1):
        edges[..., i] = np.maximum(edges[..., i], edges[..., i - 1] + 1e-3)
    return edges[..., :-1].astype("float32"), np.diff(edges, axis=-1).astype("float32")


def piecewise(inputs: Any, x: "Floats", bins: int, most: float = 5.0) -> Any:
    """Return the inputs, clipped to ±`most`, and each one's position within each of its quantile bins.

    A network learns steps and edges of single features from these as a tree does (Gorishniy et al. 2022, "On embeddings
    for numerical features", section 3.2). Shape (rows, …, features · (1 + bins)).

    Parameters
    ----------
    inputs
        The network's inputs, shape (rows, features) or (rows, folds, features).
    x
        The training part that the bins are taken from, shape (rows, features) or (folds, rows, features).
    """
    from keras import ops

    low, width = quantile_bins(x, bins)
    places = ops.clip((ops.expand_dims(inputs, -1) - low) / width, 0.0, 1.0)
    flat = ops.reshape(places, (-1, *x.shape[:-2], low.shape[-2] * low.shape[-1]))
    return ops.concatenate([ops.clip(inputs, -most, most), flat], axis=-1)


def ensemble(inputs: Any, members: int, units: tuple[int, ...]) -> Any:
    """Return the logits of small networks that are trained as one, shape (rows, members).

    The members differ by their initial weights only; each learns for itself, and their probabilities are averaged.

    Parameters
    ----------
    inputs
        What all members are given, shape (rows, features).
    members
        How many networks there are.
    units
        The rectified units of each member's layers.
    """
    from keras import layers, ops

    first = layers.Dense(members * units[0], activation="relu", kernel_initializer="he_uniform")
    hidden = ops.reshape(first(inputs), (-1, members, units[0]))
    for inner, outer in pairwise((*units, 1)):
        hidden = layers.EinsumDense(
            "bki,kio->bko",
            (members, outer),
            bias_axes="ko",
            activation="relu" if outer > 1 else None,
            kernel_initializer=uniform(inner, outer, "he"),
        )(hidden)
    return ops.squeeze(hidden, -1)
