"""Describe: how a model's inputs were spread in training and its answers on the test part, to tell drift by."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook import places
from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.aim import Aim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from serving.bundle import Predictor
    from serving.graph import Arrays
    from serving.spread import Bins, Values

    Floats = NDArray[np.float64]

BINS = 10
FEW = 20  # values that have a bin each


def describe(folder: Path, parts: Ref, answers: "Floats", aim: Aim) -> dict[str, Any]:
    """Return the bins that the service counts in, with how training's inputs and the test part's answers fill them.

    Parameters
    ----------
    folder
        A version's files.
    parts
        The split that it was made from.
    answers
        The graph's to the split's test part.
    aim
        What is predicted.
    """
    from serving import spread
    from serving.signature import parse

    signature = parse(json.loads((folder / "signature.json").read_text(encoding="utf-8")))
    values = spread.features(signature, inputs(folder, parts, aim))
    return {
        "rows": len(next(iter(values.values()))),
        "features": {name: told(each) for name, each in values.items()},
        "score": told(spread.score(signature, answers)),
    }


def described(predictor: "Predictor") -> dict[str, Any]:
    """Return what a published version says of the spread of its training.

    Raises
    ------
    CasebookError
        It was published without that.
    """
    case, version = predictor.signature.case, predictor.version
    path = places.models(case) / str(version) / "reference.json"
    if not path.is_file():
        raise CasebookError(f"{case} version {version} was published without {path.name}. Run the case again.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def inputs(folder: Path, parts: Ref, aim: Aim) -> "Arrays":
    """Return the training part as the service's readers would make it, or the test part if trained elsewhere."""
    import onnx

    from casebook.words import numbered, padded
    from serving.graph import TOKENS
    from tasks import encode, export
    from tasks.features import feeds, read_raw

    if aim.takes == "picture":
        name = "train" if parts.path("train.npz").is_file() else "test"
        return {"picture": read_arrays(parts, name)["x"]}
    if aim.takes == "series":
        return read_arrays(parts, "train")
    train = read_raw(parts, "train")
    if aim.takes == "text":
        texts = encode.plain(train[aim.asked])
        return {TOKENS: padded(numbered(texts, encode.vocabulary_in(folder)))}
    taken = export.feeds_of(onnx.load(folder / "model.onnx"))
    return feeds(train[[name for name in train.columns if name in taken]])


def told(values: "Values") -> dict[str, Any]:
    """Return a quantity's bins and how many values each has."""
    bins = chosen(values)
    ends: dict[str, Any] = {"texts": list(bins.texts)} if bins.texts else {"edges": list(bins.edges)}
    return ends | {"counts": bins.count(values).tolist()}


def chosen(values: "Values") -> "Bins":
    """Return bins that hold about as many values each, or one for each value where there are few."""
    import numpy as np

    from serving.spread import Bins

    if values.dtype == object:
        found, counts = np.unique(values.astype(str), return_counts=True)
        frequent = found[np.argsort(-counts, kind="stable")][: 5 * FEW]
        return Bins(texts=tuple(text for text in frequent.tolist() if text))
    numbers = values.astype(np.float64)
    numbers = numbers[~np.isnan(numbers)]
    distinct = np.unique(numbers)
    if len(distinct) <= FEW:
        return Bins(edges=tuple(distinct[:-1].tolist()))
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    return Bins(edges=tuple(np.unique(np.quantile(numbers, inner)).tolist()))
