"""Small models as graphs, and what each of them must answer."""

import math

import onnx
from onnx import checker, helper

from tests.serving.signatures import DIGITS, STEPS, Row


def probability(row: Row, bias: float) -> float:
    """Return what the fraud graph with `bias` must answer."""
    age = row.get("Age") or 0.0
    total = 0.01 * row["Amount"] + 0.1 * row["Hour"] + 0.02 * age + (row["Sex"] == "female") + bias
    return float(1 / (1 + math.exp(-total)))


def fraud_graph(bias: float) -> bytes:
    """Return a logistic model over two numbers, an optional number and a text."""

    numbers = ("Amount", "Hour", "Age")
    inputs = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 1]) for name in numbers
    ]
    inputs.append(helper.make_tensor_value_info("Sex", onnx.TensorProto.STRING, [None, 1]))
    constants = {"w0": 0.01, "w1": 0.1, "w2": 0.02, "bias": bias, "zero": 0.0}
    nodes = [
        helper.make_node("IsNaN", ["Age"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "Age"], ["age"]),
        helper.make_node(
            "LabelEncoder",
            ["Sex"],
            ["sex"],
            domain="ai.onnx.ml",
            keys_strings=["male", "female"],
            values_floats=[0.0, 1.0],
        ),
        helper.make_node("Mul", ["Amount", "w0"], ["a"]),
        helper.make_node("Mul", ["Hour", "w1"], ["b"]),
        helper.make_node("Mul", ["age", "w2"], ["c"]),
        helper.make_node("Sum", ["a", "b", "c", "sex", "bias"], ["total"]),
        helper.make_node("Sigmoid", ["total"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "fraud",
        inputs,
        [helper.make_tensor_value_info("probability", onnx.TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor(name, onnx.TensorProto.FLOAT, [], [value])
            for name, value in constants.items()
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def mpg_graph(slope: float) -> bytes:
    """Return `slope * Weight`, whose square overflows on purpose for huge weights: w * w / w."""

    nodes = [
        helper.make_node("Mul", ["Weight", "Weight"], ["square"]),
        helper.make_node("Div", ["square", "Weight"], ["same"]),
        helper.make_node("Mul", ["same", "slope"], ["mpg"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mpg",
        [helper.make_tensor_value_info("Weight", onnx.TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("mpg", onnx.TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("slope", onnx.TensorProto.FLOAT, [], [slope])],
    )
    return bytes(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
        ).SerializeToString()
    )


def picture_graph(signature: Row, scale: float) -> bytes:
    """Return the graph of a picture classifier.

    It classifies grey pictures by how near the mean is to each of ten steps of brightness, and
    pictures in colour by the strongest colour.
    """

    (field,), classes = signature["inputs"], len(signature["output"]["labels"])
    grey = field["channels"] == 1
    reduced = helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2], keepdims=0)
    ends = [helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)]
    middle = [helper.make_node("Mul", ["mean", "scale"], ["logits"])]
    if grey:
        middle = [
            helper.make_node("Sub", ["mean", "steps"], ["far"]),
            helper.make_node("Mul", ["far", "far"], ["square"]),
            helper.make_node("Mul", ["square", "scale"], ["logits"]),
        ]
    constants = [
        helper.make_tensor("scale", onnx.TensorProto.FLOAT, [], [-scale if grey else scale])
    ]
    if grey:
        constants.append(helper.make_tensor("steps", onnx.TensorProto.FLOAT, [1, classes], STEPS))
    shape = [None, field["height"], field["width"], field["channels"]]
    graph = helper.make_graph(
        [reduced, *middle, *ends],
        "pictures",
        [helper.make_tensor_value_info("picture", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, [None, classes])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())


def digit(mean: float, scale: float = 0.001) -> Row:
    """Return what the grey classifier must answer for a picture of this mean brightness."""
    return ranking(DIGITS, [-scale * (mean - step) ** 2 for step in STEPS])


def ranking(labels: list[str], logits: list[float]) -> Row:
    """Return the prediction that these logits make."""
    powers = [math.exp(logit - max(logits)) for logit in logits]
    pairs = sorted(zip(labels, powers, strict=True), key=lambda pair: -pair[1])
    top = [{"label": label, "probability": power / sum(powers)} for label, power in pairs[:5]]
    return {**top[0], "top": top}
