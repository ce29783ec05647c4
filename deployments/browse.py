"""What a person does in Prefect's pages: a case's form is filled, the run is started and looked at, in Chromium."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from casebook.errors import CasebookError

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LIMIT = 60_000  # milliseconds until what must happen counts as not happening


@contextmanager
def page() -> "Iterator[Page]":
    """Give an empty page of the system's Chromium.

    Raises
    ------
    CasebookError
        There is none.
    """
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise CasebookError(f"None of {', '.join(BROWSERS)} is there: install one (Debian: apt install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        opened = browser.new_page()
        opened.set_default_timeout(LIMIT)
        try:
            yield opened
        finally:
            browser.close()


def start_run(page: "Page", ui: str, case: str, texts: Mapping[str, str], choices: Mapping[str, str]) -> UUID:
    """Fill the form of a case's deployment and send it; return the run that is begun."""
    open_form(page, ui, case)
    for label, text in texts.items():
        page.get_by_label(label).fill(text)
    for label, choice in choices.items():
        page.get_by_label(label).click()
        page.get_by_role("option", name=choice, exact=True).click()
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("link", name="View run").click()
    page.wait_for_url("**/flow-run/*")
    return UUID(page.url.split("/flow-run/")[1][:36])


def open_form(page: "Page", ui: str, deployment: str) -> None:
    """Find a deployment from the first page on, and open the form that starts a run of it."""
    page.goto(ui)
    page.get_by_role("link", name="Deployments").first.click()
    page.get_by_placeholder("Search deployments").fill(deployment)
    page.get_by_role("link", name=deployment, exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Custom run").click()
