"""Models: list the published versions of one case or of all, and which of them serve."""

from collections.abc import Sequence

from casebook.arguments import ArgumentParser
from casebook.cli import guarded
from casebook.errors import CasebookError
from tasks.runs.overview import VersionLine, overview


def main(argv: Sequence[str] | None = None) -> int:
    """Print the versions; return the exit code."""
    parser = ArgumentParser(prog="python -m flows.models", description=__doc__)
    parser.add_argument("case", nargs="?", default="", help="such as fraud; by default all")
    given = parser.parse_args(argv)
    return guarded(lambda: show(given.case))


def show(case: str) -> None:
    """Print the versions of one case, or of all.

    Raises
    ------
    CasebookError
        There is none.
    """
    cases = [lines for lines in overview(case) if lines.versions]
    if not cases:
        raise CasebookError(
            f"No version {f'of {case} ' if case else ''}is published here. Run a case first, for "
            "example `python -m flows.fraud`."
        )
    for lines in cases:
        print(lines.case)
        print("\n".join(map(line, lines.versions)))


def line(version: VersionLine) -> str:
    """Return a version on one line.

    Examples
    --------
    >>> line(VersionLine(2, True, "real", "2026-11-30", "AUPRC 0.914 (0.870 to 0.950)", None))
    '  2  serves  trained on real data, 2026-11-30  AUPRC 0.914 (0.870 to 0.950)'
    """
    state = "serves" if version.serves else "-"
    about = f"trained on {version.trained_on} data, {version.created}"
    return f"  {version.version:<2} {state:7} {about}  {version.figure}".rstrip()


if __name__ == "__main__":
    raise SystemExit(main())
