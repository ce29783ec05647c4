"""Export texts: one ONNX graph from the numbers of a text's tokens to a probability.

Its vocabulary is written beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from casebook import files
from casebook.array_types import Float32Array
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from casebook.words import Vocabulary, numbered, padded
from serving.graph import TOKENS
from tasks.evaluation.evaluate import results
from tasks.problem.definition import Problem
from tasks.problem.signature import heading
from tasks.tables.answer_graph import answer_graph
from tasks.tables.export import SAMPLE_ROWS, to_response
from tasks.tables.network_graph import rename
from tasks.texts.features import VOCABULARY, plain, vocabulary_of
from tasks.training.onnx_format import TOLERANCE

INPUT = "text"
COMPARED = 1000  # test texts on which the graph is held to the model itself
BLOCK = 64  # texts at once
LONGEST = 500  # characters that a text may have; reviews have 140


@stage
def export_texts(
    out: Path, parts: Ref, trained: Mapping[str, Ref], evaluation: Ref, raw: Ref, problem: Problem
) -> Facts:
    """Export the champion as `model.onnx`, and a network also as `model.keras`.

    Also writes its vocabulary, its signature, and sample texts with answers.

    Raises
    ------
    CasebookError
        The graph's probabilities differ from those of the model's own library by more than 1e-4 on
        some test text.
    """
    result = results(evaluation)
    champion = str(result["champion"])
    calibration = result["calibration"][champion]
    vocabulary = vocabulary_of(trained[champion])
    exported = answer_graph(out, trained[champion], problem, calibration, TOKENS)
    graph = exported.graph
    rename(graph, "answer", problem.output)
    texts = plain(read_table(parts, "test")[problem.text_column].head(COMPARED))
    expected = exported.expected(padded(numbered(texts, vocabulary)))[: len(texts)]
    gap = float(abs(answers(graph, vocabulary, texts, problem.output) - expected).max())
    if not gap <= TOLERANCE:
        raise CasebookError(
            f"The exported graph differs from the model's own library by {gap:.2g} on test texts, "
            f"over {TOLERANCE:g}."
        )
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    files.write_text(out / VOCABULARY, vocabulary.model_dump_json())
    files.write_json(out / "signature.json", signature(problem, raw, calibration["threshold"]))
    _samples(out, texts, expected, calibration["threshold"], problem)
    return {
        "dataset": raw.facts["dataset"],
        "champion": champion,
        "parameters": trained[champion].facts["parameters"],
        "inputs": 1,
        "gap": gap,
    }


def _samples(
    out: Path,
    texts: Sequence[str | None],
    expected: Float32Array,
    limit: float,
    problem: Problem,
) -> None:
    """Write the first test texts that say something, and what is answered to them."""
    rows = [row for row, text in enumerate(texts) if text and text.strip()][:SAMPLE_ROWS]
    instances = [{INPUT: texts[row]} for row in rows]
    predictions = [to_response(expected[row], limit, problem) for row in rows]
    files.write_json(out / "sample_request.json", {"instances": instances})
    files.write_json(out / "sample_response.json", {"predictions": predictions})


def signature(problem: Problem, raw: Ref, threshold: float) -> dict[str, Any]:
    """Describe the text that the model takes, and its output.

    The service turns the text into numbers.
    """
    about = "what somebody wrote; null where nothing was written"
    given = {
        "name": INPUT,
        "dtype": "text",
        "unit": None,
        "optional": True,
        "longest": LONGEST,
        "description": about,
    }
    output = {
        "name": problem.output,
        "unit": None,
        "description": f"probability that it is {problem.labels[1]}",
    }
    return {
        **heading(raw, problem),
        "inputs": [given],
        "output": output | {"labels": list(problem.labels), "threshold": threshold},
    }


def answers(
    graph: onnx.ModelProto, vocabulary: Vocabulary, texts: Sequence[str | None], output: str
) -> Float32Array:
    """Return the graph's probability of each text."""
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    blocks = (
        padded(numbered(texts[i : i + BLOCK], vocabulary)) for i in range(0, len(texts), BLOCK)
    )
    return np.concatenate([session.run([output], {TOKENS: block})[0][:, 0] for block in blocks])
