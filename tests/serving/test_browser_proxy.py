"""Pages behind a proxy that has the service below a path."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.serving.site import Site, ask, raw

Visit = Callable[..., Page]
PREFIX = "/tools/ml"


class Proxied(BaseHTTPRequestHandler):
    """Hands on what is below the prefix, without it, and notes all else."""

    server: Proxy

    def answer(self) -> None:
        if not self.path.startswith(f"{PREFIX}/"):
            self.server.strays.append(self.path)
            self.send_error(404)
            return
        length = int(self.headers.get("Content-Length", 0))
        headers = dict(self.headers.items()) | self.server.extra_headers
        body = self.rfile.read(length)
        with closing(HTTPConnection(self.server.service, timeout=60)) as service:
            service.request(self.command, self.path.removeprefix(PREFIX), body, headers)
            response = service.getresponse()
            content = response.read()
        with suppress(ConnectionError):  # a browser that goes on to the next page takes no answer
            self.hand_on(response, content)

    def hand_on(self, response: HTTPResponse, content: bytes) -> None:
        """Send the service's answer."""
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name not in ("Connection", "Transfer-Encoding", "Content-Length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Proxy(ThreadingHTTPServer):
    """A proxy, and the requests that went past the service."""

    def __init__(self, site: Site, extra_headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Proxied)
        self.service = urlsplit(site.url).netloc
        self.extra_headers = extra_headers
        self.strays: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}{PREFIX}"


@contextmanager
def proxying(site: Site, extra_headers: dict[str, str]) -> Iterator[Proxy]:
    with Proxy(site, extra_headers) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("language", "home"),
    [("en", "Models in production"), ("ko", "서비스 중인 모델")],
    ids=["en", "ko"],
)
@pytest.mark.parametrize(
    "extra_headers", [{}, {"X-Forwarded-Prefix": PREFIX}], ids=["silent", "told"]
)
def test_pages_work_below_a_path(
    site: Site, visit: Visit, extra_headers: dict[str, str], language: str, home: str
) -> None:
    with proxying(site, extra_headers) as proxy:
        page = visit(f"{proxy.url}/", language)
        expect(page.locator("h1")).to_have_text(home)
        page.get_by_role("link", name="mpg").click()
        expect(page).to_have_url(f"{proxy.url}/models/mpg")
        page.wait_for_load_state()  # the page's script answers to a click
        page.locator("#ask button").first.click()
        assert raw(page)["model"] == {"case": "mpg", "version": 4, "trained_on": "sample"}
        for link in page.locator("footer a").all():
            assert page.request.get(str(link.evaluate("each => each.href"))).ok
        page.get_by_role("link", name="한국어").click()
        expect(page).to_have_url(f"{proxy.url}/models/mpg?language=ko")
        page.get_by_role("link", name="Casebook").click()
        expect(page).to_have_url(f"{proxy.url}/?language=ko")
        assert proxy.strays == []


def test_pictures_are_asked_below_a_path(site: Site, visit: Visit) -> None:
    with proxying(site, {}) as proxy:
        page = visit(f"{proxy.url}/models/colours")
        page.locator("#sample").click()
        assert raw(page)["model"]["case"] == "colours"
        page.goto(f"{proxy.url}/models/nobody")
        page.get_by_role("link", name="count").click()
        expect(page).to_have_url(f"{proxy.url}/models/count")
        page.wait_for_load_state()  # the page's script answers to a click
        ask(page)
        assert raw(page)["model"]["case"] == "count"
        assert proxy.strays == []
