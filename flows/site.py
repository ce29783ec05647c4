"""Site: write the page over all cases, with their reports and cards, as a folder to share."""

from collections.abc import Sequence
from pathlib import Path

from casebook.arguments import ArgumentParser
from casebook.cli import guarded
from casebook.language import language_of
from tasks.runs.overview import overview
from tasks.runs.site import write_site


def main(argv: Sequence[str] | None = None) -> int:
    """Write the site and print where it is; return the exit code."""
    parser = ArgumentParser(prog="python -m flows.site", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder for it; one that is a site is replaced")
    parser.add_argument("--language", default="en", help="of the index: en or ko (default: en)")
    given = parser.parse_args(argv)
    return guarded(lambda: show(given.folder, given.language))


def show(folder: Path, language: str) -> None:
    """Write the site and print its index."""
    spoken = language_of(language)
    pages = write_site(overview(), folder.resolve(), spoken)
    print(f"{pages} pages")
    print(folder.resolve() / "index.html")


if __name__ == "__main__":
    raise SystemExit(main())
