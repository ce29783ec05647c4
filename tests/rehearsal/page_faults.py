"""What can be said against a page: by axe-core, by an HTML parser, and by its width on a phone."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import html5lib
from axe_playwright_python.sync_playwright import Axe

from tests import needs
from tests.rehearsal import browse

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1400, "height": 900}
ID = re.compile(r'<[^>]* id="([^"]+)"')


def page_faults(page: Page) -> list[str]:
    """Return what a page has against it, at a desk and on a phone, in light and dark."""
    faults = []
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            faults += [f"{size['width']} {scheme}: {fault}" for fault in accessibility(page)]
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE["width"]:
        faults.append(f"scrolls sideways on a phone: {width}")
    return faults


def accessibility(page: Page) -> list[str]:
    """Return the violations that axe-core finds, each with the element."""
    return [
        f"{violation['id']}: {node['html'][:150]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]


def syntax_faults(html: str) -> list[str]:
    """Return the parse errors of a page of HTML, and ids that stand there twice."""
    parser = html5lib.HTMLParser()
    parser.parse(html)
    errors = [f"line {place[0]}: {code} {data}" for place, code, data in parser.errors]
    twice = [f"id {name} twice" for name, count in Counter(ID.findall(html)).items() if count > 1]
    return errors + twice


def check_page(path: Path) -> None:
    """Check that nothing can be said against a page on disk."""
    needs.chromium()
    assert syntax_faults(path.read_text(encoding="utf-8")) == []
    with browse.page() as page:
        page.goto(path.as_uri())
        assert page_faults(page) == []
