"""Score: the predictions of one block of rows, and the faults of those that have none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy import typing as npt

from casebook.array_types import IntpArray
from serving import predictions
from serving.bundle import NO_ANSWER, AnyReader, Predictor, unanswered
from serving.check import Refused
from serving.check_columns import Sorted, sort_out
from serving.graph import Arrays, Scores
from serving.signature import Signature
from tasks.scoring import cells as score_cells

Values: TypeAlias = "Sequence[object] | npt.NDArray[np.generic]"

Faults = dict[int, list[str]]  # by row
FAULT = "fault"


@dataclass(frozen=True)
class Answers:
    """A block's predictions, null where a row has a fault.

    How many have one, and how many leave the known range.
    """

    columns: pa.RecordBatch
    faulty: int
    warned: int


def prediction_schema(signature: Signature, prefix: str) -> pa.Schema:
    """Return the names and types of the columns that scoring adds."""
    number, many = pa.float32(), pa.list_(pa.float32())
    ranking = pa.list_(pa.struct([("label", pa.string()), ("probability", number)]))
    columns = {
        "binary": {signature.output.name: number, "label": pa.string()},
        "regression": {signature.output.name: number},
        "multiclass": {"label": pa.string(), "probability": number, "top": ranking},
        "forecast": dict.fromkeys(predictions.BANDS, many),
    }[signature.kind]
    return pa.schema(
        [(prefix + name, kind) for name, kind in {**columns, FAULT: pa.string()}.items()]
    )


def answer(
    predictor: Predictor, block: pa.RecordBatch, schema: pa.Schema, *, written: bool
) -> Answers:
    """Answer a block of rows.

    Parameters
    ----------
    predictor
        The service's own.
    block
        The model's columns.
    schema
        What `prediction_schema` returned.
    written
        Whether the file is one of texts alone.
    """
    divided = parted(predictor, block, written=written)
    faults, rows, scores = predict(predictor, divided)
    predicted = (
        [*predictions.columns(predictor.signature, scores).values()]
        if scores is not None and len(scores)
        else []
    )
    return Answers(
        _columns(schema, block.num_rows, predicted, rows, faults), len(faults), divided.warned
    )


def parted(predictor: Predictor, block: pa.RecordBatch, *, written: bool) -> Sorted:
    """Part a block's rows into those that the model can answer and those that have a fault."""
    fields = predictor.signature.inputs
    if not predictor.signature.table:
        return read_rows(predictor.reader, score_cells.rows(fields, block, written=written))
    columns = {field.name: score_cells.column(field, block.column(field.name)) for field in fields}
    return sort_out(fields, columns, block.num_rows)


def read_rows(reader: AnyReader, rows: Sequence[Mapping[str, object]]) -> Sorted:
    """Part rows into sound and faulty ones, by a reader of requests."""
    faults: Faults = {}
    try:
        checked = reader.read(rows)
    except Refused:  # it lists no more than a request's client can read: ask about each row
        for row, instance in enumerate(rows):
            try:
                reader.read([instance])
            except Refused as error:
                faults[row] = [f"{fault.field}: {fault.problem}" for fault in error.faults]
        sound = [row for row in range(len(rows)) if row not in faults]
        if not sound:
            return Sorted({}, np.empty(0, dtype=np.intp), faults, 0)
        checked = reader.read([rows[row] for row in sound])
    numbers = np.array([row for row in range(len(rows)) if row not in faults], dtype=np.intp)
    return Sorted(checked.feeds, numbers, faults, checked.warned_rows)


def predict(predictor: Predictor, parted: Sorted) -> tuple[Faults, IntpArray, Scores | None]:
    """Have the graph answer the sound rows.

    Return all faults, the answered rows in their order, and their scores.
    """
    faults, rows, scores = dict(parted.faults), [], []
    for places, given in (
        _in_parts(predictor, parted.feeds, parted.sound) if len(parted.sound) else ()
    ):
        if isinstance(given, str):
            faults[int(places[0])] = [given]
            continue
        endless = unanswered(given)
        faults |= {row: [NO_ANSWER] for row in places[endless].tolist()}
        rows.append(np.delete(places, endless))
        scores.append(np.delete(given, endless, axis=0))
    if not rows:
        return faults, parted.sound[:0], None
    return faults, np.concatenate(rows), np.concatenate(scores)


def _in_parts(
    predictor: Predictor, feeds: Arrays, rows: IntpArray
) -> Iterator[tuple[IntpArray, Scores | str]]:
    """Yield rows with their scores.

    A row that the graph can't work with stands alone, with the reason.
    """
    try:
        yield rows, predictor.graph.run(feeds)
    except Refused as error:
        if len(rows) == 1:
            yield rows, error.faults[0].problem
            return
        for half in (slice(len(rows) // 2), slice(len(rows) // 2, None)):
            yield from _in_parts(
                predictor, {name: given[half] for name, given in feeds.items()}, rows[half]
            )


def _columns(
    schema: pa.Schema, count: int, predicted: Sequence[Values], rows: IntpArray, faults: Faults
) -> pa.RecordBatch:
    """Return the new columns of a block, with each prediction at its row's place."""
    kinds = schema.types[:-1]
    if predicted:
        columns = [
            _spread(column, kind, count, rows)
            for column, kind in zip(predicted, kinds, strict=True)
        ]
    else:  # no row was sound
        columns = [pa.nulls(count, kind) for kind in kinds]
    why = (
        [None] * count
        if not faults
        else ["; ".join(faults[row]) if row in faults else None for row in range(count)]
    )
    return pa.RecordBatch.from_arrays([*columns, pa.array(why, pa.string())], schema=schema)


def _spread(values: Values, kind: pa.DataType, count: int, rows: IntpArray) -> pa.Array:
    """Return predictions as a column of the whole block, null in rows that have none."""
    column = pa.array(values, kind)
    if len(rows) == count:
        return column
    places = np.full(count, -1)
    places[rows] = np.arange(len(rows))
    return column.take(pa.array(places, mask=places < 0))
