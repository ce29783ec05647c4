"""Score: answer a file of rows, or a folder of such files, with the predictor that the service answers with."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from casebook import places
from casebook.device import threads
from casebook.errors import CasebookError
from casebook.fingerprint import library_versions
from casebook.progress import Progress
from serving.bundle import BrokenBundle, Predictor, load
from tasks import score_cells
from tasks.publish import production, versions
from tasks.score_blocks import answer, columns_told
from tasks.score_job import Job, Tally, begun
from tasks.score_tables import SUFFIXES, Source, blocks, codec, find, shaped, writing, written_schema

if TYPE_CHECKING:
    import pyarrow as pa

MANY, FEW = 1 << 17, 1 << 10  # rows of a block: of columns, and of texts, series or pictures, which take longer
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


@dataclass(frozen=True)
class Plan:
    """What does not change from file to file: the predictor, and the columns it adds."""

    predictor: Predictor
    told: "pa.Schema"
    suffix: str | None

    @property
    def rows(self) -> int:
        """How many rows a block has at most."""
        return MANY if self.predictor.signature.table else FEW

    def suffix_of(self, source: Source) -> str:
        """Return the kind of file that is made of one; in a folder the kind stays."""
        return self.suffix or source.path.suffix


def score(
    case: str, given: Path, output: Path, *, version: int | None = None, prefix: str = "", overwrite: bool = False
) -> Scored:
    """Write the rows of a file, or of a folder's files, again with a model's predictions beside them.

    A killed scoring goes on where it stopped when it is asked for again, and ends with the same bytes.

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

    Raises
    ------
    CasebookError
        There is no such model or input, the input lacks a column or can't be read, or the output is there already.
    """
    started = perf_counter()
    given, output = given.resolve(), output.resolve()
    predictor = predictor_of(case, version)
    sources = find(given)
    plan = Plan(predictor, columns_told(predictor.signature, prefix), output.suffix if given.is_file() else None)
    check_places(given, output)
    for source in sources:
        check_columns(source, plan)
    with begun(output, facts(given, sources, plan), overwrite=overwrite) as job:
        with Progress(f"scoring {given.name}", sum(source.size for source in sources), "B") as progress:
            tallies = [score_file(job, number, source, plan, progress) for number, source in enumerate(sources)]
        check_unchanged(sources)
        job.place()
    trained_on = predictor.signature.trained_on
    return Scored(sum(tallies, Tally()), perf_counter() - started, predictor.version, trained_on)


def predictor_of(case: str, version: int | None) -> Predictor:
    """Load a version of a case, or the one that serves.

    Raises
    ------
    CasebookError
        There is none, or it is broken.
    """
    known = versions(case)
    if not known:
        raise CasebookError(f"No model of '{case}' was published. `python -m flows` lists the cases to run.")
    chosen = production(case) if version is None else version
    there = ", ".join(map(str, known))
    if chosen is None:
        raise CasebookError(
            f"No version of {case} serves; published are: {there}. Name one with --version, or let one serve: "
            f"`python -m flows.promote {case} {known[-1]}`."
        )
    if chosen not in known:
        raise CasebookError(f"{case} has no version {chosen}; published are: {there}. Name one of them.")
    try:
        return load(places.models(case) / str(chosen))
    except BrokenBundle as error:
        raise CasebookError(f"The model of {case} can't be used: version {error}. Run the case again.") from error


def check_places(given: Path, output: Path) -> None:
    """Refuse an output that would end up in its own input, or is of no kind that can be written.

    Raises
    ------
    CasebookError
        It would, or it is.
    """
    if output == given or given in output.parents or output in given.parents:
        raise CasebookError(f"--output {output}: input and output must not lie in each other. Give another place.")
    if given.is_file() and (output.suffix not in SUFFIXES or output.is_dir()):
        raise CasebookError(f"--output {output}: a file becomes a file that ends with {' or '.join(SUFFIXES)}.")
    if given.is_dir() and output.is_file():
        raise CasebookError(f"--output {output} is a file; a folder becomes a folder. Give another place.")


def check_columns(source: Source, plan: Plan) -> None:
    """Refuse a file that lacks a column, or has one of an impossible type or of a prediction's name.

    Raises
    ------
    CasebookError
        It lacks or has one; the message names all of them.
    """
    names, in_path = source.schema.names, source.path_columns
    fields = plan.predictor.signature.inputs
    lacking = [field.name for field in fields if field.name not in {*names, *in_path}]
    if lacking:
        raise CasebookError(
            f"{source.path} lacks {_columns(lacking)}, which the model needs; it has {', '.join(names[:40])}. Add or "
            "rename; one with nothing in it will do where a value is optional."
        )
    kinds = {field.name: source.schema.field(field.name).type for field in fields if field.name in names}
    unfit = [
        f"{field.name} is {kinds[field.name]}, not {field.dtype}"
        for field in fields
        if field.name in kinds and not score_cells.fits(field, kinds[field.name], written=source.written)
    ]
    if unfit:
        raise CasebookError(f"{source.path} has columns of other types than the model takes: {'; '.join(unfit)}.")
    taken = [name for name in plan.told.names if name in {*names, *in_path}]
    if taken:
        raise CasebookError(
            f"{source.path} has {_columns(taken)}, as predictions are to be called. Rename, or put something before "
            "the names of the predictions: --prefix predicted_"
        )


def _columns(names: Sequence[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def facts(given: Path, sources: Sequence[Source], plan: Plan) -> dict[str, object]:
    """Return all that an output depends on: what was answered for other facts is not used."""
    manifest = json.dumps(plan.predictor.manifest, sort_keys=True).encode()
    return {
        "input": str(given),
        "files": [[str(source.place), source.size, source.changed, str(source.schema)] for source in sources],
        "model": [plan.predictor.version, hashlib.sha256(manifest).hexdigest()],
        "columns": plan.told.names,
        "suffix": plan.suffix,
        "rows": plan.rows,
        "libraries": library_versions(("numpy", "onnxruntime", "pyarrow")),
    }


def check_unchanged(sources: Sequence[Source]) -> None:
    """Refuse a result of files that were written to meanwhile.

    Raises
    ------
    CasebookError
        One was.
    """
    for source in sources:
        now = source.path.stat() if source.path.is_file() else None
        if now is None or (now.st_size, now.st_mtime_ns) != (source.size, source.changed):
            raise CasebookError(f"{source.path} changed while it was scored. Run the same command again.")


def score_file(job: Job, number: int, source: Source, plan: Plan, progress: Progress) -> Tally:
    """Write one file again with its predictions."""
    counted = progress.done
    place = job.made / source.place if plan.suffix is None else job.made
    tally = job.file(number, place, lambda path: write_file(path, job, number, source, plan, progress))
    progress.step(units=counted + source.size - progress.done)  # also of a file that was done before
    return tally


def write_file(path: Path, job: Job, number: int, source: Source, plan: Plan, progress: Progress) -> Tally:
    """Read, answer and write block by block: some are answered at once, and written in their order."""
    suffix = plan.suffix_of(source)
    schema = written_schema(source, plan.told, suffix, _numbers(plan))
    kind = codec(source)

    def work(item: "tuple[int, tuple[pa.RecordBatch, int]]") -> "tuple[pa.RecordBatch, Tally, int]":
        place, (block, done) = item
        needed = with_path_columns(block, source, plan)
        answers, kept = job.block(
            number, place, lambda: answer(plan.predictor, needed, plan.told, written=source.written)
        )
        rows = block.num_rows
        tally = Tally(rows, answers.faulty, answers.warned, rows if kept else 0)
        return beside(block, answers.columns, schema), tally, done

    total, before = Tally(), 0
    with writing(path, schema, kind) as write:
        for block, tally, done in in_order(work, enumerate(blocks(source, plan.rows))):
            write(block)
            total += tally
            progress.step(f"{total.rows:,} rows", done - before)
            before = done
    return total


def with_path_columns(block: "pa.RecordBatch", source: Source, plan: Plan) -> "pa.RecordBatch":
    """Return the columns that the model takes, those that stand in the file's path among them."""
    import pyarrow as pa

    names = [field.name for field in plan.predictor.signature.inputs]
    found = {name: block.column(name) for name in names if name in block.schema.names}
    for name in set(names) - found.keys():
        found[name] = pa.array([source.path_columns[name]] * block.num_rows, pa.string())
    return pa.RecordBatch.from_pydict({name: found[name] for name in names})


def beside(block: "pa.RecordBatch", told: "pa.RecordBatch", schema: "pa.Schema") -> "pa.RecordBatch":
    """Return a block with its predictions beside it, as it is written."""
    import pyarrow as pa

    columns = [shaped(column, kind) for column, kind in zip([*block.columns, *told.columns], schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _numbers(plan: Plan) -> list[str]:
    signature = plan.predictor.signature
    return [field.name for field in signature.inputs if field.dtype in ("float", "integer")]


def in_order(work: "Callable[[T], R]", items: "Iterable[T]") -> "Iterator[R]":
    """Yield the results of work on items in their order, while some next ones are worked on in threads."""
    most = min(THREADS, threads())
    with ThreadPoolExecutor(most) as pool:
        under_way: deque[Future[R]] = deque()
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) > most:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
