"""The report of a run in a real browser: small, sound, readable by all, and one can move it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import needs
from tests.flows.house import House
from tests.rehearsal import browse
from tests.rehearsal.offline_model import check_offline_model
from tests.rehearsal.page_faults import page_faults, syntax_faults

if TYPE_CHECKING:
    from playwright.sync_api import Page

LARGEST = 2_500_000  # bytes


@pytest.fixture(scope="module")
def report(smoke: House) -> Path:
    return smoke.runs("fraud")[0] / "report.html"


@pytest.fixture
def opened(report: Path) -> Iterator[Page]:
    needs.chromium()
    with browse.page() as page:
        page.goto(report.as_uri())
        yield page


def test_nothing_can_be_said_against_the_report(report: Path, opened: Page) -> None:
    assert report.stat().st_size < LARGEST
    assert syntax_faults(report.read_text(encoding="utf-8")) == []
    assert page_faults(opened) == []


def test_moving_the_threshold_and_the_costs_changes_counts_and_money(opened: Page) -> None:
    def shown(name: str) -> float:
        text = opened.locator(f"[data-figure={name}]").text_content() or ""
        return float(text.replace(",", "").removesuffix(" %"))

    slider = opened.get_by_role("slider", name="threshold")
    start = (shown("detected"), shown("alerts"), shown("cost"))
    positives = shown("detected") + shown("missed")
    slider.fill("0")
    assert shown("detected") == positives
    assert shown("missed") == 0
    assert shown("alerts") == shown("detected") + shown("false_alarms")
    assert shown("cost") == 5 * shown("alerts")
    opened.get_by_label("cost of an alert").fill("1")
    assert shown("cost") == shown("alerts")
    low, high = (opened.locator("[data-band=detected]").text_content() or "").split(" – ")
    assert float(low) <= positives <= float(high)
    opened.get_by_role("button", name="Back to what serves").click()
    opened.wait_for_function("document.querySelector('form.threshold').cost_alert.value == 5")
    opened.wait_for_timeout(50)
    assert (shown("detected"), shown("alerts"), shown("cost")) == start


def test_a_long_table_shows_the_rows_that_have_a_text(opened: Page) -> None:
    rows = opened.get_by_role("row").filter(has_text="fit_baselines")
    opened.get_by_label("Show rows with").last.fill("fit_baselines")
    assert rows.count() >= 1
    assert opened.get_by_role("row").filter(has_text="measure_costs").count() == 0


def test_every_metric_leads_to_its_meaning(opened: Page) -> None:
    opened.get_by_role("link", name="AUPRC", exact=True).click()
    assert opened.evaluate("location.hash") == "#term-auprc"
    meaning = opened.locator("#term-auprc + dd")
    assert "precision-recall curve" in (meaning.text_content() or "")
    assert meaning.locator("svg").is_visible()


def test_the_page_answers_as_the_published_graph_does(smoke: House) -> None:
    check_offline_model(smoke, "fraud")
