"""Case files: a drafted case as the three files of a case of one's own."""

from __future__ import annotations

import json
from pathlib import Path

from casebook import files
from casebook.catalog import Column, DataFile
from casebook.errors import CasebookError
from tasks.drafting.draft import Draft
from tasks.problem.definition import Problem

FLOW = '''\
"""{title}: predict {target}, drafted from {citation}."""

from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.explore import explore
from tasks.tables.own_table import OwnTableParams, own_table, report_notes

CASE = own_table(
    "{name}",
    Problem(
{problem}
    ),
    rows={rows},{split}
)


@case
def {name}(params: OwnTableParams = OwnTableParams()) -> Summary:
    """Predict {target} from a table of one's own."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    notes = report_notes(CASE.dataset)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile, notes))


if __name__ == "__main__":
    raise SystemExit(main("flows.{name}"))
'''


def write_case(draft: Draft, root: Path, *, replace: bool) -> None:
    """Write a drafted case's flow, suite and catalog entry into a folder of cases.

    Parameters
    ----------
    draft
        The case.
    root
        The folder, laid out as a checkout.
    replace
        Whether files of the case that are there already are written anew.

    Raises
    ------
    CasebookError
        There are other files of that case, which a person may have edited.
    """
    catalog = root / "data" / "catalog.toml"
    contents = {
        root / "flows" / f"{draft.name}.py": flow(draft),
        root / "expectations" / f"{draft.name}.json": draft.suite,
    }
    others = [path for path, text in contents.items() if _differs(path, text)]
    if others and not replace:
        raise CasebookError(
            f"{others[0]} is there already, and is not what would be written. Give the case "
            "another --name, or remove the file."
        )
    for path, text in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, text)
    catalog.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(catalog, with_entry(_read(catalog), draft))


def _differs(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") != text


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def flow(draft: Draft) -> str:
    """Return the text of a drafted case's flow."""
    return FLOW.format(
        name=draft.name,
        title=draft.entry.title.replace('"', "'"),
        target=draft.problem.target.replace('"', "'"),
        citation=draft.entry.citation.replace("\\", "/").replace('"', "'"),
        problem=_arguments(draft.problem),
        rows=draft.rows,
        split=_split(draft),
    )


def _split(draft: Draft) -> str:
    columns = {"time": draft.time, "group": draft.group}
    given = [f"{name}={_python(column)}," for name, column in columns.items() if column]
    return "".join(f"\n    {line}" for line in given)


def _arguments(problem: Problem) -> str:
    fields = problem.model_dump(exclude_defaults=True)
    return "\n".join(f"        {name}={_python(value)}," for name, value in fields.items())


def _python(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"({', '.join(map(_python, value))},)"
    return repr(value)


def with_entry(catalog: str, draft: Draft) -> str:
    """Return a catalog with a drafted case's entry in the place of an earlier one."""
    start, end = f"# {draft.name}: begin\n", f"# {draft.name}: end\n"
    before, begun, rest = catalog.partition(start)
    after = rest.partition(end)[2] if begun else ""
    return f"{before}{start}{entry(draft)}{end}{after}"


def entry(draft: Draft) -> str:
    """Return a drafted case's entry in TOML."""
    about = draft.entry.model_dump(include={"title", "folder", "licence", "citation", "limits"})
    lines = [f"[{draft.name}]", *_fields(about), f"target = {_toml(draft.entry.target)}"]
    for file in draft.entry.files:
        lines += ["", f"[[{draft.name}.files]]", *_fields(_said(file))]
    lines += ["", f"[{draft.name}.columns]"]
    for name, column in draft.entry.columns.items():
        inner = ", ".join(_fields(_said(column)))
        lines.append(f"{_toml(name)} = {{ {inner} }}")
    return "\n".join(lines) + "\n"


def _said(model: DataFile | Column) -> dict[str, object]:
    return (
        {"name": model.name, **_changed(model)}
        if isinstance(model, DataFile)
        else {
            "type": model.type,
            **_changed(model),
        }
    )


def _changed(model: DataFile | Column) -> dict[str, object]:
    return model.model_dump(exclude_defaults=True)


def _fields(values: dict[str, object]) -> list[str]:
    return [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]


def _toml(value: object) -> str:
    """Return a value as TOML writes it: texts, numbers, truths and lists are as in JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
