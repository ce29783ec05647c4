"""Converters: a fitted scikit-learn step as an ONNX graph.

skl2onnx converts it, or our own converter where skl2onnx falls short. Ours are for SimpleImputer on
numbers (skl2onnx supports neither 64 bits nor the indicator of missing values) and for
PowerTransformer (its form in skl2onnx overflows where numbers are large), and for TargetEncoder
(skl2onnx rounds to 32 bits before a scaler, and knows no several classes); KBinsDiscretizer and
OneHotEncoder give dense columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import onnx
import skl2onnx
import sklearn
from skl2onnx import operator_converters
from sklearn import preprocessing


def convert_step(
    step: Any, texts: Sequence[bool], precision: str, opsets: Mapping[str, int]
) -> onnx.ModelProto:
    """Return the graph of a fitted step.

    Its input is all columns side by side, or one input per column where their types differ.

    Parameters
    ----------
    step
        The fitted transformer or pipeline, or `passthrough`.
    texts
        Whether each of its columns is one of texts.
    precision
        Of numbers: `FLOAT` or `DOUBLE`.
    opsets
        The version of each domain's operators.
    """
    tensor = {
        "FLOAT": skl2onnx.common.data_types.FloatTensorType,
        "DOUBLE": skl2onnx.common.data_types.DoubleTensorType,
    }[precision]
    kinds = [skl2onnx.common.data_types.StringTensorType if text else tensor for text in texts]
    types = [(f"column{place}", kind([None, 1])) for place, kind in enumerate(kinds)]
    if len(set(kinds)) == 1:
        types = [("columns", kinds[0]([None, len(kinds)]))]
    graph: onnx.ModelProto = skl2onnx.convert_sklearn(
        preprocessing.FunctionTransformer() if isinstance(step, str) else dense(step),
        initial_types=types,
        target_opset=dict(opsets),
        custom_conversion_functions={
            sklearn.impute.SimpleImputer: impute,
            preprocessing.PowerTransformer: power,
            preprocessing.TargetEncoder: target_means,
        },
        custom_shape_calculators={
            sklearn.impute.SimpleImputer: imputed_shape,
            preprocessing.PowerTransformer: same_shape,
            preprocessing.TargetEncoder: means_shape,
            preprocessing.StandardScaler: same_shape,  # else its answer is taken for 32 bits
        },
    )
    return graph


def dense(step: Any) -> Any:
    """Return a copy of a fitted step that makes no sparse matrices: ONNX has none."""
    copied = deepcopy(step)
    for part in parts_of(copied):
        if isinstance(part, preprocessing.KBinsDiscretizer) and part.encode == "onehot":
            part.encode = "onehot-dense"
    return copied


def parts_of(step: Any) -> list[Any]:
    """Return a transformer and all that it is made of."""
    named = getattr(step, "named_steps", {}).values()
    listed = [transformer for _, transformer in getattr(step, "transformer_list", [])]
    columns = [transformer for _, transformer, _ in getattr(step, "transformers_", [])]
    inner = [part for transformer in (*named, *listed, *columns) for part in parts_of(transformer)]
    return [step, *inner]


def same_shape(operator: Any) -> None:
    """Tell that an operator gives as many features as it takes."""
    kind = type(operator.inputs[0].type)
    operator.outputs[0].type = kind([None, operator.raw_operator.n_features_in_])


def imputed_shape(operator: Any) -> None:
    """Tell that an imputer gives a feature more for each column whose gaps it indicates."""
    imputer = operator.raw_operator
    flags = len(imputer.indicator_.features_) if imputer.add_indicator else 0
    kind = type(operator.inputs[0].type)
    operator.outputs[0].type = kind([None, imputer.n_features_in_ + flags])


class Nodes:
    """Adds nodes to a graph that skl2onnx makes, in the precision of an operator's input."""

    def __init__(self, scope: Any, operator: Any, container: Any) -> None:

        self.scope, self.container = scope, container
        self.kind = skl2onnx.common.data_types.guess_proto_type(operator.inputs[0].type)
        self.output = operator.outputs[0].full_name

    def constant(self, values: Any, kind: int | None = None) -> str:
        """Add an array and return its name.

        It has the nodes' precision unless another type is requested.
        """
        name: str = self.scope.get_unique_variable_name("constant")
        array = np.asarray(values)
        self.container.add_initializer(name, kind or self.kind, array.shape, array.ravel().tolist())
        return name

    def node(
        self, operator: str, *inputs: str, output: str | None = None, **attributes: object
    ) -> str:
        """Add a node and return the name of its result."""
        name: str = output or self.scope.get_unique_variable_name(operator.lower())
        unique = self.scope.get_unique_operator_name(operator)
        self.container.add_node(operator, list(inputs), [name], name=unique, **attributes)
        return name


def impute(scope: Any, operator: Any, container: Any) -> None:
    """Write a SimpleImputer as ONNX nodes.

    Text is imputed as skl2onnx does; for numbers the nodes fill missing values and indicate them.
    """
    imputer = operator.raw_operator
    if isinstance(operator.inputs[0].type, skl2onnx.common.data_types.StringTensorType):
        if imputer.add_indicator:
            raise NotImplementedError("an indicator of missing text is not supported.")
        operator_converters.imputer_op.convert_sklearn_imputer(scope, operator, container)
        return
    nodes = Nodes(scope, operator, container)
    given = operator_converters.common.concatenate_variables(scope, operator.inputs, container)
    gaps = missing(nodes, given, imputer.missing_values)
    filling = nodes.constant(imputer.statistics_.astype("float64")[None])
    if not imputer.add_indicator:
        nodes.node("Where", gaps, filling, given, output=nodes.output)
        return

    columns = nodes.constant(imputer.indicator_.features_, onnx.TensorProto.INT64)
    flags = nodes.node("Cast", nodes.node("Gather", gaps, columns, axis=1), to=nodes.kind)
    nodes.node(
        "Concat", nodes.node("Where", gaps, filling, given), flags, output=nodes.output, axis=1
    )


def means_shape(operator: Any) -> None:
    """Tell that a target encoder gives a feature for each column, or for each column and class."""
    kind = skl2onnx.common.data_types.DoubleTensorType
    operator.outputs[0].type = kind([None, len(operator.raw_operator.encodings_)])


def target_means(scope: Any, operator: Any, container: Any) -> None:
    """Write a TargetEncoder as ONNX nodes.

    Each value is looked up in a table of means, whose last row is for any other value.
    """
    encoder, nodes = operator.raw_operator, Nodes(scope, operator, container)
    texts = isinstance(operator.inputs[0].type, skl2onnx.common.data_types.StringTensorType)
    nodes.kind = onnx.TensorProto.DOUBLE
    given = operator_converters.common.concatenate_variables(scope, operator.inputs, container)
    if not texts:
        given = nodes.node("Cast", given, to=onnx.TensorProto.FLOAT)
    others = np.atleast_1d(encoder.target_mean_)
    looked_up = []
    for place, values in enumerate(encoder.categories_):
        keys = {"keys_strings": list(map(str, values))} if texts else {"keys_floats": values}
        column = nodes.constant([place], onnx.TensorProto.INT64)
        flat = nodes.constant([-1], onnx.TensorProto.INT64)
        row = nodes.node(
            "LabelEncoder",
            nodes.node("Reshape", nodes.node("Gather", given, column, axis=1), flat),
            op_domain="ai.onnx.ml",
            values_int64s=list(range(len(values))),
            default_int64=len(values),
            **keys,
        )
        first = place * len(others)
        means = np.array(encoder.encodings_[first : first + len(others)])
        table = nodes.constant(np.vstack([means.T, others]))
        looked_up.append(nodes.node("Gather", table, row, axis=0))
    nodes.node("Concat", *looked_up, output=nodes.output, axis=1)


def missing(nodes: Nodes, given: str, marked: Any) -> str:
    """Return where numbers are missing: no number, or one that marks a gap."""
    if marked is None or marked != marked:
        return nodes.node("IsNaN", given)
    return nodes.node("Equal", given, nodes.constant([[marked]]))


def power(scope: Any, operator: Any, container: Any) -> None:
    """Write a PowerTransformer as ONNX nodes.

    They are the Yeo-Johnson or the Box-Cox transformation, and the scaling after it.
    """
    transformer, nodes = operator.raw_operator, Nodes(scope, operator, container)
    given = operator_converters.common.concatenate_variables(scope, operator.inputs, container)
    lambdas = transformer.lambdas_.astype("float64")[None]
    if transformer.method == "box-cox":
        bent = box_cox(nodes, given, lambdas)
    else:
        one, zero = nodes.constant([[1.0]]), nodes.constant([[0.0]])
        above = nodes.node("Add", nodes.node("Max", given, zero), one)
        below = nodes.node("Sub", one, nodes.node("Min", given, zero))
        bent = nodes.node(
            "Sub", box_cox(nodes, above, lambdas), box_cox(nodes, below, 2.0 - lambdas)
        )
    scaler = transformer._scaler if transformer.standardize else None
    mean, scale = (scaler.mean_, scaler.scale_) if scaler else (np.zeros(1), np.ones(1))
    centred = nodes.node("Sub", bent, nodes.constant(mean[None]))
    nodes.node("Div", centred, nodes.constant(scale[None]), output=nodes.output)


def box_cox(nodes: Nodes, given: str, lambdas: Any) -> str:
    """Return (x ** lambda - 1) / lambda of each column, or log x where its lambda is zero."""
    none = np.abs(lambdas) < np.spacing(1.0)
    powers = nodes.constant(np.where(none, 1.0, lambdas))
    raised = nodes.node("Sub", nodes.node("Pow", given, powers), nodes.constant([[1.0]]))
    return nodes.node(
        "Where",
        nodes.constant(none.astype("int64"), onnx.TensorProto.BOOL),
        nodes.node("Log", given),
        nodes.node("Div", raised, powers),
    )
