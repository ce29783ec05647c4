"""A derived column is the same in pandas, for training, and in ONNX, for serving."""

from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, checker, helper

from tasks.derive import Derived, HourOfDay, Log, derive

HOUR, LOG = HourOfDay("Time", "hour"), Log("Amount", "log_amount")


def graph(derived: Derived) -> onnxruntime.InferenceSession:
    """Return the derived column's nodes as a graph from `source` to `result`."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in ("source", "result")]
    made = helper.make_graph(derived.nodes("source", "result"), "derived", ends[:1], ends[1:])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


SESSIONS = {derived: graph(derived) for derived in (HOUR, LOG)}


def in_onnx(derived: HourOfDay | Log, values: list[float]) -> Any:
    source = np.array(values, dtype="float32")[:, None]
    return SESSIONS[derived].run(["result"], {"source": source})[0][:, 0]


@given(st.lists(st.integers(0, 172_800).map(float), min_size=1))
def test_the_hour_is_the_same_in_both_forms(seconds: list[float]) -> None:
    hours = HOUR.compute(pd.Series(seconds))
    assert in_onnx(HOUR, seconds) == pytest.approx(hours.to_numpy(), abs=1e-5)
    assert hours.between(0, 24, inclusive="left").all()


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1))
def test_the_logarithm_is_the_same_in_both_forms(amounts: list[float]) -> None:
    assert in_onnx(LOG, amounts) == pytest.approx(LOG.compute(pd.Series(amounts)).to_numpy(), abs=1e-5)


def test_amounts_of_zero_and_below_have_a_logarithm() -> None:
    expected = [np.log(0.001)] * 2
    assert LOG.compute(pd.Series([0.0, -3.0])).to_list() == pytest.approx(expected)
    assert in_onnx(LOG, [0.0, -3.0]) == pytest.approx(expected, abs=1e-5)


def test_two_days_fold_onto_each_other() -> None:
    assert HOUR.compute(pd.Series([0, 3600, 86400 + 7200])).to_list() == [0, 1, 2]


def test_a_derived_column_takes_the_place_of_its_source() -> None:
    frame = pd.DataFrame({"Time": [3600.0], "Amount": [1.0], "V1": [5.0]})
    assert list(derive(frame, (HOUR, LOG)).columns) == ["V1", "hour", "log_amount"]
    assert list(frame.columns) == ["Time", "Amount", "V1"]


def test_a_derived_column_may_keep_its_name() -> None:
    derived = derive(pd.DataFrame({"Amount": [1.0]}), (Log("Amount", "Amount", 1.0),))
    assert derived["Amount"].to_list() == pytest.approx([np.log(2)])
