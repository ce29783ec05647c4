"""Score graph: a fitted model, or a blend of some, as an ONNX graph from features to scores.

Scores are logits (of each class, where there are several), or values in the target's unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import onnx
import skl2onnx
from onnx import compose, helper, numpy_helper
from skl2onnx import common, operator_converters
from sklearn import ensemble, gaussian_process

from casebook.array_types import Float64Array
from tasks.problem.definition import Problem
from tasks.training.onnx_format import IR_VERSION, OPSETS, in_our_format, opsets

FEATURES, SCORE = "features", "score"
# A forest's share of votes may be 0 or 1, which has no logit; and 32 bits hold 1 - p of smaller
# ones too coarsely. This much of the probability is spread over all classes.
SPREAD = 1e-3


def smoothed(probability: Float64Array, classes: int) -> Float64Array:
    """Return probabilities of which none is 0; their order stays.

    Examples
    --------
    >>> smoothed(np.array([[0.0, 1.0]]), 2).round(6).tolist()
    [[0.0005, 0.9995]]
    """
    return (1 - SPREAD) * probability + SPREAD / classes


def score_graph(model: Any, width: int, problem: Problem, *, log_target: bool) -> onnx.ModelProto:
    """Return a fitted model's graph; its input is `features`, its output `score`."""
    if isinstance(model, gaussian_process.GaussianProcessRegressor):
        graph, last = _gaussian(model, width), "value"
    else:
        graph, last = _converted(model, width, problem)
    nodes = _logits(model, problem, last) if problem.classes else _value(last, log=log_target)
    graph.graph.node.extend(nodes)
    del graph.graph.output[:]
    shape = [None, len(problem.labels) if problem.problem_type == "multiclass" else 1]
    graph.graph.output.append(helper.make_tensor_value_info(SCORE, onnx.TensorProto.FLOAT, shape))
    return in_our_format(graph)


def weighted(
    graphs: Mapping[str, onnx.ModelProto], weights: Mapping[str, float]
) -> onnx.ModelProto:
    """Return one graph whose score is the weighted sum of the scores of several."""
    names = list(graphs)
    parts = [compose.add_prefix(graphs[name], f"{name}/", rename_inputs=False) for name in names]
    whole = parts[0]
    for part in parts[1:]:
        whole.graph.node.extend(part.graph.node)
        whole.graph.initializer.extend(part.graph.initializer)
    nodes = []
    for name in names:
        whole.graph.initializer.append(_constant(f"{name}/weight", weights[name]))
        nodes.append(
            helper.make_node("Mul", [f"{name}/{SCORE}", f"{name}/weight"], [f"{name}/weighted"])
        )
    nodes.append(helper.make_node("Sum", [f"{name}/weighted" for name in names], [SCORE]))
    whole.graph.node.extend(nodes)
    whole.graph.output[0].name = SCORE
    return in_our_format(whole)


def calibrated(
    graph: onnx.ModelProto, problem: Problem, slope: float, shift: float
) -> onnx.ModelProto:
    """Return a score graph with its logits turned into calibrated probabilities, `answer`."""
    graph.graph.initializer.extend([_constant("slope", slope), _constant("shift", shift)])
    last = {"binary": "Sigmoid", "multiclass": "Softmax"}.get(problem.problem_type, "Identity")
    graph.graph.node.extend(
        [
            helper.make_node("Mul", [SCORE, "slope"], ["sloped"]),
            helper.make_node("Add", ["sloped", "shift"], ["shifted"]),
            helper.make_node(last, ["shifted"], ["answer"]),
        ]
    )
    graph.graph.output[0].name = "answer"
    return in_our_format(graph)


def _converted(model: Any, width: int, problem: Problem) -> tuple[onnx.ModelProto, str]:
    """Return skl2onnx's graph of a model, and its output of numbers."""
    boosted = (ensemble.HistGradientBoostingClassifier, ensemble.HistGradientBoostingRegressor)
    if isinstance(model, boosted):
        model = with_float_thresholds(model)
    options: dict[str, Any] = {}
    if problem.classes:
        options = {"zipmap": False, "raw_scores": hasattr(model, "decision_function")}
    graph = skl2onnx.convert_sklearn(
        model,
        initial_types=[(FEATURES, skl2onnx.common.data_types.FloatTensorType([None, width]))],
        target_opset=dict(OPSETS),
        options={id(model): options} if options else None,
        custom_conversion_functions={
            ensemble.HistGradientBoostingClassifier: _boosted,
            ensemble.HistGradientBoostingRegressor: _boosted_number,
        },
        custom_shape_calculators={
            ensemble.HistGradientBoostingClassifier: (
                common.shape_calculator.calculate_linear_classifier_output_shapes
            ),
            ensemble.HistGradientBoostingRegressor: (
                common.shape_calculator.calculate_linear_regressor_output_shapes
            ),
        },
    )
    return graph, graph.graph.output[-1].name


def with_float_thresholds(model: Any) -> Any:
    """Return boosted trees that divide numbers of 32 bits as they do, by thresholds of 32 bits.

    A threshold is rounded down: rounded up, it might be a number that is to go the other way.
    """
    copied = deepcopy(model)
    for trees in copied._predictors:
        for tree in trees:
            tree.nodes["num_threshold"] = rounded_down(tree.nodes["num_threshold"])
    return copied


def rounded_down(numbers: Float64Array) -> Float64Array:
    """Return the greatest numbers of 32 bits that are no greater.

    Examples
    --------
    >>> bool(rounded_down(np.array([0.1]))[0] <= 0.1 < float(np.float32(0.1)))
    True
    """
    nearest = numbers.astype("float32")
    lower = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > numbers, lower, nearest).astype("float64")


class _Whole:
    """A container of nodes that takes truth values where ONNX wants whole numbers."""

    def __init__(self, container: Any) -> None:
        self.container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self.container, name)

    def add_node(self, kind: str, inputs: Any, outputs: Any, **attributes: Any) -> None:
        """Add a node."""
        whole = {name: _as_whole(value) for name, value in attributes.items()}
        self.container.add_node(kind, inputs, outputs, **whole)


def _as_whole(value: Any) -> Any:
    if isinstance(value, list) and any(isinstance(one, bool | np.bool_) for one in value):
        return [int(one) for one in value]
    return value


def _boosted(scope: Any, operator: Any, container: Any) -> None:
    """Convert boosted trees as skl2onnx does, which hands on truth values that protobuf refuses."""
    convert = operator_converters.random_forest.convert_sklearn_random_forest_classifier
    convert(scope, operator, _Whole(container))


def _boosted_number(scope: Any, operator: Any, container: Any) -> None:
    """Convert boosted trees of a regression, as `_boosted` does."""
    convert = operator_converters.random_forest.convert_sklearn_random_forest_regressor_converter
    convert(scope, operator, _Whole(container))


def _value(last: str, *, log: bool) -> list[onnx.NodeProto]:
    return [helper.make_node("Exp" if log else "Identity", [last], [SCORE])]


def _logits(model: Any, problem: Problem, last: str) -> list[onnx.NodeProto]:
    """Return nodes from what skl2onnx's graph gives to logits."""
    binary = problem.problem_type == "binary"
    second = helper.make_node("Split", [last], ["first", "second"], axis=1, num_outputs=2)
    if hasattr(model, "decision_function"):
        if binary:
            return [second, helper.make_node("Identity", ["second"], [SCORE])]
        return [helper.make_node("Identity", [last], [SCORE])]
    classes = len(problem.labels)
    kept, spread = ("kept", 1 - SPREAD), ("spread", SPREAD / classes)
    nodes = [
        helper.make_node("Constant", [], [name], value=_constant(name, value))
        for name, value in (kept, spread)
    ]
    nodes += [
        helper.make_node("Mul", [last, "kept"], ["most_of_it"]),
        helper.make_node("Add", ["most_of_it", "spread"], ["smoothed"]),
        helper.make_node("Log", ["smoothed"], ["logs"]),
    ]
    if not binary:
        return [*nodes, helper.make_node("Identity", ["logs"], [SCORE])]
    second.input[:] = ["logs"]
    return [*nodes, second, helper.make_node("Sub", ["second", "first"], [SCORE])]


def _gaussian(model: Any, width: int) -> onnx.ModelProto:
    """Return the mean of a Gaussian process with the kernel of `gaussian`, in 64 bits.

    It is the sum over the training rows t of s · (1 + d) · exp(-d) · a, where d is √3 |x - t| in
    units of each feature's length, and |x - t|² = |x|² + |t|² - 2 x · t (Rasmussen and Williams
    2006, equations 2.25 and 4.17).
    """
    signal = model.kernel_.k1
    lengths = np.broadcast_to(signal.k2.length_scale, width)
    rows = model.X_train_ / lengths
    values = {
        "lengths": lengths,
        "rows": rows.T,
        "squares": np.square(rows).sum(axis=1)[None],
        "minus_two": np.array(-2.0),
        "zero": np.array(0.0),
        "three": np.array(3.0),
        "one": np.array(1.0),
        "weights": signal.k1.constant_value * model.alpha_[:, None] * model._y_train_std,
        "mean": np.array(model._y_train_mean),
    }
    nodes = [
        helper.make_node("Cast", [FEATURES], ["wide"], to=onnx.TensorProto.DOUBLE),
        helper.make_node("Div", ["wide", "lengths"], ["scaled"]),
        helper.make_node("ReduceSumSquare", ["scaled", "axis"], ["square"], keepdims=1),
        helper.make_node("MatMul", ["scaled", "rows"], ["product"]),
        helper.make_node("Mul", ["product", "minus_two"], ["twice"]),
        helper.make_node("Add", ["twice", "squares"], ["partial"]),
        helper.make_node("Add", ["partial", "square"], ["rounded"]),
        helper.make_node("Max", ["rounded", "zero"], ["positive"]),
        helper.make_node("Mul", ["positive", "three"], ["tripled"]),
        helper.make_node("Sqrt", ["tripled"], ["distance"]),
        helper.make_node("Neg", ["distance"], ["exponent"]),
        helper.make_node("Exp", ["exponent"], ["decay"]),
        helper.make_node("Add", ["distance", "one"], ["rise"]),
        helper.make_node("Mul", ["rise", "decay"], ["likeness"]),
        helper.make_node("MatMul", ["likeness", "weights"], ["centred"]),
        helper.make_node("Add", ["centred", "mean"], ["value_wide"]),
        helper.make_node("Cast", ["value_wide"], ["value"], to=onnx.TensorProto.FLOAT),
    ]
    constants = [
        numpy_helper.from_array(np.asarray(value, "float64"), name)
        for name, value in values.items()
    ]
    constants.append(numpy_helper.from_array(np.array([1], "int64"), "axis"))
    ends = [
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, size])]
        for name, size in ((FEATURES, width), ("value", 1))
    ]
    return helper.make_model(
        helper.make_graph(nodes, "gaussian_process", ends[0], ends[1], constants),
        opset_imports=opsets(),
        ir_version=IR_VERSION,
    )


def _constant(name: str, value: float) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(value, "float32"), name)
