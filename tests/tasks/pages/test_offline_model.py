"""The page's operators compute what ONNX Runtime does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from sklearn import ensemble, linear_model, svm

from casebook.language import Message
from casebook.store import Ref
from tasks.pages.offline_model import offline_model, operators
from tasks.pages.packed_graph import Unsupported, pack
from tasks.pages.render import TEMPLATES
from tasks.problem.definition import Problem
from tasks.tables.score_graph import score_graph
from tasks.training.onnx_format import IR_VERSION, opsets
from tests import needs
from tests.rehearsal import browse

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPTS = TEMPLATES / "offline_model"
NAMES = ("tensor.js", "shapes.js", "operators.js", "estimators.js", "graph.js")
ML = "ai.onnx.ml"
A = np.array([[-2.5, 0.0, 3.0], [0.5, np.nan, np.inf]], "float32")
B = np.array([[1.5], [2.0]], "float32")
CUBE = np.arange(24, dtype="float32").reshape(2, 3, 4) - 7
POSITIVE = np.array([[0.5, 1.0, 4.0]], "float32")
WHOLE = np.array([-7, 7, 3], "int64")
TEXTS = np.array([["1.2.2020"], ["soon"], [""]], dtype=object)


def places(*values: int) -> Any:
    return np.array(values, "int64")


CASES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *((name, (A,), {}) for name in ("Abs", "Ceil", "Exp", "Floor", "Identity", "IsInf", "IsNaN")),
    *((name, (A,), {}) for name in ("Neg", "Relu", "Sigmoid", "Softplus", "Tanh", "Shape")),
    *((name, (A, B), {}) for name in ("Add", "Div", "Max", "Min", "Mul", "Sub", "Sum")),
    *((name, (A, B), {}) for name in ("Equal", "Greater", "GreaterOrEqual", "Less")),
    ("LessOrEqual", (A, B), {}),
    *((name, (A > 0, B > 1.7), {}) for name in ("And", "Or")),
    ("Not", (A > 0,), {}),
    *((name, (POSITIVE,), {}) for name in ("Log", "Sqrt", "Reciprocal")),
    *((name, (A,), {"alpha": 0.3}) for name in ("Elu", "LeakyRelu")),
    ("Pow", (POSITIVE, B), {}),
    ("Div", (WHOLE, places(2, 2, -2)), {}),
    ("Mod", (WHOLE, places(3, 3, -2)), {}),
    ("Mod", (POSITIVE, B), {"fmod": 1}),
    ("Cast", (np.array([-2.7, 0.0, 2.7], "float32"),), {"to": onnx.TensorProto.INT64}),
    ("Cast", (np.array([-2.7, 0.0, 2.7], "float32"),), {"to": onnx.TensorProto.BOOL}),
    ("Cast", (np.array(["1.5", "-3"], dtype=object),), {"to": onnx.TensorProto.FLOAT}),
    ("Concat", (A, B), {"axis": -1}),
    ("Expand", (B, places(2, 1, 3)), {}),
    ("Gather", (CUBE, np.array([[2, 0], [-1, 1]])), {"axis": 1}),
    ("ArrayFeatureExtractor", (A, places(2, 0)), {"domain": ML}),
    ("Gemm", (CUBE[0], CUBE[1], B[:1]), {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("MatMul", (CUBE, CUBE.transpose(0, 2, 1)[:1]), {}),
    ("MatMul", (CUBE[0], CUBE[0].T), {}),
    *((name, (CUBE, places(0, -1)), {"keepdims": 0}) for name in ("ReduceSum", "ReduceMean")),
    *((name, (CUBE, places(1)), {}) for name in ("ReduceMax", "ReduceMin", "ReduceSumSquare")),
    ("ReduceSum", (CUBE,), {}),
    ("Reshape", (CUBE, places(0, -1)), {}),
    ("Transpose", (CUBE,), {"perm": [2, 0, 1]}),
    ("Transpose", (A,), {}),
    ("Slice", (CUBE, places(-2, 3), places(9, -9), places(1, 2), places(1, -2)), {}),
    ("Slice", (CUBE, places(1), places(2)), {}),
    ("Softmax", (CUBE,), {}),
    ("Split", (CUBE, places(1, 3)), {"axis": 2}),
    ("Split", (CUBE,), {"axis": 2, "num_outputs": 3}),
    ("Squeeze", (CUBE[:1], places(0)), {}),
    ("Unsqueeze", (A, places(0, -1)), {}),
    ("Where", (A > 0, A, B), {}),
    *((name, (CUBE[:, ::-1] % 5,), {"axis": 1}) for name in ("ArgMax", "ArgMin")),
    ("ArgMax", (np.ones((2, 3), "float32"),), {"axis": -1, "select_last_index": 1}),
    *((name, (CUBE / 9,), {}) for name in ("Sin", "Cos", "Erf", "Sign", "Softsign", "Flatten")),
    ("Clip", (CUBE, np.float32(-2), np.float32(3)), {}),
    ("Clip", (CUBE,), {}),
    ("CumSum", (CUBE, np.int64(1)), {}),
    ("CumSum", (CUBE, np.int64(-1)), {"exclusive": 1, "reverse": 1}),
    ("CumSum", (CUBE, np.int64(0)), {"exclusive": 1}),
    ("Shape", (CUBE,), {"start": 1}),
    ("ReduceSum", (CUBE, places()), {"noop_with_empty_axes": 1}),
    ("MatMul", (CUBE[0], CUBE[0, 1]), {}),
    ("MatMul", (CUBE[0, :, 1], CUBE), {}),
    ("RegexFullMatch", (np.array(["a-b"], dtype=object),), {"pattern": r"a\-b"}),
    ("RegexFullMatch", (np.array(["\U0001f600"], dtype=object),), {"pattern": "."}),
    *((name, (CUBE,), {"axis": 1}) for name in ("LogSoftmax", "Softmax")),
    ("ReduceProd", (CUBE / 9, places(2)), {}),
    ("Round", (np.array([-2.5, -1.5, 0.5, 1.5, 2.4, 2.6], "float32"),), {}),
    ("Tile", (CUBE, places(1, 2, 3)), {}),
    *(("Normalizer", (CUBE[0],), {"domain": ML, "norm": norm}) for norm in ("MAX", "L1", "L2")),
    ("Binarizer", (POSITIVE,), {"domain": ML, "threshold": 0.7}),
    ("Scaler", (A,), {"domain": ML, "offset": [1.0, 0.1, 2.0], "scale": [2.0, 0.3, 0.1]}),
    ("OneHotEncoder", (WHOLE,), {"domain": ML, "cats_int64s": [3, 7], "zeros": 1}),
    ("OneHotEncoder", (TEXTS,), {"domain": ML, "cats_strings": ["soon", ""], "zeros": 1}),
    (
        "LabelEncoder",
        (TEXTS,),
        {"domain": ML, "keys_strings": ["soon"], "values_int64s": [4], "default_int64": 9},
    ),
    (
        "LabelEncoder",
        (B,),
        {"domain": ML, "keys_floats": [2.0], "values_floats": [0.5], "default_float": np.nan},
    ),
    (
        "LinearRegressor",
        (POSITIVE,),
        {"domain": ML, "coefficients": [1.0, 2.0, -1.0], "intercepts": [0.5]},
    ),
    ("RegexFullMatch", (TEXTS,), {"pattern": r"\d+\.\d+\.(19|20)\d\d"}),
    ("StringSplit", (TEXTS,), {"delimiter": "."}),
    ("StringConcat", (TEXTS, TEXTS), {}),
]


@pytest.fixture(scope="module")
def opened() -> Iterator[Page]:
    needs.chromium()
    with browse.page() as page:
        for name in NAMES:
            page.add_script_tag(content=(SCRIPTS / name).read_text(encoding="utf-8"))
        yield page


def in_page(page: Page, graph: onnx.ModelProto) -> Any:
    ask = "async ([text, row]) => compile(await unpack(text))(row)"
    numbers = page.evaluate(ask, [pack(graph, operators()), {}])
    return [float("nan") if number is None else number for number in numbers]


def graph_of(name: str, inputs: tuple[Any, ...], attributes: dict[str, Any]) -> onnx.ModelProto:
    """Return a graph of one operator, whose inputs are constants."""
    names = [f"input{place}" for place in range(len(inputs))]
    count = 3 if attributes.get("num_outputs") == 3 else 2
    outputs = ["out", "more", "rest"][: count if name in ("Split", "StringSplit") else 1]
    constants = [numpy_helper.from_array(x, of) for of, x in zip(names, inputs, strict=True)]
    node = helper.make_node(name, names, outputs, **attributes)
    result = helper.make_empty_tensor_value_info("out")
    graph = helper.make_graph([node], "one", [], [result], constants)
    return helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION)


@pytest.mark.parametrize(
    ("name", "inputs", "attributes"),
    CASES,
    ids=[f"{name}-{place}" for place, (name, _, _) in enumerate(CASES)],
)
def test_an_operator_computes_what_onnx_runtime_does(
    opened: Page, name: str, inputs: tuple[Any, ...], attributes: dict[str, Any]
) -> None:
    graph = graph_of(name, inputs, attributes)
    expected = onnxruntime.InferenceSession(graph.SerializeToString()).run(["out"], {})[0]
    answered = in_page(opened, graph)
    if expected.dtype == object:
        assert answered == expected.ravel().tolist()
    else:
        assert answered == pytest.approx(expected.ravel().astype(float), rel=1e-5, nan_ok=True)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)).astype("float32")
X[::9, 1] = np.nan
FILLED = np.nan_to_num(X)
SCORE = FILLED @ np.array([1, -2, 0.5, 0], "float32")
CLASS = np.digitize(SCORE, [-1, 1])
FOREST = ensemble.RandomForestClassifier(7, random_state=0)
BOOSTED = ensemble.HistGradientBoostingClassifier(max_iter=9)
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=())
TWO = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=())
THREE = Problem(
    problem_type="multiclass",
    target="y",
    primary_metric="accuracy",
    metrics=(),
    labels=tuple("abc"),
)


@pytest.mark.parametrize(
    ("model", "x", "y", "problem"),
    [
        (ensemble.RandomForestRegressor(7, random_state=0), FILLED, SCORE, NUMBER),
        (FOREST, FILLED, SCORE > 0, TWO),
        (FOREST, FILLED, CLASS, THREE),
        (ensemble.HistGradientBoostingRegressor(max_iter=9), X, SCORE, NUMBER),
        (BOOSTED, X, SCORE > 0, TWO),
        (BOOSTED, X, CLASS, THREE),
        (linear_model.LogisticRegression(), FILLED, SCORE > 0, TWO),
        (linear_model.LogisticRegression(), FILLED, CLASS, THREE),
        (svm.SVR(), FILLED, SCORE, NUMBER),
        (svm.SVR(kernel="poly"), FILLED, SCORE, NUMBER),
    ],
)
def test_a_model_answers_as_in_onnx_runtime(
    opened: Page, model: Any, x: Any, y: Any, problem: Problem
) -> None:
    graph = score_graph(model.fit(x, y), x.shape[1], problem, log_target=False)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    for row in x[:20]:
        alone = with_row(graph, row)
        expected = session.run(None, {"features": row[None]})[0].ravel()
        assert in_page(opened, alone) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def with_row(graph: onnx.ModelProto, row: Any) -> onnx.ModelProto:
    """Return a graph whose features are a row."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(graph)
    del fixed.graph.input[:]
    fixed.graph.initializer.append(numpy_helper.from_array(row[None], "features"))
    return fixed


def test_each_operator_of_the_page_is_tried() -> None:
    within = {"LinearClassifier", "SVMRegressor", "TreeEnsembleClassifier", "TreeEnsembleRegressor"}
    assert {name for name, _, _ in CASES} | within == operators()


def test_a_graph_that_the_page_cannot_compute_is_refused_by_the_name_of_its_operator() -> None:
    with pytest.raises(Unsupported, match="operator Mish"):
        pack(graph_of("Mish", (A,), {}), operators())
    with pytest.raises(Unsupported, match="type float16"):
        pack(graph_of("Exp", (A.astype("float16"),), {}), operators())


def test_a_large_model_is_left_out_with_its_size(tmp_path: Path) -> None:
    noise = RNG.normal(size=(1000, 900)).astype("float32")
    (tmp_path / "model.onnx").write_bytes(graph_of("Exp", (noise,), {}).SerializeToString())
    bundle = cast(Ref, SimpleNamespace(path=lambda name: tmp_path / name))
    reason = offline_model(bundle)
    assert isinstance(reason, Message)
    assert re.match(r"With \d\.\d MB the model is too large for this page", str(reason))
