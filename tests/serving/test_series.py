"""Series of numbers in requests over HTTP.

One model is a regression of five numbers, the other a forecast that needs a date too.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import numpy as np
import onnx
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper
from werkzeug.test import TestResponse

from casebook import paths
from serving.app import create_app
from serving.bundle import BrokenBundle, load
from serving.check import Refused
from serving.check_series import SeriesReader
from serving.instances import Limits
from serving.predictions import teller
from serving.registry import Registry
from serving.signature import Field, parse
from serving.verify_sample import verify_sample

Row = dict[str, Any]
COUNT = "/v1/models/count:predict"
POWER = "/v1/models/power:predict"
SERIES: Row = {
    "name": "window",
    "dtype": "series",
    "length": 3,
    "unit": "kW",
    "description": "Three numbers.",
}
SERIES |= {"minimum": 0.0, "maximum": 10.0, "optional": False}
DATE: Row = {
    "name": "date",
    "dtype": "date",
    "unit": None,
    "description": "the last day",
    "optional": False,
}
SIGNATURE: Row = {"case": "count", "kind": "regression", "trained_on": "real", "inputs": [SERIES]}
SIGNATURE |= {"output": {"name": "next", "unit": "kW", "description": "what comes"}}
FORECAST: Row = {
    "case": "power",
    "kind": "forecast",
    "trained_on": "real",
    "inputs": [SERIES, DATE],
}
FORECAST |= {
    "output": {
        "name": "forecast",
        "description": "what comes",
        "horizon": 2,
        "step": "day",
        "level": 0.8,
    }
}
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=CHECKS)


def graph(kind: str) -> bytes:
    """Return the graph of a sum of three numbers, or of a forecast.

    The forecast is the sum, and a thousandth of the date, less and plus one.
    """

    inputs = [helper.make_tensor_value_info("window", onnx.TensorProto.FLOAT, [None, 3])]
    nodes = [helper.make_node("ReduceSum", ["window", "last"], ["sum"], keepdims=1)]
    constants = [helper.make_tensor("last", onnx.TensorProto.INT64, [1], [1])]
    name, shape = "next", [None, 1]
    if kind == "forecast":
        inputs.append(helper.make_tensor_value_info("date", onnx.TensorProto.FLOAT, [None, 1]))
        constants += [
            helper.make_tensor("ends", onnx.TensorProto.FLOAT, [1, 3, 1], [0.0, -1.0, 1.0])
        ]
        constants += [helper.make_tensor("thousandth", onnx.TensorProto.FLOAT, [], [0.001])]
        nodes += [
            helper.make_node("Mul", ["date", "thousandth"], ["days"]),
            helper.make_node("Concat", ["sum", "days"], ["both"], axis=1),
            helper.make_node("Unsqueeze", ["both", "last"], ["middle"]),
            helper.make_node("Add", ["middle", "ends"], ["forecast"]),
        ]
        name, shape = "forecast", [None, 3, 2]
    else:
        nodes.append(helper.make_node("Identity", ["sum"], ["next"]))
    output = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    onnx_graph = helper.make_graph(nodes, "series", inputs, [output], constants)
    model = helper.make_model(onnx_graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.fixture
def series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_version: Callable[..., Path]
) -> Iterator[FlaskClient]:
    """Return a client of a service with the regression `count` and the forecast `power`."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    write_version(
        "count", graph("regression"), SIGNATURE, {"window": [1.0, 2.0, 3.0]}, {"next": 6.0}
    )
    forecast = {"forecast": [6.0, 1.0], "low": [5.0, 0.0], "high": [7.0, 2.0]}
    write_version(
        "power",
        graph("forecast"),
        FORECAST,
        {"window": [1.0, 2.0, 3.0], "date": "1972-09-27"},
        forecast,
    )
    registry = Registry(paths.models())
    registry.look()
    assert not registry.failures
    app = create_app(registry, max_body=100_000, limits=Limits(rows=50))
    app.testing = True
    with app.test_client() as client:
        yield client


def problems(response: TestResponse) -> list[tuple[object, object, str]]:
    assert response.status_code == 422, response.text
    return [
        (detail["row"], detail["field"], detail["problem"])
        for detail in response.get_json()["details"]
    ]


def test_windows_are_answered_in_order(series: FlaskClient) -> None:
    response = series.post(
        COUNT, json={"instances": [{"window": [1, 2, 3]}, {"window": [4.5, 0, 0]}]}
    )
    assert response.get_json()["predictions"] == [{"next": 6.0}, {"next": 4.5}]
    assert "warnings" not in response.get_json()


def test_a_forecast_has_a_band_and_knows_the_date(series: FlaskClient) -> None:
    days = (date(2010, 11, 26) - date(1970, 1, 1)).days / 1000
    answer = series.post(
        POWER, json={"instances": [{"window": [1, 2, 3], "date": "2010-11-26"}]}
    ).get_json()
    (forecast,) = answer["predictions"]
    assert forecast["forecast"] == pytest.approx([6.0, days], rel=1e-6)
    assert forecast["low"] == pytest.approx([5.0, days - 1], rel=1e-6)
    assert forecast["high"] == pytest.approx([7.0, days + 1], rel=1e-6)


def test_numbers_training_never_saw_are_answered_with_a_warning_per_window(
    series: FlaskClient,
) -> None:
    rows = [{"window": [1, 2, 3]}, {"window": [11, 2, -7]}]
    answer = series.post(COUNT, json={"instances": rows}).get_json()
    (warned,) = answer["warnings"]
    assert (warned["row"], warned["field"], warned["value"], warned["maximum"]) == (
        1,
        "window",
        -7.0,
        10.0,
    )


def test_every_fault_names_its_row_and_field(series: FlaskClient) -> None:
    sound = {"window": [1, 2, 3], "date": "2010-11-26"}
    rows = [
        sound,
        {**sound, "window": [1, "two", True]},
        {**sound, "window": [1, 2]},
        {**sound, "window": "1, 2, 3"},
        {**sound, "window": [1, None, 10**60], "other": 1},
        {**sound, "date": "2010-02-30"},
        {**sound, "date": "26.11.2010"},
        {**sound, "date": 14939},
        {"window": [1, 2, [3]]},
        7,
    ]
    assert problems(series.post(POWER, json={"instances": rows})) == [
        (1, "window", "number 2 must be a number, not a text"),
        (1, "window", "number 3 must be a number, not a boolean"),
        (2, "window", "must hold 3 numbers, not 2"),
        (3, "window", "must be a list of 3 numbers, not a text"),
        (4, "other", "is no field of this model"),
        (4, "window", "number 2 must be a number, not null"),
        (4, "window", "number 3 is beyond what a 32-bit float can hold"),
        (5, "date", "is no day of the calendar"),
        (6, "date", "must be a date written as 2010-11-26"),
        (7, "date", "must be a date as a text, such as 2010-11-26, not a number"),
        (8, "window", "number 3 must be a number, not a list"),
        (8, "date", "is missing"),
        (9, None, "a row must be an object, not a number"),
    ]
    body = b'{"instances": [{"window": [1, 2, 1e999]}]}'
    assert (
        "finite" in problems(series.post(COUNT, data=body, content_type="application/json"))[0][2]
    )


def test_faults_are_capped_and_counted(series: FlaskClient) -> None:
    response = series.post(COUNT, json={"instances": [{"window": [None] * 150}]})
    assert len(response.get_json()["details"]) == 100
    assert response.get_json()["more"] == 51


@FUZZ
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["window", "date", "x"]),
            st.lists(st.floats() | st.none() | st.integers() | st.text(max_size=3), max_size=4)
            | st.dates().map(str)
            | st.text(max_size=12)
            | st.none(),
        ),
        max_size=3,
    )
)
def test_nothing_a_client_sends_makes_a_5xx(series: FlaskClient, rows: list[object]) -> None:
    for url in (COUNT, POWER):
        response = series.post(
            url, data=json.dumps({"instances": rows}), content_type="application/json"
        )
        assert response.status_code in {200, 400, 422}


def test_the_schema_tells_lengths_and_dates(series: FlaskClient) -> None:
    file_paths = series.get("/openapi.json").get_json()["paths"]
    post = file_paths[POWER]["post"]
    row = post["requestBody"]["content"]["application/json"]["schema"]["properties"]["instances"][
        "items"
    ]
    assert row["required"] == ["window", "date"]
    window = row["properties"]["window"]
    assert (window["type"], window["minItems"], window["maxItems"]) == ("array", 3, 3)
    assert row["properties"]["date"]["format"] == "date"
    answer = post["responses"]["200"]["content"]["application/json"]["schema"]["properties"][
        "predictions"
    ]["items"]
    assert answer["required"] == ["forecast", "low", "high"]
    assert answer["properties"]["low"]["maxItems"] == 2
    assert "80%" in answer["properties"]["forecast"]["description"]


def test_the_page_takes_a_window_and_draws_the_forecast(series: FlaskClient) -> None:
    page = series.get("/models/power").text
    assert (
        '<textarea id="field-1" data-name="window" data-dtype="series"' in page
        and "1.0, 2.0, 3.0</textarea>" in page
    )
    assert 'type="date" value="1972-09-27"' in page
    assert '<svg id="chart"' in page and 'data-step="day"' in page
    counted = series.get("/models/count").text
    assert 'id="chart"' not in counted and 'id="bar"' in counted
    for link in re.findall(r'(?:src|href)="([^"#]+)"', page):
        with series.get(urljoin("/models/power", link)) as response:
            assert response.status_code == 200


def test_a_signature_of_a_series_says_its_length_and_what_it_goes_with() -> None:
    assert parse(FORECAST).series == Field(
        "window", "series", "kW", "Three numbers.", minimum=0.0, maximum=10.0, length=3
    )
    assert parse(FORECAST).output.horizon == 2
    column = {"name": "price", "dtype": "float"}
    for inputs in ([{**SERIES, "length": 0}], [SERIES, column], [DATE]):
        with pytest.raises(ValueError, match=r"length|series"):
            parse({**FORECAST, "inputs": inputs})
    with pytest.raises(ValueError, match="horizon"):
        parse({**FORECAST, "output": {"name": "forecast"}})


def test_numbers_of_another_shape_than_the_horizon_are_refused() -> None:
    with pytest.raises(ValueError, match="forecast, low and high of 2 steps"):
        teller(parse(FORECAST))(np.zeros((1, 3, 4), "float32"))


def test_a_stored_forecast_is_compared_number_by_number() -> None:
    assert verify_sample([{"low": [1.0, 2.0]}], [{"low": [1.00001, 2.0]}])
    assert not verify_sample([{"low": [1.0, 2.0]}], [{"low": [1.0, 2.1]}])
    assert not verify_sample([{"low": [1.0]}], [{"low": [1.0, 2.0]}])


def test_a_version_that_answers_otherwise_than_stored_is_refused(
    series: FlaskClient, write_version: Callable[..., Path]
) -> None:
    instance = {"window": [1.0, 2.0, 3.0]}
    with pytest.raises(BrokenBundle, match="is answered"):
        load(
            write_version(
                "count", graph("regression"), SIGNATURE, instance, {"next": 7.0}, version=2
            )
        )


def test_dates_become_days_since_1970() -> None:
    reader = SeriesReader(parse(FORECAST).inputs)
    feeds = reader.read([{"window": [1, 2, 3], "date": "1970-01-02"}]).feeds
    assert feeds["date"].tolist() == [[1.0]] and feeds["window"].dtype == np.float32
    with pytest.raises(Refused, match="calendar"):
        reader.read([{"window": [1, 2, 3], "date": "0000-01-01"}])
