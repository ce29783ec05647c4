"""What a proxy says is believed only as far as it can do no harm."""

import logging
import re

import pytest
from flask.testing import FlaskClient

RELATIVE = re.compile(r"(\.{1,2}/|static/|models/|health/|openapi|metrics|predict|\?).*")
PAGES = ("/", "/models/fraud", "/predict")


def links(client: FlaskClient, path: str, prefix: str) -> list[str]:
    page = client.get(path, headers={"X-Forwarded-Prefix": prefix}).text
    return re.findall(r'(?:src|href|data-url)="([^"#]+)"', page)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("prefix", ["/ml", "/ml/", "/tools/ml-2_~.x"])
def test_links_begin_with_the_prefix(client: FlaskClient, path: str, prefix: str) -> None:
    hrefs = links(client, path, prefix)
    assert hrefs and all(link.startswith(f"{prefix.rstrip('/')}/") for link in hrefs)
    assert client.get("/openapi.json", headers={"X-Forwarded-Prefix": prefix}).get_json()[
        "servers"
    ] == [{"url": prefix.rstrip("/")}]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/",
        "//evil.example",
        "/ml//x",
        "https://evil.example",
        "/..",
        "/ml/../x",
        '/"><script>',
        "/a b",
        "/한",
        "ml",
    ],
)
def test_links_are_relative_without_a_prefix_or_with_an_odd_one(
    client: FlaskClient, path: str, prefix: str
) -> None:
    hrefs = links(client, path, prefix)
    assert hrefs and all(map(RELATIVE.fullmatch, hrefs))
    assert "evil" not in "".join(hrefs)
    assert (
        "servers"
        not in client.get("/openapi.json", headers={"X-Forwarded-Prefix": prefix}).get_json()
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "client_told"),
    [
        ("127.0.0.1", "203.0.113.9, 127.0.0.1", "203.0.113.9"),
        ("172.18.0.2", "8.8.4.4", "8.8.4.4"),
        ("10.0.0.1", "1.2.3.4, 8.8.8.8, 10.0.0.7", "8.8.8.8"),
        ("8.8.8.8", "1.2.3.4", "8.8.8.8"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", 'x"y\tz, 10.1.1.1', "10.1.1.1"),
        ("::1", "2001:4860:4860::8888", "2001:4860:4860::8888"),
    ],
)
def test_the_log_tells_who_asked_the_proxy(
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    peer: str,
    forwarded: str,
    client_told: str,
) -> None:
    caplog.set_level(logging.INFO, logger="serving.requests")
    client.get(
        "/health/live", headers={"X-Forwarded-For": forwarded}, environ_base={"REMOTE_ADDR": peer}
    )
    assert vars(caplog.records[0])["client"] == client_told
