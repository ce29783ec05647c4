"""The service's pages have nothing against them, in both languages."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from tests.rehearsal.page_faults import page_faults, syntax_faults
from tests.serving.site import CASES, Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATHS = ("/", *(f"/models/{case}" for case in CASES))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_can_be_said_against_a_page(
    site: Site, visit: Callable[..., "Page"], path: str, language: str
) -> None:
    request = Request(f"{site.url}{path}", headers={"Accept-Language": language})
    with urlopen(request, timeout=60) as response:
        assert syntax_faults(response.read().decode()) == []
    assert page_faults(visit(f"{site.url}{path}", language)) == []
