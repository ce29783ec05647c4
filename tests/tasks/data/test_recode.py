"""A recoded column is the same in pandas and in ONNX, and categories are numbered in order."""

import math
from typing import Any

import onnxruntime
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, checker, helper

from tasks.data.derive import Derived
from tasks.data.recode import Ordinal, Reciprocal
from tasks.tables.served_features import feeds
from tasks.training.onnx_format import ML_OPSET, OPSET

LITRES = Reciprocal("city-mpg", "city-L/100km", of=235.0)
COUNT = Ordinal("num-of-cylinders", "cylinders", (("two", 2), ("four", 4), ("twelve", 12)))


def session(derived: Derived, kind: int) -> onnxruntime.InferenceSession:
    inputs = [helper.make_tensor_value_info(name, kind, [None, 1]) for name in derived.columns]
    output = helper.make_tensor_value_info("result", TensorProto.FLOAT, [None, 1])
    graph_proto = helper.make_graph(derived.nodes("result"), "recoded", inputs, [output])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(graph_proto, opset_imports=opsets, ir_version=10)
    checker.check_model(model)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


SESSIONS = {LITRES: session(LITRES, TensorProto.FLOAT), COUNT: session(COUNT, TensorProto.STRING)}


def in_onnx(derived: Derived, frame: pd.DataFrame) -> Any:
    return SESSIONS[derived].run(["result"], feeds(frame))[0][:, 0]


@given(st.lists(st.one_of(st.floats(1, 200, width=32), st.just(math.nan)), min_size=1))
def test_another_unit_is_the_same_in_both_forms(economy: list[float]) -> None:
    frame = pd.DataFrame({"city-mpg": economy})
    assert in_onnx(LITRES, frame) == pytest.approx(
        LITRES.compute(frame).to_numpy(), rel=1e-6, nan_ok=True
    )


@given(st.lists(st.sampled_from(["two", "four", "twelve", "", "seven"]), min_size=1))
def test_a_category_s_number_is_the_same_in_both_forms(words: list[str]) -> None:
    frame = pd.DataFrame({"num-of-cylinders": pd.Series(words, dtype=object)})
    expected = [{"two": 2.0, "four": 4.0, "twelve": 12.0}.get(word, math.nan) for word in words]
    assert COUNT.compute(frame).to_numpy() == pytest.approx(expected, nan_ok=True)
    assert in_onnx(COUNT, frame) == pytest.approx(expected, nan_ok=True)


def test_the_lab_s_litres() -> None:
    assert LITRES.compute(pd.DataFrame({"city-mpg": [21, 19]})).round(4).to_list() == [
        11.1905,
        12.3684,
    ]


def test_missing_text_has_no_number() -> None:
    frame = pd.DataFrame({"num-of-cylinders": pd.Series([None, "four"], dtype="string")})
    assert COUNT.compute(frame).isna().to_list() == [True, False]
