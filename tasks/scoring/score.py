"""Score a file of rows, or a folder of such files, with the predictor that the service uses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import pyarrow as pa

from casebook.cluster import LOCAL
from casebook.device import threads
from casebook.progress import Progress
from tasks.reading.table import unmarked
from tasks.scoring.blocks import answer
from tasks.scoring.cluster import score_side_by_side
from tasks.scoring.job import Job, Tally, begun
from tasks.scoring.plan import Plan, check_columns, check_places, check_unchanged, facts, planned
from tasks.scoring.read import Source, blocks, find
from tasks.scoring.write import shaped, writing, written_schema

THREADS = 4  # at most: each holds a block and what a graph computes of it
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Scored:
    """What a scoring came to."""

    tally: Tally
    seconds: float
    version: int
    trained_on: str


def score(
    case: str,
    given: Path,
    output: Path,
    *,
    version: int | None = None,
    prefix: str = "",
    overwrite: bool = False,
    runner: str = LOCAL,
) -> Scored:
    """Write the rows of a file, or of a folder's files, with a model's predictions beside them.

    A killed scoring resumes where it stopped when it is requested again, and ends with the same
    bytes.

    Parameters
    ----------
    case, version
        The model; without a version the one that serves.
    given, output
        Two files or two folders.
    prefix
        What to put before the names of the new columns.
    overwrite
        Whether an output that is there already gives way.
    runner
        Where a folder's files are made: one after another here, or side by side by the workers of a
        Dask cluster.

    Raises
    ------
    CasebookError
        There is no such model or input, the input lacks a column or can't be read, or the output is
        there already.
    """
    started = perf_counter()
    given, output = given.resolve(), output.resolve()
    plan = planned(
        case,
        version,
        prefix,
        output.suffix.lower() if given.exists() and not given.is_dir() else None,
    )
    sources = find(given, plan.entry)
    check_places(given, output)
    for source in sources:
        check_columns(source, plan)
    with begun(output, facts(given, sources, plan), overwrite=overwrite) as job:
        size = sum(source.size for source in sources)
        with Progress(f"scoring {given.name}", size, "B") as progress:
            tallies = _score_files(job, sources, plan, runner, progress)
        check_unchanged(sources)
        job.place()
    predictor = plan.predictor
    seconds = perf_counter() - started
    return Scored(sum(tallies, Tally()), seconds, predictor.version, predictor.signature.trained_on)


def _score_files(
    job: Job, sources: Sequence[Source], plan: Plan, runner: str, progress: Progress
) -> list[Tally]:
    """Write every file, here or by the workers of a cluster."""
    if runner != LOCAL:
        return score_side_by_side(runner, job, sources, plan, score_there, progress)
    return [
        score_file(job, number, source, plan, progress) for number, source in enumerate(sources)
    ]


def score_file(job: Job, number: int, source: Source, plan: Plan, progress: Progress) -> Tally:
    """Write one file again with its predictions."""
    counted = progress.done
    place = job.draft / source.output if plan.suffix is None else job.draft
    tally = job.file(
        number, place, lambda path: write_file(path, job, number, source, plan, progress)
    )
    progress.step(
        units=counted + source.size - progress.done
    )  # also of a file that was done before
    return tally


def score_there(
    job: Job, number: int, source: Source, recipe: tuple[str, int, str, str | None]
) -> Tally:
    """Write one file, on a cluster's worker."""
    with Progress(f"scoring {source.place}", source.size, "B") as progress:
        return score_file(job, number, source, planned(*recipe), progress)


def write_file(
    path: Path, job: Job, number: int, source: Source, plan: Plan, progress: Progress
) -> Tally:
    """Read, predict and write block by block.

    Several blocks are predicted at once, and written in their order.
    """
    suffix = plan.suffix_of(source)
    schema = written_schema(source, plan.prediction_schema, suffix, _numbers(plan))

    def work(item: tuple[int, tuple[pa.RecordBatch, int]]) -> tuple[pa.RecordBatch, Tally, int]:
        place, (block, done) = item
        needed = with_path_columns(block, source, plan)
        answers, kept = job.block(
            number,
            place,
            lambda: answer(plan.predictor, needed, plan.prediction_schema, written=source.written),
        )
        rows = block.num_rows
        tally = Tally(rows, answers.faulty, answers.warned, rows if kept else 0)
        return beside(block, answers.columns, schema), tally, done

    total, before = Tally(), 0
    with writing(path, schema, source.codec) as write:
        for block, tally, done in in_order(work, enumerate(blocks(source, plan.rows))):
            write(block)
            total += tally
            progress.step(f"{total.rows:,} rows", done - before)
            before = done
    return total


def with_path_columns(block: pa.RecordBatch, source: Source, plan: Plan) -> pa.RecordBatch:
    """Return the columns that the model takes, those that stand in the file's path among them."""
    names = [field.name for field in plan.predictor.signature.inputs]
    columns = {name: block.column(name) for name in names if name in block.schema.names}
    for name in set(names) - columns.keys():
        columns[name] = pa.array([source.path_columns[name]] * block.num_rows, pa.string())
    needed = pa.RecordBatch.from_pydict({name: columns[name] for name in names})
    return unmarked(needed, source.form.missing) if source.written else needed


def beside(block: pa.RecordBatch, predictions: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a block with its predictions beside it, as it is written."""
    columns = [
        shaped(column, kind)
        for column, kind in zip([*block.columns, *predictions.columns], schema.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _numbers(plan: Plan) -> list[str]:
    signature = plan.predictor.signature
    return [field.name for field in signature.inputs if field.dtype in ("float", "integer")]


def in_order(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield the results of work on items in their order, while threads work on some next ones."""
    workers = min(THREADS, threads())
    with ThreadPoolExecutor(workers) as pool:
        under_way: deque[Future[R]] = deque()
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) > workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
