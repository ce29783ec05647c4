"""Use Prefect's pages as a person does, in Chromium.

A case's form is filled, and the run is started and looked at.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from casebook.errors import CasebookError

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUSY, ATTEMPTS, PAUSE = 503, 20, 1_000  # a status; how often to press, milliseconds between
LIMIT = 60_000  # milliseconds until what must happen counts as not happening


@contextmanager
def page() -> Iterator[Page]:
    """Give an empty page of the system's Chromium.

    Raises
    ------
    CasebookError
        There is none.
    """
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise CasebookError(
            f"None of {', '.join(BROWSERS)} is there: install one (Debian: apt install chromium)."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        opened = browser.new_page()
        opened.set_default_timeout(LIMIT)
        try:
            yield opened
        finally:
            browser.close()


def start_run(
    page: Page, ui: str, case: str, texts: Mapping[str, str], choices: Mapping[str, str]
) -> UUID:
    """Fill in and send the form of a case's deployment.

    Return the run that is started, with its page open.
    """
    open_form(page, ui, case)
    for label, text in texts.items():
        fill(page, label, text)
    for label, choice in choices.items():
        field(page, label).locator(".p-select-button__control").press("ArrowDown")
        page.get_by_text(choice, exact=True).click()
    run = UUID(submit(page)["id"])
    page.goto(f"{ui}/runs/flow-run/{run}")
    return run


def open_form(page: Page, ui: str, deployment: str) -> None:
    """Find a deployment from the first page on, and open the form that starts a run of it."""
    page.goto(ui)
    page.get_by_text("Deployments", exact=True).first.click()
    page.get_by_placeholder("Search deployments").fill(deployment)
    page.get_by_role("link", name=deployment, exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").first.click()


def field(page: Page, label: str) -> Locator:
    """Return the field with a label.

    It is the innermost part of the page that also has the field's description and the switch of its
    kind.
    """
    named = page.locator(".schema-form-property__label", has_text=re.compile(rf"^{label}\b"))
    return page.locator(".schema-form-property").filter(has=named).last


def fill(page: Page, label: str, text: str, kind: str = "") -> None:
    """Fill a field; one that may be left out is first switched to its kind, such as `int`."""
    if kind:
        field(page, label).get_by_text(kind, exact=True).click()
    field(page, label).locator("textarea, input").first.fill(text)


def send(page: Page) -> None:
    """Press the form's button."""
    page.get_by_role("button", name="Submit").click()


def submit(page: Page) -> Any:
    """Press the form's button, and return what the server says of the new run.

    A server whose database is busy answers 503, and the form stays: a person presses again. The run
    may have been made all the same, so there may be two.
    """
    for _ in range(ATTEMPTS):
        with page.expect_response(re.compile("/create_flow_run$")) as answer:
            send(page)
        if answer.value.status != BUSY:
            return answer.value.json()
        page.wait_for_timeout(PAUSE)
    raise CasebookError(f"The server was busy {ATTEMPTS} times in a row: {answer.value.text()}")
