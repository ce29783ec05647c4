"""Requests that no client should send, as raw bytes, generated at random from a seed."""

import io
import json
import math
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from PIL import Image

JSON_TYPE, FORM_TYPE = "application/json", "multipart/form-data; boundary=b"
Rows = list[dict[str, Any]]


def bad_requests(seed: int, row_path: str, rows: Rows, picture_path: str) -> Iterator[bytes]:
    """Yield requests without end: each bad in one of many ways, and some that are sound.

    Parameters
    ----------
    seed
        Of what is drawn.
    row_path, rows
        Where a model of columns is asked, and sound rows for it.
    picture_path
        Where a model of pictures is asked.
    """
    rng = random.Random(seed)
    bombs = [bomb(5000), bomb(3500), claim(60_000), *[bomb(50)] * 7]
    ways: list[Callable[[], bytes]] = [
        lambda: post(row_path, rng.randbytes(rng.randrange(300))),
        lambda: post(row_path, cut(rng, sound(rows))),
        lambda: post(row_path, sound(rows), encoding=rng.choice(["utf-16", "utf-32", "cp037"])),
        lambda: post(row_path, sound(rows), "Content-Encoding: gzip\r\n"),
        lambda: post(row_path, changed(rng, rows)),
        lambda: post(
            row_path, b'{"instances": ' + rng.choice([b"[", b'{"a":']) * rng.choice([100, 100_000])
        ),
        lambda: post(
            row_path, sound(rows), kind=rng.choice(["text/plain", FORM_TYPE, "image/png", ""])
        ),
        lambda: post(row_path, rng.choice([sound(rows), sound(rows), b"[" + b" " * 9_000_000])),
        lambda: shortened(rng, post(row_path, sound(rows))),
        lambda: post(picture_path, rng.choice(bombs), kind="image/png"),
        lambda: post(picture_path, cut(rng, bomb(400)), kind="image/png"),
        lambda: post(picture_path, cut(rng, form(bomb(50))), kind=FORM_TYPE),
        lambda: shortened(rng, post(picture_path, form(bomb(50)), kind=FORM_TYPE)),
        lambda: wrong_head(rng),
        lambda: post(row_path, sound(rows)),
    ]
    while True:
        yield rng.choice(ways)()


def post(
    path: str, body: bytes, more: str = "", kind: str = JSON_TYPE, encoding: str = ""
) -> bytes:
    """Return a request's bytes, its body perhaps in another encoding of text."""
    if encoding:
        body = body.decode().encode(encoding)
    headers = (
        f"Host: x\r\nConnection: close\r\nContent-Type: {kind}\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return f"POST {path} HTTP/1.1\r\n{headers}".encode() + body


def sound(rows: Rows) -> bytes:
    """Return rows as a request holds them."""
    return json.dumps({"instances": rows}).encode()


def cut(rng: random.Random, content: bytes) -> bytes:
    """Return the beginning of something."""
    return content[: rng.randrange(len(content))]


def shortened(rng: random.Random, request: bytes) -> bytes:
    """Return a request that ends before the length it announces; whoever sends it hangs up."""
    return request[: -rng.randrange(1, 20)]


def changed(rng: random.Random, rows: Rows) -> bytes:
    """Return a request in which one value, one name, or a row is what it must not be."""
    row = dict(rng.choice(rows))
    name = rng.choice(list(row))
    odd: list[Any] = [
        None,
        True,
        "x" * 100_000,
        [],
        {},
        -1e308,
        10**400,
        "\ud800",
        "\0",
        0.5,
        "1",
        [[[]]],
        math.nan,
        math.inf,
    ]
    row[rng.choice([name, name, name, "", "__proto__", "é" * 50])] = rng.choice(odd)
    if rng.random() < 0.2:
        del row[name]
    return json.dumps({"instances": [row, *rng.sample(odd, rng.randrange(2))]}).encode()


def form(content: bytes) -> bytes:
    """Return a form with one file."""
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\n\r\n'
    return part + content + b"\r\n--b--\r\n"


@cache
def bomb(side: int) -> bytes:
    """Return a picture of few bytes and many pixels."""
    stream = io.BytesIO()
    Image.new("L", (side, side)).save(stream, "PNG")
    return stream.getvalue()


@cache
def claim(side: int) -> bytes:
    """Return a picture that says it is large, and ends."""
    size = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + size
        + struct.pack(">I", zlib.crc32(b"IHDR" + size))
    )


def wrong_head(rng: random.Random) -> bytes:
    """Return what is no HTTP request, or one for what is not there."""
    heads = [
        "GET / HTTP/9.9",
        "NONSENSE",
        f"GET /{'x' * rng.choice([10, 10_000])} HTTP/1.1\r\nHost: x",
        f"GET / HTTP/1.1\r\nHost: x\r\nX-Long: {'x' * rng.choice([10, 300_000])}",
        "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1",
        "POST /api/mpg HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: "
        "chunked\r\n\r\nzz\r\n",
        "DELETE /v1/models HTTP/1.1\r\nHost: x",
        "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x",
        "GET /static/../../pyproject.toml HTTP/1.1\r\nHost: x",
        "GET /v1/models/%00%ff:predict HTTP/1.1\r\nHost: x",
    ]
    return f"{rng.choice(heads)}\r\nConnection: close\r\n\r\n".encode()
