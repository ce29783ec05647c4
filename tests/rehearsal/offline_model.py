"""Compares what a report's page answers with the published graph, on rows of every kind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from tests import needs
from tests.flows.house import House
from tests.rehearsal import browse

ROWS = 100
ASK = """([form, rows]) => rows.map((row) => {
  const fields = [...form.querySelectorAll("[data-name]")];
  for (const field of fields) field.value = row[field.dataset.name] ?? "";
  fields[0].dispatchEvent(new Event("input", { bubbles: true }));
  return JSON.parse(form.dataset.answers);
})"""


def check_offline_model(home: House, case: str) -> None:
    """Ask a case's first report what its first version is asked; both have to answer the same."""
    needs.chromium()
    report, version = home.runs(case)[0] / "report.html", home.artifacts / "models" / case / "1"
    signature = json.loads((version / "signature.json").read_text(encoding="utf-8"))
    given = rows_of(signature["inputs"])
    with browse.page() as page:
        page.goto(report.as_uri())
        form = page.locator("form.offline[data-answers]")
        answered = page.evaluate(ASK, [form.element_handle(), given])
    expected = served(version / "model.onnx", given, signature["inputs"])
    assert np.array(answered) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def rows_of(inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of values as training had them, unknown words, and gaps where they may be."""
    rng = np.random.default_rng(0)
    return [{about["name"]: value_of(about, rng) for about in inputs} for _ in range(ROWS)]


def value_of(about: Mapping[str, Any], rng: np.random.Generator) -> Any:
    """Return a value for a field of a signature."""
    if about["optional"] and rng.random() < 0.2:
        return None
    if about["dtype"] != "string":
        value = rng.uniform(about["minimum"], about["maximum"])
        return round(value) if about["dtype"] == "integer" else float(np.float32(value))
    return str(rng.choice(about.get("allowed") or [*about.get("seen", []), "word, Mrs. of 7"]))


def served(
    graph: Path, rows: Sequence[Mapping[str, Any]], inputs: Sequence[Mapping[str, Any]]
) -> Any:
    """Return the graph's answers, as the service feeds it."""
    session = onnxruntime.InferenceSession(graph)
    feeds = {about["name"]: column([row[about["name"]] for row in rows], about) for about in inputs}
    return session.run(None, feeds)[0]


def column(values: Sequence[Any], about: Mapping[str, Any]) -> Any:
    """Return values as the graph's input, shape (rows, 1)."""
    if about["dtype"] == "string":
        return np.array([[value or ""] for value in values], dtype=object)
    return np.array([[np.nan if value is None else value] for value in values], dtype="float32")
