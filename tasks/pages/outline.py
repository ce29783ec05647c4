"""Outline: what makes a long page one that people find their way in, with eyes or without."""

from __future__ import annotations

import itertools
import re

CAPTION = re.compile(r'<div class="scroll"><table>\s*<caption>(.*?)</caption>', re.S)
HEADING = re.compile(r"<h2>(.*?)</h2>", re.S)
FIRST_SECTION = re.compile(r"</header>")
FEWEST = 4  # sections from which a list of them is worth its room


def outlined(page: str, contents: str, table: str) -> str:
    """Return a page whose sections can be reached from a list below its header.

    The headers of tables say what they head. A table that is wider than the window can be scrolled
    by keyboard, and its caption stands above it, where it is not cut off.

    Parameters
    ----------
    page
        HTML.
    contents, table
        What the list, and a table without a caption, are called for those who hear the page.

    Examples
    --------
    >>> outlined("<header></header><h2>Data</h2><th>unit</th>", "Contents", "Table")
    '<header></header><h2 id="section-1">Data</h2><th scope="col">unit</th>'
    """
    headings: list[str] = HEADING.findall(page)
    numbers = iter(range(1, len(headings) + 1))
    page = HEADING.sub(lambda match: f'<h2 id="section-{next(numbers)}">{match[1]}</h2>', page)
    page = re.sub(r"<th(?=[ >])", '<th scope="col"', page)
    tables = itertools.count(1)
    page = CAPTION.sub(lambda match: _captioned(match[1], next(tables)), page)
    page = re.sub(r'<div class="scroll">', lambda _: _region(table, next(tables)), page)
    if len(headings) < FEWEST:
        return page
    links = "".join(
        f'<li><a href="#section-{number}">{heading}</a></li>'
        for number, heading in enumerate(headings, 1)
    )
    listed = f'</header>\n<nav aria-label="{contents}"><ol>{links}</ol></nav>'
    return FIRST_SECTION.sub(lambda _: listed, page, count=1)


def _region(table: str, number: int) -> str:
    """Return the opening of a table without a caption; screen readers list it by its number."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{table} {number}">'


def _captioned(caption: str, number: int) -> str:
    return (
        f'<p class="soft" id="table-{number}">{caption}</p>\n'
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="table-{number}"><table>'
    )
