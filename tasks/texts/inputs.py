"""Texts as what a model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from casebook.array_types import Float64Array, UInt64Array
from casebook.store import Ref
from casebook.words import normalized, numbered, padded
from serving.graph import TOKENS, Arrays
from tasks.data.row_hash import row_hashes
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.problem.targets import truth
from tasks.tables.features import read_raw
from tasks.texts.export import answers, export_texts
from tasks.texts.features import plain, vocabulary_in


@dataclass(frozen=True)
class Texts:
    """A text in a column of a table."""

    column: str

    def findings(
        self, data: PreparedData, networks: Mapping[str, Sequence[Ref]], evaluation: Ref
    ) -> list[Ref]:
        """Return nothing: no more is found out than how the candidates compare."""
        return []

    def export(self, data: PreparedData, networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion, which takes the numbers of a text's tokens, and its vocabulary."""
        return export_texts(data.parts[0], networks, evaluation, data.raw, data.problem)

    def measure_costs(self, data: PreparedData, networks: Mapping[str, Ref]) -> Ref | None:
        """Measure nothing: the best on validation serves, whatever its speed."""
        return None

    def targets(self, parts: Ref, part: str, problem: Problem) -> Float64Array:
        """Return the target column as numbers."""
        return truth(read_raw(parts, part), problem)

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> Float64Array:
        """Return a version's answers to the test texts."""
        graph = onnx.load(folder / "model.onnx")
        texts = plain(read_raw(parts, "test")[self.column])
        return answers(graph, vocabulary_in(folder), texts, problem.output).astype("float64")

    def hashes(self, parts: Ref, part: str, problem: Problem) -> UInt64Array:
        """Return a hash of each text as it is read."""
        texts = read_raw(parts, part)[self.column].fillna("").map(normalized)
        return row_hashes(texts.to_frame())

    def inputs(self, folder: Path, parts: Ref) -> Arrays:
        """Return the numbers of the tokens."""
        texts = plain(read_raw(parts, "train")[self.column])
        return {TOKENS: padded(numbered(texts, vocabulary_in(folder)))}
