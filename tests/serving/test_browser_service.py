"""What may happen to the service while a page is open, and the key that it may want."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from serving.api_key import KEY
from tests.serving.site import Site, ask, raw, started

Visit = Callable[..., Page]
Publish = Callable[..., Path]
LIMIT = 60.0  # seconds until what must happen counts as not happening


@pytest.fixture
def own(publish: Publish) -> Iterator[Site]:
    """Serve `mpg` alone, which the test may change or stop."""
    publish("mpg", 1, 0.01)
    with started() as running:
        yield running


def test_a_version_promoted_meanwhile_answers_and_says_so(
    own: Site, visit: Visit, publish: Publish
) -> None:
    page = visit(f"{own.url}/models/mpg")
    ask(page)
    expect(page.locator("#version")).to_have_text("mpg version 1, trained on real data")
    expect(page.locator("#warnings li")).to_have_count(0)
    publish("mpg", 2, 0.02, trained_on="sample")
    end = time.monotonic() + LIMIT
    while own.get("/v1/models/mpg")["version"] != 2 and time.monotonic() < end:
        page.wait_for_timeout(50)
    ask(page)
    expect(page.locator("#version")).to_contain_text("mpg version 2, trained on sample data")
    expect(page.locator("#value")).to_have_text("mpg 60 miles per gallon")
    expect(page.locator("#warnings li")).to_contain_text("This page was made for version 1")


def test_a_service_that_was_stopped_is_told_and_one_that_is_back_is_asked(
    own: Site, visit: Visit
) -> None:
    page = visit(f"{own.url}/models/mpg")
    ask(page)
    raw(page)
    own.process.terminate()
    own.process.wait(timeout=LIMIT)
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("The service did not answer")
    expect(page.locator("#value")).to_be_empty()
    expect(page.get_by_role("button", name="Ask the model")).to_be_focused()
    with started("--port", own.url.rpartition(":")[2]):
        ask(page)
        expect(page.locator("#version")).to_contain_text("version 1")
        expect(page.locator("#error")).to_be_empty()


def test_a_model_that_was_withdrawn_is_told(own: Site, visit: Visit, tmp_path: Path) -> None:
    page = visit(f"{own.url}/models/mpg")
    (tmp_path / "models" / "mpg" / "production").unlink()
    end = time.monotonic() + LIMIT
    while own.get("/v1/models")["models"] and time.monotonic() < end:
        page.wait_for_timeout(50)
    ask(page)
    expect(page.get_by_role("alert")).to_have_text(
        "No model serves as 'mpg' any more; these do: none."
    )
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("No model serves as mpg")


def test_a_key_is_asked_for_where_the_service_wants_one_and_kept(
    publish: Publish, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("mpg", 1, 0.01)
    monkeypatch.setenv(KEY, "the-right-key-of-this-service")
    with started() as running:
        page = visit(f"{running.url}/models/mpg")
        ask(page)
        key = page.get_by_label("API key")
        expect(key).to_be_focused()
        expect(page.get_by_role("alert")).to_have_text("The service wants an API key.")
        key.fill("wrong")
        key.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The service did not take this API key.")
        key.fill("the-right-key-of-this-service")
        key.press("Enter")
        assert raw(page)["predictions"] == [{"mpg": 30.0}]
        expect(key).to_be_hidden()
        page.reload()
        ask(page)
        expect(page.locator("#value")).to_have_text("mpg 30 miles per gallon")
        expect(key).to_be_hidden()
