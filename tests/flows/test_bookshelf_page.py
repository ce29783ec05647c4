"""The page over all runs in a real browser: it sorts by click and key, and fits a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows import runs
from tests import needs
from tests.flows.test_listings import leave_run
from tests.rehearsal import browse
from tests.rehearsal.page_faults import page_faults

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = 390


def column(page: Page, number: int) -> list[str]:
    cells = page.locator(f"table tr td:nth-child({number})").all_inner_texts()
    return [cell.split(" ")[1] for cell in cells]


def test_rows_are_sorted_by_a_click_and_by_enter(artifacts: Path) -> None:
    needs.chromium()
    for day, value in enumerate((9.8, 10.4, 0.7), 1):
        leave_run("fraud", f"2026010{day}T000000-a", value)
    assert runs.main([]) == 0
    with browse.page() as page:
        page.goto((artifacts / "index.html").as_uri())
        assert page_faults(page) == []
        page.set_viewport_size({"width": PHONE, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        head = page.locator("th", has_text="metric")
        head.click()
        assert column(page, 5) == ["0.700", "9.80", "10.4"]
        assert head.get_attribute("aria-sort") == "ascending"
        head.press("Enter")
        assert column(page, 5) == ["10.4", "9.80", "0.700"]
        page.locator("th", has_text="run").click()
        assert column(page, 5) == ["9.80", "10.4", "0.700"]
