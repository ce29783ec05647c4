"""Answer graph: a candidate of any kind, calibrated, as a graph from features to its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation.judging import softmax
from tasks.problem.calibration import probabilities
from tasks.problem.definition import Problem
from tasks.tables.blend import NETWORK, weights_of
from tasks.tables.estimators import GRAPH
from tasks.tables.network_graph import (
    converted,
    in_keras,
    load_network,
    pooled_network,
    with_head,
)
from tasks.tables.score_graph import FEATURES, SCORE, calibrated, weighted
from tasks.training.onnx_format import in_our_format


@dataclass(frozen=True)
class AnswerGraph:
    """A model's graph, and what its own library answers.

    Attributes
    ----------
    graph
        From `features` to `answer`.
    expected
        Returns the library's answers to the test part, given its features.
    parameters
        How many numbers a network learnt; 0 of any other model.
    """

    graph: onnx.ModelProto
    expected: Callable[[Any], Any]
    parameters: int = 0


def answer_graph(
    out: Path,
    trained: Ref,
    problem: Problem,
    calibration: Mapping[str, float],
    features: str = FEATURES,
) -> AnswerGraph:
    """Return a trained candidate's graph with its calibration.

    `out` is a folder to work in; `features` is what the graph calls its input.
    """
    slope, shift = calibration["slope"], calibration["shift"]
    if trained.path(NETWORK).is_file():
        network = load_network(trained.path(NETWORK))
        model = with_head(network, problem, slope, shift)
        model.save(out / "model.keras")
        graph = converted(model, out, features, "answer")
        parameters = int(network.count_params())
        return AnswerGraph(graph, lambda encoded: in_keras(model, encoded), parameters)
    scores = read_arrays(trained, "scores")["test"].astype("float64")
    graph = calibrated(score_graph_of(out, trained, problem, features), problem, slope, shift)
    return AnswerGraph(graph, lambda _: _answers(scores, problem, slope, shift))


def score_graph_of(
    out: Path, trained: Ref, problem: Problem, features: str = FEATURES
) -> onnx.ModelProto:
    """Return the graph from features to the scores of an estimator or a blend."""
    weights = weights_of(trained)
    if weights is None:
        return onnx.load(trained.path(GRAPH))
    used = {name: weight for name, weight in weights.items() if weight}
    graphs = {name: _part(out, trained.path(name), problem, features) for name in used}
    return weighted(graphs, used)


def _part(out: Path, folder: Path, problem: Problem, features: str) -> onnx.ModelProto:
    """Return the score graph of one model of a blend."""
    if (folder / GRAPH).is_file():
        return onnx.load(folder / GRAPH)
    pooled = pooled_network(load_network(folder / NETWORK), problem)
    return in_our_format(converted(pooled, out, features, SCORE))


def _answers(scores: Any, problem: Problem, slope: float, shift: float) -> Any:
    """Return calibrated answers for a library's own scores."""
    if problem.problem_type == "binary":
        return probabilities(scores, slope, shift)
    return softmax(slope * scores) if problem.problem_type == "multiclass" else np.asarray(scores)
