"""Runs: list the runs of one case or of all, and write a page over them."""

from collections.abc import Sequence

from casebook.arguments import ArgumentParser
from casebook.cli import guarded
from casebook.errors import CasebookError
from casebook.language import language_of
from tasks.runs.bookshelf import write_bookshelf
from tasks.runs.overview import CaseLines, overview

SHOWN = 10  # runs of a case


def main(argv: Sequence[str] | None = None) -> int:
    """Print the newest runs, and the path of the page; return the exit code."""
    parser = ArgumentParser(prog="python -m flows.runs", description=__doc__)
    parser.add_argument("case", nargs="?", default="", help="such as fraud; by default all")
    parser.add_argument("--language", default="en", help="of the page: en or ko (default: en)")
    given = parser.parse_args(argv)
    return guarded(lambda: show(given.case, given.language))


def show(case: str, language: str) -> None:
    """Print the runs of one case, or of all.

    Raises
    ------
    CasebookError
        A case was named that has never been run here.
    """
    spoken = language_of(language)
    cases = overview()
    chosen = [lines for lines in cases if lines.runs and case in ("", lines.case)]
    if not chosen:
        names = ", ".join(lines.case for lines in cases if lines.runs) or "none"
        raise CasebookError(
            f"There is no run {f'of {case} ' if case else ''}here. Cases with runs: {names}."
        )
    for lines in chosen:
        print(f"{lines.case}\n{table(lines)}\n")
    print(write_bookshelf(cases, spoken))


def table(lines: CaseLines) -> str:
    """Return a line for each of a case's newest runs."""
    rows = [
        f"  {run.run_id:24} {run.status:10} {run.profile:9} {run.data:10} "
        f"{run.figure:36} {run.published}".rstrip()
        for run in lines.runs[:SHOWN]
    ]
    more = len(lines.runs) - SHOWN
    return "\n".join([*rows, f"  and {more} older ones"] if more > 0 else rows)


if __name__ == "__main__":
    raise SystemExit(main())
