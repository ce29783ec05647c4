"""Score: what is scored with which model, and what must be right before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from casebook.catalog import DataSet, Unlisted, data_set
from casebook.errors import CasebookError
from casebook.fingerprint import library_versions
from casebook.registry import production
from casebook.versions import folder_of, versions
from serving.bundle import BrokenBundle, Predictor, load
from tasks.reading.rows import other_separator
from tasks.reading.types import holds_bytes
from tasks.scoring import cells as score_cells
from tasks.scoring.blocks import prediction_schema
from tasks.scoring.read import SUFFIXES, Source

MANY, FEW = (
    1 << 17,
    1 << 10,
)  # rows of a block: of columns, and of texts, series or pictures, which take longer


@dataclass(frozen=True)
class Plan:
    """What does not change from file to file: the predictor, and the columns it adds."""

    predictor: Predictor
    prediction_schema: pa.Schema
    suffix: str | None
    prefix: str = ""

    @property
    def recipe(self) -> tuple[str, int, str, str | None]:
        """What `planned` makes the same plan of in another process."""
        return self.predictor.signature.case, self.predictor.version, self.prefix, self.suffix

    @property
    def rows(self) -> int:
        """How many rows a block has at most."""
        return MANY if self.predictor.signature.table else FEW

    def suffix_of(self, source: Source) -> str:
        """Return the kind of file that is made of one; in a folder the kind stays."""
        return self.suffix or source.output.suffix.lower()

    @property
    def entry(self) -> DataSet | None:
        """The catalog's entry for the data set that the model was trained on, if known here."""
        name = self.predictor.manifest.get("dataset")
        try:
            return data_set(name) if isinstance(name, str) else None
        except Unlisted:  # the model was made elsewhere
            return None


def planned(case: str, version: int | None, prefix: str, suffix: str | None) -> Plan:
    """Return the plan for a case's version, or for the one that serves.

    Without a suffix, files keep their format.

    Raises
    ------
    CasebookError
        There is no such model, or it is broken.
    """
    predictor = predictor_of(case, version)
    return Plan(predictor, prediction_schema(predictor.signature, prefix), suffix, prefix)


def predictor_of(case: str, version: int | None) -> Predictor:
    """Load a version of a case, or the one that serves.

    Raises
    ------
    CasebookError
        There is none, or it is broken.
    """
    available = versions(case)
    if not available:
        raise CasebookError(
            f"No model of '{case}' was published. `python -m flows` lists the cases to run."
        )
    chosen = production(case) if version is None else version
    there = ", ".join(map(str, available))
    if chosen is None:
        raise CasebookError(
            f"No version of {case} serves; published are: {there}. Name one with --version, or let "
            f"one serve: `python -m flows.promote {case} {available[-1]}`."
        )
    if chosen not in available:
        raise CasebookError(
            f"{case} has no version {chosen}; published are: {there}. Name one of them."
        )
    try:
        return load(folder_of(case, chosen))
    except BrokenBundle as error:
        raise CasebookError(
            f"The model of {case} can't be used: version {error}. Run the case again."
        ) from error


def check_places(given: Path, output: Path) -> None:
    """Refuse an output that would end up in its own input, or is of no kind that can be written.

    Raises
    ------
    CasebookError
        It would, or it is.
    """
    if output == given or given in output.parents or output in given.parents:
        raise CasebookError(
            f"--output {output}: input and output must not lie in each other. Give another place."
        )
    if given.is_file() and (output.suffix.lower() not in SUFFIXES or output.is_dir()):
        raise CasebookError(
            f"--output {output}: a file becomes a file that ends with {' or '.join(SUFFIXES)}."
        )
    if given.is_dir() and output.is_file():
        raise CasebookError(
            f"--output {output} is a file; a folder becomes a folder. Give another place."
        )


def check_columns(source: Source, plan: Plan) -> None:
    """Raise if a file lacks a column, or has one of a wrong type or with a prediction's name.

    Raises
    ------
    CasebookError
        There is such a column; the message names all of them.
    """
    names, in_path = source.schema.names, source.path_columns
    fields = plan.predictor.signature.inputs
    lacking = [field.name for field in fields if field.name not in {*names, *in_path}]
    if lacking:
        raise CasebookError(
            f"{source.path} lacks {_columns(lacking)}, which the model needs; it has "
            f"{', '.join(names[:40])}. Add or rename; one with nothing in it will do where a value "
            f"is optional.{other_separator(names, source.form)}"
        )
    kinds = {
        field.name: source.schema.field(field.name).type for field in fields if field.name in names
    }
    unfit = [
        f"{field.name} is {kinds[field.name]}, not {field.dtype}"
        for field in fields
        if field.name in kinds
        and not score_cells.fits(field, kinds[field.name], written=source.written)
    ]
    if unfit:
        raise CasebookError(
            f"{source.path} has columns of other types than the model takes: {'; '.join(unfit)}."
        )
    check_names(source, plan)


def check_names(source: Source, plan: Plan) -> None:
    """Raise if a file has a column with a prediction's name, or bytes to be written as CSV.

    Raises
    ------
    CasebookError
        There is such a column.
    """
    names, in_path = source.schema.names, source.path_columns
    taken = [name for name in plan.prediction_schema.names if name in {*names, *in_path}]
    if taken:
        raise CasebookError(
            f"{source.path} has {_columns(taken)}, as predictions are to be called. Rename, or put "
            "something before the names of the predictions: --prefix predicted_"
        )
    held = [field.name for field in source.schema if holds_bytes(field.type)]
    if held and plan.suffix_of(source) == ".csv":
        raise CasebookError(
            f"{source.path}: {_columns(held)}: CSV can't hold bytes. Give an --output that ends "
            "with .parquet."
        )


def _columns(names: Sequence[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def facts(given: Path, sources: Sequence[Source], plan: Plan) -> dict[str, object]:
    """Return all that an output depends on: what was answered for other facts is not used."""
    manifest = json.dumps(plan.predictor.manifest, sort_keys=True).encode()
    return {
        "input": str(given),
        "files": [_facts(source) for source in sources],
        "model": [plan.predictor.version, hashlib.sha256(manifest).hexdigest()],
        "columns": plan.prediction_schema.names,
        "suffix": plan.suffix,
        "rows": plan.rows,
        "libraries": library_versions(("numpy", "onnxruntime", "pyarrow")),
    }


def _facts(source: Source) -> list[object]:
    return [str(source.place), source.size, source.changed, str(source.schema), repr(source.form)]


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
            raise CasebookError(
                f"{source.path} changed while it was scored. Run the same command again."
            )
