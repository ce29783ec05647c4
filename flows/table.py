"""Table: predict a column of a table of one's own, without writing a case first."""

import importlib
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

from pydantic import ValidationError

import flows
from casebook import outside, paths
from casebook.case import Case
from casebook.catalog import Column, DataFile
from casebook.cli import preloading
from casebook.errors import CasebookError
from casebook.language import Message, msg
from casebook.operation import Operation
from casebook.params import CaseParams, Profile
from tasks.drafting.case_files import write_case
from tasks.drafting.draft import Draft, draft
from tasks.drafting.giveaways import Leaks
from tasks.drafting.request import Request
from tasks.drafting.time_limit import plan
from tasks.tables.own_table import MOST_ROWS


def table(
    *,
    source: Annotated[str, "a file, a folder or pattern of files, an address, or a database"],
    target: Annotated[str, "the column to predict"],
    name: Annotated[str, "of the case; by default as the source is called"] = "",
    time: Annotated[str, "column by which the last rows are held back to judge by"] = "",
    group: Annotated[str, "column whose rows of one value stay together"] = "",
    leaks: Annotated[Leaks, "what to do with columns that nearly decide the target"] = "stop",
    columns: Annotated[str, "TOML file that says what columns are; a first run writes one"] = "",
    write: Annotated[str, "folder that gets the case as files of your own"] = "",
    sheet: Annotated[str, "of a spreadsheet, or the table of a database"] = "",
    separator: Annotated[str, "what parts the fields of a text file"] = "",
    encoding: Annotated[str, "of a text file, such as cp949"] = "",
    decimal: Annotated[Literal["", ".", ","], "how numbers are written"] = "",
    profile: Annotated[Profile, "how much is run"] = "standard",
    minutes: Annotated[float, "how long all may take, in place of a profile; 0 is no limit"] = 0.0,
    language: Annotated[Literal["en", "ko"], "of the report"] = "en",
) -> str:
    """Look at a table, draft a case of it, and run the case.

    The case's files (flow, expectations, catalog entry) go to the artifacts, or to the folder that
    `write` names, where they are yours to edit.

    Raises
    ------
    CasebookError
        The table can't be read, nothing can be learned of its target, or columns give the answer
        away.
    """
    began = perf_counter()
    file = _file(sheet=sheet, separator=separator, encoding=encoding, decimal=decimal)
    request = Request(source, target, name, file, _columns(columns), leaks, time, group, language)
    drafted = draft(request)
    root = Path(write).resolve() if write else paths.drafts()
    if drafted.name in _taken(root):
        raise CasebookError(
            f"There is a case '{drafted.name}' already. Give this one another --name."
        )
    write_case(drafted, root, replace=not write)
    for remark in drafted.remarks:
        print(remark.render(language), file=sys.stderr)
    extent: dict[str, object] = {"profile": profile}
    if minutes:
        planned = plan(minutes, perf_counter() - began, drafted)
        print(planned.described(minutes, drafted.rows).render(language), file=sys.stderr)
        extent = planned.params
    elif drafted.rows > MOST_ROWS:
        print(_drawn(drafted.rows).render(language), file=sys.stderr)
    case = _case(drafted, root)
    params = case.params.model_validate(
        {**extent, "language": language, "trust_columns": drafted.trusted}
    )
    with preloading(case.plan(params)):
        summary = case(params)
    return f"{summary.headline}\n{summary.report}\n{summary.next_command}"


def _drawn(rows: int) -> Message:
    """Return a remark on rows of which not all are used."""
    return msg(
        "{limit:,} of {count:,} rows are drawn to learn from and to be judged by; --max-rows of "
        "the case says otherwise.",
        limit=MOST_ROWS,
        count=rows,
    )


def _file(**fields: str) -> DataFile:
    """Return what a person says of how a file is written."""
    given = {name: value for name, value in fields.items() if value}
    return DataFile.model_validate({"name": "", **given})


def _columns(path: str) -> dict[str, Column]:
    """Return what a file says of the columns: a catalog's first entry, or columns alone."""
    if not path:
        return {}
    values = outside.parse_toml(outside.read_text(Path(path)), Path(path))
    entries = [entry for entry in values.values() if isinstance(entry, dict)]
    described = next((entry["columns"] for entry in entries if "columns" in entry), values)
    try:
        return {name: Column.model_validate(about) for name, about in described.items()}
    except ValidationError as error:
        raise CasebookError(
            f"--columns {path} is malformed: {outside.faults(error)}. Mend it there."
        ) from error


def _taken(root: Path) -> set[str]:
    """Return the names of the flows that are not in the folder."""
    others = [folder for folder in map(Path, flows.__path__) if folder != root / "flows"]
    return {path.stem for folder in others for path in folder.glob("[!_]*.py")}


def _case(drafted: Draft, root: Path) -> Case[CaseParams]:
    """Return the case that was written."""
    if root not in paths.roots():  # a stage in another process looks for the case as well
        places = [*filter(None, [os.environ.get("CASEBOOK_CASES")]), str(root)]
        os.environ["CASEBOOK_CASES"] = os.pathsep.join(places)
    folder = str(root / "flows")
    if folder not in flows.__path__:
        flows.__path__.append(folder)
    module = f"flows.{drafted.name}"
    importlib.invalidate_caches()
    sys.modules.pop(module, None)
    case: Case[CaseParams] = getattr(importlib.import_module(module), drafted.name)
    return case


operation = Operation(table)

if __name__ == "__main__":
    raise SystemExit(operation.main())
