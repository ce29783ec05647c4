"""An exported graph takes raw columns of any name and predicts like Keras.

The service accepts it.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pandas as pd
import pytest
from keras import layers
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler

from casebook.errors import CasebookError
from serving.graph import Graph
from serving.signature import parse
from tasks.problem.definition import Problem
from tasks.tables.encoder_graph import encoder_graph
from tasks.tables.export import _agree, answers, joined, to_response
from tasks.tables.fitting import fit_on
from tasks.tables.network_graph import converted, in_keras
from tasks.tables.served_features import feeds

COLUMNS = ["probability", "label", "network/x", "a b", "2nd", "면적"]
BINARY = Problem(
    problem_type="binary", target="y", labels=("no", "yes"), primary_metric="auprc", metrics=()
)
THREE = Problem(
    problem_type="multiclass",
    target="y",
    labels=("a", "b", "c"),
    output="label",
    primary_metric="accuracy",
    metrics=(),
)
NUMBER = Problem(
    problem_type="regression", target="y", output="a b", primary_metric="rmse", metrics=()
)


def rows(count: int = 50) -> pd.DataFrame:
    return pd.DataFrame(
        np.random.default_rng(0).normal(size=(count, len(COLUMNS))), columns=COLUMNS
    )


def network(outputs: int, activation: str | None) -> Any:

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((len(COLUMNS),)), layers.Dense(outputs, activation)], name="small"
    )


def signature(problem: Problem) -> dict[str, Any]:
    inputs = [{"name": name, "dtype": "float"} for name in COLUMNS]
    output: dict[str, Any] = {"name": problem.output}
    if problem.classes:
        output |= {"labels": list(problem.labels), "threshold": 0.5}
    return {
        "case": "shop",
        "kind": problem.problem_type,
        "trained_on": "real",
        "inputs": inputs,
        "output": output,
    }


@pytest.mark.parametrize(
    ("problem", "outputs", "activation"),
    [(BINARY, 1, "sigmoid"), (THREE, 3, "softmax"), (NUMBER, 1, None)],
    ids=["binary", "three", "number"],
)
def test_a_column_may_be_called_as_the_answer_is(
    problem: Problem, outputs: int, activation: str | None, tmp_path: Path
) -> None:
    frame, model = rows(), network(outputs, activation)
    fitted = fit_on(ColumnTransformer([("scale", StandardScaler(), COLUMNS)]), frame).encoder
    graph = joined(
        encoder_graph(fitted, frame, frame, ()),
        converted(model, tmp_path, "features", "answer"),
        problem,
        COLUMNS,
    )
    given = answers(graph, frame)
    assert given == pytest.approx(
        in_keras(model, fitted.transform(frame).astype("float32")), abs=1e-5
    )
    assert [entry.name for entry in graph.graph.input] == COLUMNS
    served = Graph(graph.SerializeToString(), parse(signature(problem)))
    assert served.run(feeds(frame)).reshape(given.shape) == pytest.approx(given, abs=1e-6)


def test_a_graph_without_the_output_that_is_signed_is_refused(tmp_path: Path) -> None:
    frame, model = rows(), network(1, "sigmoid")
    fitted = fit_on(ColumnTransformer([("scale", StandardScaler(), COLUMNS)]), frame).encoder
    graph: onnx.ModelProto = joined(
        encoder_graph(fitted, frame, frame, ()),
        converted(model, tmp_path, "features", "answer"),
        BINARY,
        COLUMNS,
    )
    other = signature(BINARY) | {
        "output": {"name": "chance", "labels": ["no", "yes"], "threshold": 0.5}
    }
    with pytest.raises(ValueError, match="no output chance"):
        Graph(graph.SerializeToString(), parse(other))


def test_a_number_s_gap_is_judged_on_the_scale_of_the_target() -> None:
    train, expected = np.array([0.0, 2e6]), np.array([1.0, 5e5])
    _agree(expected + 50.0, expected, train, NUMBER)
    with pytest.raises(
        CasebookError,
        match=r"differs from its own library by 0.0002 of the deviation of y, over 0.0001",
    ):
        _agree(expected + 200.0, expected, train, NUMBER)


def test_a_probability_s_gap_is_judged_as_it_is() -> None:
    _agree(np.array([0.5]), np.array([0.50009]), np.array([0.0, 1.0]), BINARY)
    with pytest.raises(CasebookError, match=r"differs from its own library by 0.0002, over 0.0001"):
        _agree(np.array([0.5]), np.array([0.5002]), np.array([0.0, 1.0]), BINARY)
    with pytest.raises(CasebookError, match=r"differs from its own library by nan"):
        _agree(np.array([np.nan]), np.array([0.5]), np.array([0.0, 1.0]), BINARY)


@pytest.mark.parametrize(
    ("problem", "answer", "expected"),
    [
        (BINARY, np.float32(0.5), {"probability": 0.5, "label": "yes"}),
        (NUMBER, np.float32(7.0), {"a b": 7.0}),
        (
            THREE,
            np.array([0.25, 0.5, 0.25]),
            {"label": "b", "probability": 0.5}
            | {
                "top": [
                    {"label": n, "probability": p}
                    for n, p in (("b", 0.5), ("a", 0.25), ("c", 0.25))
                ]
            },
        ),
    ],
    ids=["binary", "number", "three"],
)
def test_sample_answers_are_as_the_service_gives_them(
    problem: Problem, answer: Any, expected: Any
) -> None:
    assert to_response(answer, 0.5, problem) == expected
