"""One published version: loaded, verified against its own manifest and sample, ready to answer."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy import typing as npt
from pydantic import BaseModel, FiniteFloat

from casebook.errors import CasebookError
from casebook.words import Vocabulary
from serving import distribution
from serving.check import Fault, Reader, Refused
from serving.check_pictures import PictureReader
from serving.check_series import SeriesReader
from serving.check_texts import TextReader
from serving.distribution import Reference
from serving.graph import Arrays, Graph, Scores
from serving.predictions import Prediction, Teller, teller
from serving.signature import Signature, parse
from serving.verify_sample import verify_sample
from serving.version_files import Manifest, parse_object, parse_record, read_manifest, read_verified

NEEDED = (
    "model.onnx",
    "signature.json",
    "metrics.json",
    "sample_request.json",
    "sample_response.json",
)
REFERENCE = "reference.json"  # without it nothing is counted
TRUTH = "sample_truth.json"  # what is true of the sample's rows; without it the page names none
VOCABULARY = "vocabulary.json"  # needed where the model takes a text
AnyReader = Reader | PictureReader | SeriesReader | TextReader
KEPT = (*NEEDED, REFERENCE, TRUTH, VOCABULARY)
# seconds that a graph has for its sample: one that loops for ever must not keep others from serving
PATIENCE = 60.0
LONGEST_REASON = 1000  # characters
NO_ANSWER = "the model has no finite answer for these values"


class BrokenBundle(CasebookError):
    """A published version that must not serve.

    The message names the file and what is wrong with it.
    """


class OutOfMemory(BrokenBundle):
    """There was no memory to load a version, which may be sound."""


class Score(BaseModel):
    """The primary metric's value, and the interval around it where there is one."""

    value: FiniteFloat
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None


@dataclass(frozen=True)
class Predictor:
    """A loaded version; any number of threads may use it at once.

    `reader` makes arrays of instances, by what the inputs are; `graph` computes; `tell` makes
    predictions of its numbers, by the model's kind.

    `version` is 0 for a folder that no version number names yet, such as one that is being
    published.
    """

    signature: Signature
    content: Mapping[str, object]
    version: int
    metrics: Mapping[str, object]
    manifest: Mapping[str, object]
    primary_metric: str | None
    score: Score | None
    sample: Sequence[Mapping[str, object]]
    truth: Sequence[object]
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
    return (
        np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1))
        if not finite.all()
        else np.empty(0, np.intp)
    )


def load(folder: Path) -> Predictor:
    """Load one version's folder.

    What is run is what was hashed: the graph is read once, verified, and handed over as bytes.

    Raises
    ------
    BrokenBundle
        If a file is missing, odd or differs from the manifest, the signature does not fit the
        graph, or the stored sample is not answered as stored.
    """
    try:
        return _loaded(folder)
    except ImportError:  # no version's fault
        raise
    except Exception as error:  # whatever a version holds, it is refused alone
        foreseen = CasebookError | LookupError | MemoryError | OSError | TypeError | ValueError
        if not isinstance(error, foreseen):
            logging.getLogger(__name__).exception(
                "%s version %s fails in a way of its own", *folder.parts[-2:]
            )
        reason = str(error).encode(errors="replace").decode()
        reason = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]} …"
        kind = OutOfMemory if isinstance(error, MemoryError) else BrokenBundle
        raise kind(f"{folder.name}: {type(error).__name__}: {reason}") from error


def _loaded(folder: Path) -> Predictor:
    raw_manifest = read_manifest(folder)
    manifest = parse_record("manifest.json", raw_manifest, Manifest)
    if not manifest.files.keys() >= set(NEEDED):
        raise ValueError(f"manifest.json must list at least {', '.join(NEEDED)}")
    files = read_verified(folder, manifest, KEPT)
    content = parse_object("signature.json", files["signature.json"])
    metrics = parse_object("metrics.json", files["metrics.json"])
    sample = _list("sample_request.json", files["sample_request.json"], "instances")
    signature = parse(content)
    predictor = Predictor(
        signature=signature,
        content=content,
        version=int(folder.name) if folder.name.isdecimal() else 0,
        metrics=metrics,
        manifest=raw_manifest,
        primary_metric=manifest.primary_metric,
        score=_score(metrics, manifest.primary_metric),
        sample=sample,
        truth=_truth(files, len(sample)),
        reader=_reader(signature, files),
        graph=Graph(files["model.onnx"], signature),
        tell=teller(signature),
        reference=distribution.parse(parse_object(REFERENCE, files[REFERENCE]))
        if REFERENCE in files
        else None,
    )
    _verify(predictor, _list("sample_response.json", files["sample_response.json"], "predictions"))
    return predictor


def _truth(files: Mapping[str, bytes], rows: int) -> list[object]:
    """Return what is true of each row of the sample: a label or a number, or nothing at all."""
    if TRUTH not in files:
        return []
    truth = parse_object(TRUTH, files[TRUTH]).get("truth")
    if not isinstance(truth, list) or len(truth) != rows:
        raise ValueError(f"{TRUTH}: truth must be a list of {rows}, as the sample has rows")
    if not all(_label_or_number(value) for value in truth):
        raise ValueError(f"{TRUTH}: truth must hold short labels or numbers")
    return truth


def _label_or_number(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_REASON
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list(name: str, content: bytes, key: str) -> list[dict[str, object]]:
    rows = parse_object(name, content).get(key)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{name}: {key} must be a list of objects")
    return rows


def _score(metrics: Mapping[str, object], primary_metric: str | None) -> Score | None:
    """Return the champion's value of the primary metric, where the metrics tell it."""
    value: object = metrics
    for key in ("candidates", metrics.get("champion"), primary_metric):
        if not isinstance(value, Mapping) or not isinstance(key, str):
            return None
        value = value.get(key)
    return None if value is None else parse_record("metrics.json", value, Score)


def _reader(signature: Signature, files: Mapping[str, bytes]) -> AnyReader:
    first = signature.inputs[0]
    if signature.series:
        return SeriesReader(signature.inputs)
    if first.shape:
        return PictureReader(first.name, first.shape)
    if first.longest:
        if VOCABULARY not in files:
            raise ValueError(
                f"a model that takes a text needs {VOCABULARY}, which manifest.json does not list"
            )
        return TextReader(
            first, parse_record(VOCABULARY, parse_object(VOCABULARY, files[VOCABULARY]), Vocabulary)
        )
    return Reader(signature.inputs)


def _verify(predictor: Predictor, expected: Sequence[Mapping[str, object]]) -> None:
    """Answer the sample and count it, as requests will be."""
    feeds = predictor.reader.read(predictor.sample).feeds
    with predictor.graph.limited(PATIENCE):
        scores = predictor.compute(feeds)
    predictions = predictor.tell(scores)
    if len(predictions) != len(predictor.sample) or not verify_sample(predictions, expected):
        raise ValueError(
            f"sample_request.json is answered {predictions}, sample_response.json says {expected}"
        )
    if predictor.reference:
        _count(predictor.reference, distribution.features(predictor.signature, feeds))
        predictor.reference.score.count(distribution.score(predictor.signature, scores))


def _count(reference: Reference, values: Mapping[str, distribution.Values]) -> None:
    if not reference.features.keys() <= values.keys():
        raise ValueError(
            f"reference.json has bins for {sorted(reference.features.keys() - values.keys())}"
        )
    for name, bins in reference.features.items():
        bins.count(values[name])
