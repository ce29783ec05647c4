"""One published version: loaded, verified against its own manifest and sample, ready to answer."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from casebook.errors import CasebookError
from serving.check import Fault, Reader, Refused
from serving.signature import Signature, parse

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

NEEDED = ("model.onnx", "signature.json", "metrics.json", "sample_request.json", "sample_response.json")
TOLERANCE = 1e-4


class BrokenBundle(CasebookError):
    """A published version that must not serve; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Predictor:
    """A loaded version; any number of threads may ask it at once.

    `version` is 0 for a folder that no version number names yet, such as one that is being published.
    """

    signature: Signature
    content: Mapping[str, object]
    version: int
    metrics: Mapping[str, object]
    manifest: Mapping[str, object]
    sample: Sequence[Mapping[str, object]]
    reader: Reader
    session: "InferenceSession"

    def predict(self, instances: Sequence[object]) -> list[dict[str, object]]:
        """Answer rows of raw columns, in their order, in one run of the graph.

        Raises
        ------
        Refused
            If a row does not fit the signature or has no finite answer.
        """
        return self.run(self.reader.read(instances).feeds)

    def run(self, feeds: Mapping[str, npt.NDArray[np.generic]]) -> list[dict[str, object]]:
        """Answer arrays of shape (rows, 1) as `Reader.read` makes them."""
        from onnxruntime.capi.onnxruntime_pybind11_state import (
            Fail,
            InvalidArgument,
            RuntimeException,
        )

        try:
            answers = self.session.run([self.signature.output.name], feeds)[0].reshape(-1)
        except (Fail, InvalidArgument, RuntimeException) as error:
            raise Refused(iter([Fault(None, None, f"the model cannot work with these values: {error}")])) from error
        finite = np.isfinite(answers)
        if not finite.all():
            rows = np.flatnonzero(~finite).tolist()
            raise Refused(Fault(row, None, "the model has no finite answer for these values") for row in rows)
        return [self._answer(value) for value in answers.tolist()]

    def _answer(self, value: float) -> dict[str, object]:
        output = self.signature.output
        if output.threshold is None or not output.labels:
            return {output.name: value}
        return {output.name: value, "label": output.labels[int(value >= output.threshold)]}


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
            reader=Reader(signature.inputs),
            session=_session(files["model.onnx"], signature),
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
        if name in NEEDED:
            files[name] = content
    return files


def _session(graph: bytes, signature: Signature) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # requests are the parallelism
    options.log_severity_level = 4  # what it has to say arrives as an exception
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class
        raise ValueError(f"model.onnx does not load: {error}") from error
    wanted = {f.name: "tensor(string)" if f.dtype == "string" else "tensor(float)" for f in signature.inputs}
    found = {each.name: each.type for each in session.get_inputs()}
    if wanted != found:
        raise ValueError(f"model.onnx takes {found}, signature.json says {wanted}")
    if signature.output.name not in [each.name for each in session.get_outputs()]:
        raise ValueError(f"model.onnx has no output {signature.output.name}")
    return session


def _replay(predictor: Predictor, stored: Sequence[Mapping[str, object]]) -> None:
    answers = predictor.predict(predictor.sample)
    if len(stored) != len(answers) or not all(map(_agree, answers, stored)):
        raise ValueError(f"sample_request.json is answered {answers}, sample_response.json says {stored}")


def _agree(answer: Mapping[str, object], stored: Mapping[str, object]) -> bool:
    return answer.keys() == stored.keys() and all(_close(answer[key], stored[key]) for key in answer)


def _close(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == other
