"""Export images: one ONNX graph from raw pixels to probabilities.

What a service needs is written beside it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
from PIL import Image

from casebook import files
from casebook.array_types import Float32Array, UInt8Array
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import results
from tasks.images.train import at_once
from tasks.problem.definition import Problem
from tasks.problem.signature import heading
from tasks.tables.export import ranked
from tasks.tables.network_graph import converted
from tasks.training.onnx_format import TOLERANCE

INPUT = "picture"
COMPARED = 200  # test pictures on which the graph is held to Keras
SAMPLES = 10


@stage
def export_pictures(
    out: Path,
    pictures: Ref,
    trained: Mapping[str, Ref],
    evaluation: Ref,
    raw: Ref,
    problem: Problem,
) -> Facts:
    """Export the champion as `model.onnx` and `model.keras`.

    Also writes its signature, and sample images with answers.

    Raises
    ------
    CasebookError
        The graph's probabilities differ from Keras' by more than 1e-4 on some test picture.
    """
    champion = str(results(evaluation)["champion"])
    network = keras.saving.load_model(
        trained[champion].path("network.keras"), compile=False, safe_mode=True
    )
    inputs = keras.Input(network.input_shape[1:], name=INPUT)
    model = keras.Model(
        inputs, keras.layers.Softmax(dtype="float32")(network(inputs)), name="probabilities"
    )
    model.save(out / "model.keras")
    graph = converted(model, out, INPUT, problem.output)
    test = read_arrays(pictures, "test")["x"][:COMPARED]
    expected = in_keras(model, test)
    gap = float(abs(answers(graph, test, problem.output) - expected).max())
    if not gap <= TOLERANCE:
        raise CasebookError(
            f"The exported graph differs from Keras by {gap:.2g} on test pictures, over "
            f"{TOLERANCE:g}."
        )
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    files.write_json(out / "signature.json", signature(network.input_shape[1:], problem, raw))
    chosen = test[:SAMPLES]
    instances = [{INPUT: {"b64": encoded(picture)}} for picture in chosen]
    files.write_json(out / "sample_request.json", {"instances": instances})
    files.write_json(
        out / "sample_response.json",
        {"predictions": [ranked(p, problem) for p in expected[:SAMPLES]]},
    )
    size = int(network.count_params())
    return {
        "dataset": raw.facts["dataset"],
        "champion": champion,
        "parameters": size,
        "inputs": 1,
        "gap": gap,
    }


def signature(shape: tuple[int, int, int], problem: Problem, raw: Ref) -> dict[str, Any]:
    """Describe the image that the model takes, and its output.

    The service converts the images it receives to that format.
    """
    height, width, channels = shape
    picture = {
        "name": INPUT,
        "dtype": "picture",
        "unit": None,
        "optional": False,
        "height": height,
        "width": width,
    }
    picture |= {"channels": channels, "description": "of what is to be recognized"}
    output = {
        "name": problem.output,
        "unit": None,
        "description": "probability of each class",
        "labels": list(problem.labels),
    }
    return {
        **heading(raw, problem),
        "inputs": [picture],
        "output": output,
    }


def encoded(picture: UInt8Array) -> str:
    """Return a picture as PNG in base64."""
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def in_keras(model: keras.Model, pictures: UInt8Array) -> Float32Array:
    """Return Keras' probabilities, shape (pictures, classes)."""
    size = at_once(pictures)
    blocks = (pictures[i : i + size].astype("float32") for i in range(0, len(pictures), size))
    return np.concatenate([np.asarray(model(block), "float32") for block in blocks])


def answers(graph: onnx.ModelProto, pictures: UInt8Array, output: str) -> Float32Array:
    """Return the graph's probabilities, shape (pictures, classes)."""
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    size = at_once(pictures)
    blocks = (pictures[i : i + size].astype("float32") for i in range(0, len(pictures), size))
    return np.concatenate([session.run([output], {INPUT: block})[0] for block in blocks])
