"""Nearest: the words whose learned vectors are closest to that of a word or of a sum of words.

Such a sum is king - man + woman.
"""

from collections.abc import Sequence

import keras
import numpy as np

from casebook.store import Ref
from tasks.texts.features import vocabulary_of

NEIGHBOURS = 6


def analogies(
    trained: Ref, questions: Sequence[tuple[str, ...]], layer: str = "words"
) -> tuple[dict[str, str], ...]:
    """Return the nearest neighbours of words in a trained network's embedding, by cosine.

    A question of one word asks for its neighbours; one of three, such as king, man, woman, for
    those of king - man + woman (Mikolov et al. 2013, "Linguistic regularities in continuous space
    word representations"). Questions with a word that the vocabulary lacks are left out.
    """
    network = keras.saving.load_model(trained.path("network.keras"), compile=False, safe_mode=True)
    vectors = network.get_layer(layer).get_weights()[0]
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    index = vocabulary_of(trained).index
    names = {number: word for word, number in index.items()}
    rows = []
    for question in questions:
        if not all(word in index for word in question):
            continue
        numbers = [index[word] for word in question]
        signs = (1, -1, 1)[: len(numbers)]
        target = sum(sign * unit[number] for sign, number in zip(signs, numbers, strict=True))
        nearness = unit @ (target / np.linalg.norm(target))
        nearness[[0, 1, *numbers]] = -1
        nearest = np.argsort(-nearness, kind="stable")[:NEIGHBOURS]
        expression = (
            question[0] if len(question) == 1 else f"{question[0]} - {question[1]} + {question[2]}"
        )
        neighbours = ", ".join(
            f"{names.get(int(number), '?')} ({nearness[number]:.2f})" for number in nearest
        )
        rows.append({"word": expression, "nearest": neighbours})
    return tuple(rows)
