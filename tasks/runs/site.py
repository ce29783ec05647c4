"""Site: the page over all cases with the reports and cards that it links, as a folder to share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from casebook import files, paths
from casebook.errors import CasebookError
from casebook.language import Language
from tasks.runs.bookshelf import INDEX, SHOWN, bookshelf
from tasks.runs.overview import CaseLines

MARK = ".casebook-site"  # a folder with it may be replaced


def write_site(cases: Sequence[CaseLines], folder: Path, language: Language = "en") -> int:
    """Write the site, and return how many pages it has.

    It holds no data, no models and no records: only pages that people read, with links that work
    wherever the folder is put.

    Raises
    ------
    CasebookError
        The folder holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise CasebookError(f"{folder} is no folder: name one that does not exist yet.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise CasebookError(
            f"{folder} holds something else than a site: name another folder, or one that does "
            "not exist yet."
        )
    pages = list(_pages(cases))
    with files.new_folder(folder, replace=True) as draft:
        files.write_text(draft / INDEX, bookshelf(cases, language))
        files.write_text(draft / MARK, "written by python -m flows.site\n")
        for page in pages:
            place = draft / page.relative_to(paths.artifacts())
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(page, place)
    return 1 + len(pages)


def _pages(cases: Sequence[CaseLines]) -> Iterator[Path]:
    """Yield the pages that the index links, and those which they link."""
    for case in cases:
        for run in case.runs[:SHOWN]:
            if run.report:
                yield from sorted(run.report.parent.glob("*.html"))
        yield from (version.card for version in case.versions if version.card)
