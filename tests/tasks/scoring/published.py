"""Published models, rows to score, and what the service answers to them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv as csv

from casebook import paths
from casebook.errors import CasebookError
from serving.bundle import load
from tests.serving.graphs import fraud_graph, mpg_graph, probability
from tests.serving.signatures import FRAUD, MPG
from tests.serving.test_series import FORECAST
from tests.serving.test_series import graph as series_graph
from tests.serving.versions import point, write

Row = dict[str, Any]
ASKED: Row = {"Amount": 1.5, "Hour": 3, "Age": None, "Sex": "male"}


def publish(case: str, version: int = 1, bias: float = -1.0) -> None:
    paid = probability(ASKED, bias)
    answers: dict[str, tuple[bytes, Row, Row, Row]] = {
        "fraud": (
            fraud_graph(bias),
            FRAUD,
            ASKED,
            {"probability": paid, "label": ["normal", "fraud"][paid >= 0.31]},
        ),
        "mpg": (mpg_graph(0.01), MPG, {"Weight": 3000.0}, {"mpg": 30.0}),
        "power": (
            series_graph("forecast"),
            FORECAST,
            {"window": [1.0, 2.0, 3.0], "date": "1972-09-27"},
            {"forecast": [6.0, 1.0], "low": [5.0, 0.0], "high": [7.0, 2.0]},
        ),
    }
    graph, signature, instance, answer = answers[case]
    write(case, version, graph, signature | {"trained_on": "real"}, [instance], [answer])
    point(case, str(version))


def payments(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    age = rng.uniform(1, 90, rows)
    return pa.table(
        {
            "id": [f"{number:05}" for number in range(rows)],
            "Amount": rng.uniform(0, 100, rows),
            "Hour": rng.integers(0, 24, rows),
            "Age": pa.array(age, mask=age > 60),
            "Sex": rng.choice(["male", "female"], rows),
        }
    )


def service_answers(case: str, rows: list[Row]) -> list[Row]:
    """What the service answers, each row asked alone."""
    predictor = load(paths.models(case) / "1")
    names = [field.name for field in predictor.signature.inputs]
    return [predictor.predict([{name: row[name] for name in names}])[0] for row in rows]


def refuses(work: Callable[[], object], *words: str) -> None:
    with pytest.raises(CasebookError) as refused:
        work()
    for word in words:
        assert word in str(refused.value)
