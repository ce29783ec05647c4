"""A part of a date is the same in pandas, for training, and in ONNX, for serving."""

import datetime
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from casebook.errors import CasebookError
from tasks.data.dates import FORMATS, PARTS, DateFormat, DatePart
from tasks.tables.served_features import feeds
from tasks.training.onnx_format import IR_VERSION, opsets

MOMENTS = st.lists(
    st.datetimes(datetime.datetime(1600, 1, 1), datetime.datetime(2300, 12, 31)),
    min_size=1,
    max_size=20,
)


@cache
def session(part: DatePart) -> onnxruntime.InferenceSession:
    text, number = onnx.TensorProto.STRING, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        part.nodes("result"),
        "date",
        [helper.make_tensor_value_info("at", text, [None, 1])],
        [helper.make_tensor_value_info("result", number, [None, 1])],
    )
    model = helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString())


def in_onnx(part: DatePart, frame: pd.DataFrame) -> Any:
    return session(part).run(None, feeds(frame))[0][:, 0]


def written(moment: datetime.datetime, form: DateFormat) -> str:
    """Return a moment as the format has it; strftime writes early years without zeros."""
    pieces = {"y": f"{moment.year:04}", "m": f"{moment.month:02}", "d": f"{moment.day:02}"}
    date = form.separator.join(pieces[part] for part in form.order)
    return f"{date}{form.join}{moment:%H:%M:%S}" if form.join else date


@given(moments=MOMENTS, form=st.sampled_from(FORMATS), part=st.sampled_from(PARTS))
def test_a_part_is_that_of_the_calendar(
    moments: list[datetime.datetime], form: DateFormat, part: str
) -> None:
    frame = pd.DataFrame({"at": [written(moment, form) for moment in moments]})
    derived = DatePart("at", "part", part, form)  # type: ignore[arg-type]
    epoch = datetime.date(1970, 1, 1)
    expected = {
        "days": [(moment.date() - epoch).days for moment in moments],
        "month": [moment.month for moment in moments],
        "day": [moment.day for moment in moments],
        "weekday": [moment.weekday() for moment in moments],
        "hour": [(moment.hour + moment.minute / 60) if form.join else 0 for moment in moments],
    }[part]
    assert derived.compute(frame).to_numpy() == pytest.approx(expected, abs=1e-4)
    assert in_onnx(derived, frame) == pytest.approx(expected, abs=1e-4)


@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=5), part=st.sampled_from(PARTS))
def test_what_is_no_date_is_missing_in_both(texts: list[str], part: str) -> None:
    frame = pd.DataFrame({"at": [text.replace("\0", "") for text in texts]}, dtype=object)
    derived = DatePart("at", "part", part, DateFormat("ymd", "-", "T"))  # type: ignore[arg-type]
    assert np.isnan(derived.compute(frame)).all()
    assert np.isnan(in_onnx(derived, frame)).all()


def test_a_date_without_its_time_is_midnight() -> None:
    frame = pd.DataFrame({"at": ["2026-11-30", "2026-11-30T06:30"]})
    derived = DatePart("at", "hour", "hour", DateFormat("ymd", "-", "T"))
    assert derived.compute(frame).tolist() == [0.0, 6.5]
    assert in_onnx(derived, frame).tolist() == [0.0, 6.5]


@pytest.mark.parametrize("zone", ["Z", "+09:00", "-0330"])
def test_a_zone_is_passed_over(zone: str) -> None:
    frame = pd.DataFrame({"at": [f"2026-11-30T06:30:59.123{zone}"]})
    derived = DatePart("at", "hour", "hour", DateFormat("ymd", "-", "T"))
    assert derived.compute(frame).tolist() == in_onnx(derived, frame).tolist() == [6.5]


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_named_as_strftime_names_it(form: DateFormat) -> None:
    assert DateFormat.of(form.pattern) == form


def test_a_format_that_no_model_reads_is_refused_with_those_that_are() -> None:
    with pytest.raises(CasebookError, match=r"%B %d.*%Y-%m-%d"):
        DateFormat.of("%B %d")
