"""Export: one ONNX graph from the raw columns to the calibrated probability, and what a service needs beside it."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook import files
from casebook.catalog import DataSet, data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, read_table
from tasks.evaluate import results
from tasks.features import IR_VERSION, ML_OPSET, OPSET, TOLERANCE, feeds

if TYPE_CHECKING:
    import keras
    import onnx
    import pandas as pd

SAMPLE_ROWS = 10
OUTPUT = "probability"


@stage
def export(
    out: Path, parts: Ref, features: Ref, trained: Mapping[str, Ref], evaluation: Ref, raw: Ref, labels: tuple[str, str]
) -> Facts:
    """Export the champion: calibrated network and encoding in one graph, its signature, and sample rows with answers.

    Parameters
    ----------
    parts, features, trained, evaluation, raw
        References of the first fold's stages; `trained` has every candidate, of which the champion is taken.
    labels
        The names of the classes 0 and 1.

    Writes `model.onnx` (raw columns in), `model.keras` (encoded features in), `signature.json`, `sample_request.json`
    and `sample_response.json`.

    Raises
    ------
    CasebookError
        The graph's answers differ from Keras' by more than 1e-4 on the sample rows or the test part.
    """
    import keras

    result = results(evaluation)
    champion = str(result["champion"])
    calibration = result["calibration"][champion]
    network = keras.saving.load_model(trained[champion].path("network.keras"), compile=False, safe_mode=True)
    model = calibrated(network, calibration["slope"], calibration["shift"])
    model.save(out / "model.keras")
    graph = joined(features.path("features.onnx"), model, out)
    test = read_table(parts, "test")
    columns = [name for name in test.columns if name in feeds_of(graph)]
    encoded = read_arrays(features, "test")["x"]
    _agree(graph, test[columns], model, encoded)
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    entry = data_set(str(raw.facts["dataset"]))
    files.write_json(
        out / "signature.json", signature(read_table(parts, "train")[columns], entry, calibration, labels, raw)
    )
    _samples(out, test[columns], model, encoded, calibration["threshold"], labels)
    return {
        "dataset": raw.facts["dataset"],
        "champion": champion,
        "parameters": int(network.count_params()),
        "inputs": len(columns),
    }


def calibrated(network: "keras.Model", slope: float, shift: float) -> "keras.Model":
    """Return the network with its members pooled and Platt's calibration behind it: features in, probability out."""
    import keras
    import numpy as np
    from keras import ops

    inputs = keras.Input(network.input_shape[1:], name="features")
    logits = network(inputs)
    if network.output_shape[-1] > 1:  # see tasks.train.pooled
        one = ops.logsumexp(ops.log_sigmoid(logits), axis=1, keepdims=True)
        logits = one - ops.logsumexp(ops.log_sigmoid(-logits), axis=1, keepdims=True)
    calibration = keras.layers.Dense(1, activation="sigmoid", name=OUTPUT)
    model = keras.Model(inputs, calibration(logits), name="calibrated")
    calibration.set_weights([np.array([[slope]], "float32"), np.array([shift], "float32")])
    return model


def joined(features: Path, model: "keras.Model", out: Path) -> "onnx.ModelProto":
    """Return the encoding's graph and the network's as one, with the single output `probability`."""
    import numpy as np
    import onnx
    from onnx import compose, helper

    model(np.zeros((1, *model.input_shape[1:]), "float32"))  # an export wants a model that was called
    partial = out / "network.onnx"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module="keras")  # its converter asks for np.object
        model.export(partial, format="onnx", verbose=False, opset_version=OPSET)
    network = compose.add_prefix(onnx.load(partial), "network/")
    partial.unlink()
    encoding = onnx.load(features)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    for part in (network, encoding):  # the two converters declare different ones, though no node differs
        part.ir_version = IR_VERSION
        del part.opset_import[:]
        part.opset_import.extend(opsets)
    whole = compose.merge_models(
        encoding, network, io_map=[(encoding.graph.output[0].name, network.graph.input[0].name)]
    )
    last = whole.graph.output[0]
    whole.graph.node.append(helper.make_node("Identity", [last.name], [OUTPUT]))
    whole.graph.output[0].CopyFrom(helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [None, 1]))
    onnx.checker.check_model(whole)
    return whole


def feeds_of(graph: "onnx.ModelProto") -> set[str]:
    """Return the names of a graph's inputs."""
    return {entry.name for entry in graph.graph.input}


def answers(graph: "onnx.ModelProto", raw: "pd.DataFrame") -> Any:
    """Return the graph's probability for each raw row, shape (rows,)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run([OUTPUT], feeds(raw))[0][:, 0]


def _agree(graph: "onnx.ModelProto", raw: "pd.DataFrame", model: "keras.Model", encoded: Any) -> None:
    import numpy as np

    gap = float(np.max(np.abs(answers(graph, raw) - np.asarray(model(encoded))[:, 0])))
    if not gap <= TOLERANCE:
        raise CasebookError(f"The exported graph differs from Keras by {gap:.2g} on the test part, over {TOLERANCE:g}.")


def signature(
    train: "pd.DataFrame", entry: DataSet, calibration: Mapping[str, float], labels: tuple[str, str], raw: Ref
) -> dict[str, Any]:
    """Describe inputs (type, unit, range or values seen in training) and output for people and for the service."""
    return {
        "kind": "binary",
        "case": raw.case,
        "trained_on": raw.facts["kind"],
        "inputs": [_input(train[name], entry) for name in train.columns],
        "output": {
            "name": OUTPUT,
            "description": f"probability of {labels[1]}",
            "threshold": calibration["threshold"],
            "labels": list(labels),
        },
    }


def _input(values: "pd.Series", entry: DataSet) -> dict[str, Any]:
    column = entry.columns[str(values.name)]
    about = {"name": values.name, "dtype": column.type, "unit": column.unit, "description": column.description}
    if column.type == "string":
        return {**about, "allowed": sorted(values.dropna().unique())}
    return {**about, "minimum": float(values.min()), "maximum": float(values.max())}


def _samples(
    out: Path, raw: "pd.DataFrame", model: "keras.Model", encoded: Any, limit: float, labels: tuple[str, str]
) -> None:
    """Write rows of the test part, some of each answer, with what Keras says of them."""
    import numpy as np

    probability = np.asarray(model(encoded))[:, 0]
    order = np.argsort(-probability, kind="stable")
    rows = [*order[: SAMPLE_ROWS // 2], *order[-(SAMPLE_ROWS - SAMPLE_ROWS // 2) :]]
    instances = [raw.iloc[row].to_dict() for row in rows]
    told = [{OUTPUT: float(probability[row]), "label": labels[int(probability[row] >= limit)]} for row in rows]
    files.write_json(out / "sample_request.json", {"instances": instances})
    files.write_json(out / "sample_response.json", {"predictions": told})
