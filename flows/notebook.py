"""Notebook: write a Jupyter notebook that walks through a case's steps, with exercises."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from casebook import files, paths
from casebook.arguments import ArgumentParser
from casebook.case import Case
from casebook.cli import guarded
from casebook.errors import CasebookError
from casebook.language import language_of
from casebook.params import CaseParams
from flows.all import available_cases
from tasks.notebooks.notebook import notebook_of


def main(argv: Sequence[str] | None = None) -> int:
    """Write a case's notebook and print where it is; return the exit code."""
    parser = ArgumentParser(prog="python -m flows.notebook", description=__doc__)
    parser.add_argument("case", help="which case, such as fraud")
    parser.add_argument("--language", default="en", help="of its text: en or ko (default: en)")
    parser.add_argument("--output", type=Path, help="the file (default: among the artifacts)")
    given = parser.parse_args(argv)
    return guarded(lambda: write(given.case, given.language, given.output))


def write(name: str, language: str, output: Path | None) -> None:
    """Write the notebook and print its path.

    Raises
    ------
    CasebookError
        Jupyter's format is not installed.
    """
    if not find_spec("nbformat"):
        raise CasebookError('Notebooks need a library: pip install "casebook[notebooks]".')
    content = notebook_of(case_named(name), language_of(language))
    path = (output or paths.artifacts() / "notebooks" / f"{name}.ipynb").resolve()
    files.write_text(path, content)
    print(path)


def case_named(name: str) -> Case[CaseParams]:
    """Return a case.

    Raises
    ------
    CasebookError
        There is none of that name, or it works on another case.
    """
    cases = available_cases()
    if name not in cases:
        raise CasebookError(f"There is no case {name!r}. There are: {', '.join(cases)}.")
    return cases[name]


if __name__ == "__main__":
    raise SystemExit(main())
