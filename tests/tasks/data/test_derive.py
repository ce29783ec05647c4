"""A derived column is the same in pandas, for training, and in ONNX, for serving."""

import math
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, checker, helper

from tasks.data.derive import Derived, Equals, HourOfDay, Log, Matches, Product, Total, derive
from tasks.tables.served_features import feeds
from tasks.training.onnx_format import OPSET

HOUR, LOG = HourOfDay("Time", "hour"), Log("Amount", "log_amount")
FAMILY = Total(("siblings", "parents"), "family", 1.0)
MISTER = Matches("Name", "is_mr", r".*, Mr\. .*")
FIRST = Equals("class", "first", 1)
FIRST_MISTER = Product(MISTER, FIRST, "first_mister")
# ONNX element types: float32, text
SOURCES = {
    "class": 1,
    "Time": 1,
    "Amount": 1,
    "siblings": 1,
    "parents": 1,
    "Name": 8,
}


def graph(derived: Derived) -> onnxruntime.InferenceSession:
    """Return the derived column's nodes as a graph from its raw columns to `result`."""
    inputs = [
        helper.make_tensor_value_info(name, SOURCES[name], [None, 1]) for name in derived.columns
    ]
    output = helper.make_tensor_value_info("result", TensorProto.FLOAT, [None, 1])
    graph_proto = helper.make_graph(derived.nodes("result"), "derived", inputs, [output])
    model = helper.make_model(
        graph_proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10
    )
    checker.check_model(model)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


SESSIONS = {derived: graph(derived) for derived in (HOUR, LOG, FAMILY, MISTER, FIRST, FIRST_MISTER)}


def in_onnx(derived: Derived, frame: pd.DataFrame) -> Any:
    return SESSIONS[derived].run(["result"], feeds(frame[list(derived.columns)]))[0][:, 0]


@given(st.lists(st.integers(0, 172_800).map(float), min_size=1))
def test_the_hour_is_the_same_in_both_forms(seconds: list[float]) -> None:
    frame = pd.DataFrame({"Time": seconds})
    hours = HOUR.compute(frame)
    assert in_onnx(HOUR, frame) == pytest.approx(hours.to_numpy(), abs=1e-5)
    assert hours.between(0, 24, inclusive="left").all()


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1))
def test_the_logarithm_is_the_same_in_both_forms(amounts: list[float]) -> None:
    frame = pd.DataFrame({"Amount": amounts})
    assert in_onnx(LOG, frame) == pytest.approx(LOG.compute(frame).to_numpy(), abs=1e-5)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_a_total_is_the_same_in_both_forms(pairs: list[tuple[int, int]]) -> None:
    frame = pd.DataFrame(pairs, columns=["siblings", "parents"])
    assert (
        in_onnx(FAMILY, frame).tolist()
        == FAMILY.compute(frame).to_list()
        == [a + b + 1 for a, b in pairs]
    )


@given(
    st.lists(
        st.text(max_size=30).filter(lambda t: "\0" not in t and not set(t) & set("\r\n")),
        min_size=1,
    )
)
def test_a_match_is_the_same_in_both_forms(names: list[str]) -> None:
    named = [*names, "Braund, Mr. Owen", "Braund, Mrs. Owen", ", Mr. é", ""]
    frame = pd.DataFrame({"Name": pd.Series(named, dtype="string").fillna("").astype(object)})
    assert in_onnx(MISTER, frame).tolist() == MISTER.compute(frame).to_list()
    assert MISTER.compute(frame).to_list()[-4:] == [1.0, 0.0, 1.0, 0.0]


@given(st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(math.nan)), min_size=1))
def test_an_equal_number_is_the_same_in_both_forms(numbers: list[float]) -> None:
    frame = pd.DataFrame({"class": numbers})
    assert (
        in_onnx(FIRST, frame).tolist()
        == FIRST.compute(frame).to_list()
        == [float(n == 1) for n in numbers]
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["A, Mr. B", "A, Mrs. B", ""]), st.integers(1, 3)), min_size=1
    )
)
def test_a_product_of_flags_says_whether_both_are_set(rows: list[tuple[str, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["Name", "class"])
    both = [float("Mr." in name and k == 1) for name, k in rows]
    assert in_onnx(FIRST_MISTER, frame).tolist() == FIRST_MISTER.compute(frame).to_list() == both
    assert FIRST_MISTER.columns == ("Name", "class")


def test_missing_text_matches_as_the_empty_text_does() -> None:
    frame = pd.DataFrame({"Name": pd.Series([None, "x"], dtype="string")})
    assert Matches("Name", "given", ".+").compute(frame).to_list() == [0.0, 1.0]


def test_amounts_of_zero_and_below_have_a_logarithm() -> None:
    expected, frame = [np.log(0.001)] * 2, pd.DataFrame({"Amount": [0.0, -3.0]})
    assert LOG.compute(frame).to_list() == pytest.approx(expected)
    assert in_onnx(LOG, frame) == pytest.approx(expected, abs=1e-5)


def test_two_days_fold_onto_each_other() -> None:
    assert HOUR.compute(pd.DataFrame({"Time": [0, 3600, 86400 + 7200]})).to_list() == [0, 1, 2]


def test_derived_columns_stand_beside_their_sources() -> None:
    frame = pd.DataFrame({"Time": [3600.0], "Amount": [1.0], "V1": [5.0]})
    assert list(derive(frame, (HOUR, LOG)).columns) == [
        "Time",
        "Amount",
        "V1",
        "hour",
        "log_amount",
    ]
    assert list(frame.columns) == ["Time", "Amount", "V1"]
