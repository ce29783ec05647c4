"""One published version: loaded, verified against its own manifest and sample, ready to answer."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from casebook.errors import CasebookError
from casebook.words import Vocabulary
from serving import spread
from serving.check import Fault, Reader, Refused
from serving.check_pictures import PictureReader
from serving.check_series import SeriesReader
from serving.check_texts import TextReader
from serving.graph import Arrays, Graph, Scores
from serving.predictions import Prediction, Teller, teller
from serving.replay import agree
from serving.signature import Signature, parse
from serving.spread import Reference

NEEDED = ("model.onnx", "signature.json", "metrics.json", "sample_request.json", "sample_response.json")
REFERENCE = "reference.json"  # without it nothing is counted
VOCABULARY = "vocabulary.json"  # needed where the model takes a text
AnyReader = Reader | PictureReader | SeriesReader | TextReader
NO_ANSWER = "the model has no finite answer for these values"


class BrokenBundle(CasebookError):
    """A published version that must not serve; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Predictor:
    """A loaded version; any number of threads may ask it at once.

    `reader` makes arrays of instances, by what the inputs are; `graph` computes; `tell` makes predictions of its
    numbers, by the model's kind.

    `version` is 0 for a folder that no version number names yet, such as one that is being published.
    """

    signature: Signature
    content: Mapping[str, object]
    version: int
    metrics: Mapping[str, object]
    manifest: Mapping[str, object]
    sample: Sequence[Mapping[str, object]]
    reader: AnyReader
    graph: Graph
    tell: Teller
    reference: Reference | None

    def predict(self, instances: Sequence[object]) -> list[Prediction]:
        """Answer rows of raw columns, or pictures, or texts, in their order.

        Raises
        ------
        Refused
            If a row does not fit the signature or has no finite answer.
        """
        return self.run(self.reader.read(instances).feeds)

    def run(self, feeds: Arrays) -> list[Prediction]:
        """Answer arrays as `reader` makes them.

        Raises
        ------
        Refused
            If the graph cannot work with a row, or has no finite answer for it.
        """
        return self.tell(self.compute(feeds))

    def compute(self, feeds: Arrays, until: float = math.inf) -> Scores:
        """Return the numbers that predictions are told from.

        Raises
        ------
        Refused
            If the graph cannot work with a row, or has no finite answer for it.
        TooMuch
            If it is past `until`, a time by `monotonic`, before the end.
        """
        scores = self.graph.run(feeds, until)
        endless = unanswered(scores)
        if endless.size:
            raise Refused(Fault(row, None, NO_ANSWER) for row in endless.tolist())
        return scores


def unanswered(scores: Scores) -> npt.NDArray[np.intp]:
    """Return the rows for which a graph computed something that is no finite number."""
    finite = np.isfinite(scores)
    return np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1)) if not finite.all() else np.empty(0, np.intp)


def load(folder: Path) -> Predictor:
    """Load one version's folder.

    What is run is what was hashed: the graph is read once, verified, and handed over as bytes.

    Raises
    ------
    BrokenBundle
        If a file is missing or differs from the manifest, the signature does not fit the graph, or the stored
        sample is not answered as stored.
    """
    try:
        manifest = _object("manifest.json", (folder / "manifest.json").read_bytes())
        files = _verified(folder, manifest)
        content = _object("signature.json", files["signature.json"])
        sample = _list("sample_request.json", files["sample_request.json"], "instances")
        stored = _list("sample_response.json", files["sample_response.json"], "predictions")
        signature = parse(content)
        predictor = Predictor(
            signature=signature,
            content=content,
            version=int(folder.name) if folder.name.isdecimal() else 0,
            metrics=_object("metrics.json", files["metrics.json"]),
            manifest=manifest,
            sample=sample,
            reader=_reader(signature, files),
            graph=Graph(files["model.onnx"], signature),
            tell=teller(signature),
            reference=spread.parse(_object(REFERENCE, files[REFERENCE])) if REFERENCE in files else None,
        )
        _replay(predictor, stored)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BrokenBundle(f"{folder.name}: {type(error).__name__}: {error}") from error
    return predictor


def _object(name: str, content: bytes) -> dict[str, object]:
    value = json.loads(content)
    if not isinstance(value, dict):
        raise TypeError(f"{name} holds no JSON object")
    return value


def _list(name: str, content: bytes, key: str) -> list[dict[str, object]]:
    rows = _object(name, content)[key]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{name}: {key} must be a list of objects")
    return rows


def _verified(folder: Path, manifest: Mapping[str, object]) -> dict[str, bytes]:
    """Read the files that serving needs and check the hash of every file the manifest names."""
    listed = manifest["files"]
    if not isinstance(listed, dict) or not listed.keys() >= set(NEEDED):
        raise ValueError(f"manifest.json must list at least {', '.join(NEEDED)}")
    files = {}
    for name, facts in listed.items():
        content = (folder / Path(name).name).read_bytes()
        if len(content) != facts["bytes"] or hashlib.sha256(content).hexdigest() != facts["sha256"]:
            raise ValueError(f"{name} differs from what manifest.json says: publish this version again")
        if name in (*NEEDED, VOCABULARY, REFERENCE):
            files[name] = content
    return files


def _reader(signature: Signature, files: Mapping[str, bytes]) -> AnyReader:
    first = signature.inputs[0]
    if signature.series:
        return SeriesReader(signature.inputs)
    if first.shape:
        return PictureReader(first.name, first.shape)
    if first.longest:
        return TextReader(first, Vocabulary.model_validate_json(files[VOCABULARY]))
    return Reader(signature.inputs)


def _replay(predictor: Predictor, stored: Sequence[Mapping[str, object]]) -> None:
    answers = predictor.predict(predictor.sample)
    known = spread.features(predictor.signature, predictor.reader.read(predictor.sample).feeds)
    if predictor.reference and not predictor.reference.features.keys() <= known.keys():
        raise ValueError(f"reference.json has bins for {sorted(predictor.reference.features.keys() - known.keys())}")
    if not agree(answers, stored):
        raise ValueError(f"sample_request.json is answered {answers}, sample_response.json says {stored}")
