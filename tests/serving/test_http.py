"""The service's handling of HTTP from the open network.

Requests are odd, hostile, slow, or too many.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.serving.test_service_process import ROW, port_of, start
from tests.serving.versions import publish_rows

SECRET = "a-secret-of-some-length"
BODY = json.dumps({"instances": [ROW]}).encode()
PATH = "/v1/models/fraud:predict"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@contextmanager
def served(*changes: str) -> Iterator[int]:
    """Serve from one process with other limits than its own; gives the port."""
    lines = ["import serving.limits as limits, serving.__main__ as m", *changes]
    with start(
        code="; ".join([*lines, "m.main(['--port=0', '--processes=1', '--log=warning'])"])
    ) as process:
        try:
            yield port_of(process)
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path_factory.mktemp("http")))
        publish_rows("fraud", 1, -1.0)
        with served() as port:
            yield port


def post(body: bytes = BODY, more: str = "", path: str = PATH, length: str | None = None) -> bytes:
    field = f"Content-Length: {len(body) if length is None else length}\r\n" if length != "" else ""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{more}{field}\r\n"
    return head.encode() + body


def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes, and read until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def codes(answers: bytes) -> list[int]:
    return [int(code) for code in STATUS.findall(answers)]


SMUGGLED = b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(post(SMUGGLED, CHUNKED), 400, id="length and chunks"),
        pytest.param(
            post(SMUGGLED, CHUNKED + "Content-Length: 3\r\n", length=""),
            400,
            id="chunks and length",
        ),
        pytest.param(post(more="Content-Length: 5\r\n") + LAST, 400, id="two lengths"),
        pytest.param(post(b"fffff", length="+5") + LAST, 400, id="a signed length"),
        pytest.param(
            post(b"", CHUNKED + "Transfer-Encoding: chunked\r\n", length="") + SMUGGLED,
            400,
            id="chunked twice",
        ),
        pytest.param(
            post(b"x", "Transfer-Encoding: gzip\r\n", length="") + LAST, 400, id="another coding"
        ),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n" + LAST, 400, id="no host"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + LAST, 400, id="space before the colon"
        ),
        pytest.param(b"GET / HTTP/1.1\nHost: x\n\n" + LAST, 400, id="bare line feeds"),
        pytest.param(
            post(b"f" * 20 + b"\r\n", CHUNKED, length=""), 413, id="a chunk size of 20 digits"
        ),
        pytest.param(
            post(b"f" * 21 + b"\r\n", CHUNKED, length=""), 400, id="a chunk size of 21 digits"
        ),
        pytest.param(post(b"ffffffff\r\n", CHUNKED, length=""), 413, id="a chunk of 4 GB"),
        pytest.param(post(b"", length="9" * 30), 413, id="a length of 30 digits"),
        pytest.param(post(b"", length="9" * 5000), 400, id="a length of 5000 digits"),
        pytest.param(post(b" " * 9_000_000), 413, id="a body of 9 MB"),
        pytest.param(post(b" " * 40_000_000), 413, id="a body of 40 MB"),
        pytest.param(
            LIVE.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 300_000 + b"\r\n\r\n"),
            431,
            id="a long header",
        ),
        pytest.param(post(path="/nowhere"), 404, id="a body that nobody wants"),
    ],
)
def test_what_cannot_be_trusted_is_answered_once_and_ends_the_connection(
    port: int, sent: bytes, code: int
) -> None:
    answers = exchange(port, sent)
    assert codes(answers) == [code]
    head, _, body = answers.partition(b"\r\n\r\n")
    assert re.search(rb"(?i)\r\nconnection: close", head)
    assert json.loads(body)["error"]


def test_requests_in_one_packet_are_answered_in_order(port: int) -> None:
    assert codes(exchange(port, post() + LIVE + post(b"{") + post() + LAST)) == [
        200,
        200,
        400,
        200,
        200,
    ]


def test_who_asks_no_more_is_answered_all_the_same(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(post() + LIVE)
        connection.shutdown(socket.SHUT_WR)
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert codes(answers) == [200, 200]


def test_a_body_that_ends_early_is_a_400(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(post()[:-5])
        connection.shutdown(socket.SHUT_WR)
        assert codes(b"".join(iter(lambda: connection.recv(65536), b""))) == [400]


def test_identity_is_no_encoding(port: int) -> None:
    assert codes(
        exchange(port, post(more="Content-Encoding: identity\r\nConnection: close\r\n"))
    ) == [200]
    assert codes(exchange(port, post(more="Content-Encoding: gzip\r\nConnection: close\r\n"))) == [
        415
    ]


def test_a_body_is_invited_where_it_is_wanted(port: int) -> None:
    expecting = "Expect: 100-continue\r\nConnection: close\r\n"
    assert codes(exchange(port, post(more=expecting))) == [100, 200]
    assert codes(exchange(port, post(more=expecting, path="/nowhere"))) == [404]


def test_the_key_is_looked_at_before_the_body(
    publish: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("fraud", 1, -1.0)
    monkeypatch.setenv("CASEBOOK_API_KEY", SECRET)
    with served() as port:
        answers = exchange(port, post(b"", length="8000000"))  # of which nothing is ever sent
        assert codes(answers) == [401]
        headers = f"Authorization: bearer {SECRET}\r\nConnection: close\r\n"
        assert codes(exchange(port, post(more=headers))) == [200]


def test_who_pipelines_and_does_not_read_holds_nobody_up(port: int) -> None:
    greedy = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(4)]
    for connection in greedy:
        connection.setblocking(False)
        connection.send(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
    for _ in range(20):
        assert codes(exchange(port, post() + LAST)) == [200, 200]
    for connection in greedy:
        connection.close()
    assert codes(exchange(port, LAST)) == [200]


def test_silent_connections_make_room(publish: Callable[..., Path]) -> None:
    publish("fraud", 1, -1.0)
    with served("limits.CONNECTIONS = 5") as port, ExitStack() as opened:
        silent = [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            for _ in range(40)
        ]
        assert answered_at_last(port)
        assert ended(silent[0])


def answered_at_last(port: int) -> bool:
    """Ask until there is room: in a burst, the last to come are cut off without a word."""
    for _ in range(500):
        try:
            answers = exchange(port, post(more="Connection: close\r\n"))
        except ConnectionError:
            time.sleep(0.05)
            continue
        if codes(answers) == [200]:
            return True
        assert codes(answers) in ([503], [])
    return False


def ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_where_all_connections_are_busy_a_new_one_is_told_to_come_later(
    publish: Callable[..., Path],
) -> None:
    publish("fraud", 1, -1.0)
    with served("limits.CONNECTIONS = 3") as port:
        busy = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(3)]
        for connection in busy:
            connection.sendall(post()[:-10])
        refused = exchange(port, b"")
        assert codes(refused) == [503] and b"Retry-After: 1" in refused
        for connection in busy:
            connection.sendall(post()[-10:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            connection.close()


def test_bodies_are_held_within_a_limit(publish: Callable[..., Path]) -> None:
    publish("fraud", 1, -1.0)
    with served("limits.HELD = 1_000_000") as port:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
            slow.sendall(post(b" " * 900_000, length="7000000"))
            for _ in range(20):  # each takes the service a round, in which it reads on
                assert codes(exchange(port, LAST)) == [200]
            answers = exchange(port, post(BODY + b" " * 200_000))
            assert codes(answers) == [503] and b"Retry-After: 1" in answers
            # a small one is taken all the same
            assert codes(exchange(port, post() + LAST)) == [
                200,
                200,
            ]
        assert codes(exchange(port, LAST)) == [200]


def test_what_needs_a_thread_is_refused_where_too_much_waits(publish: Callable[..., Path]) -> None:
    publish("fraud", 1, -1.0)
    with served("limits.AT_ONCE = 1") as port:
        statuses: list[int] = []

        def ask() -> None:
            for _ in range(30):
                statuses.extend(
                    codes(exchange(port, LAST.replace(b"/health/live", b"/models/fraud")))
                )

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert len(statuses) == 120 and set(statuses) == {200, 503}
        assert codes(exchange(port, post() + LAST)) == [200, 200]
