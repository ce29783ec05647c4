"""Bookshelf: one page over all cases, their runs and their versions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from casebook import files, paths
from casebook.language import Language
from tasks.pages.render import page
from tasks.runs.overview import CaseLines

INDEX = "index.html"
SHOWN = 20  # runs of a case
WIDTH, HEIGHT = 220, 44  # of the line of figures, in pixels


def write_bookshelf(cases: Sequence[CaseLines], language: Language = "en") -> Path:
    """Write the page into the artifacts, with links to reports and cards beside it."""
    path = paths.artifacts() / INDEX
    files.write_text(path, bookshelf(cases, language))
    return path


def bookshelf(cases: Sequence[CaseLines], language: Language = "en") -> str:
    """Return the page."""
    return page("bookshelf.html", language, cases=cases, shown=SHOWN, link=_link, line=points)


def _link(target: Path) -> str:
    """Return a file's place as the page names it, so that the folder can be moved."""
    return Path(os.path.relpath(target, paths.artifacts())).as_posix()


def points(values: Sequence[float]) -> str:
    """Return figures in their order as the points of an SVG line.

    Examples
    --------
    >>> points([0.5, 0.9, 0.7])
    '4.0,40.0 110.0,4.0 216.0,22.0'
    """
    low, span = min(values), (max(values) - min(values)) or 1.0
    step = (WIDTH - 8) / max(1, len(values) - 1)
    return " ".join(
        f"{4 + place * step:.1f},{HEIGHT - 4 - (value - low) / span * (HEIGHT - 8):.1f}"
        for place, value in enumerate(values)
    )
