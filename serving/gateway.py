"""The ASGI application in front of Flask.

It refuses early, reads bodies within limits, and passes on no more than fits.

A server that speaks ASGI reads slow clients in its event loop, so none of them holds a thread. What
is answered within a millisecond is answered in the loop too, which saves handing it to a thread;
all else goes to a few threads.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Flask
from werkzeug.exceptions import HTTPException

from serving import limits
from serving.api_key import allowed
from serving.environ import Answer, Scope, call, environment, fill
from serving.request_middleware import INSTEAD

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Route = tuple[str, Mapping[str, Any]]  # an endpoint and the values in its path
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Refusal(Exception):
    """A request that the application does not see."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
        """Answer as a WSGI application."""
        phrase = HTTPStatus(self.code).phrase
        body = json.dumps({"error": f"{phrase}: {self}", "details": []}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if self.code == 503:
            headers.append(("Retry-After", "1"))
        start(f"{self.code} {phrase}", headers)
        return [body]


class Gateway:
    """An ASGI application that answers from a Flask application.

    Parameters
    ----------
    app
        What answers.
    is_fast
        Tells by a request's endpoint, the values in its path, and the length of its body whether it
        takes less than a millisecond.
    key
        What whoever asks must know; a body is not read without it.
    """

    def __init__(self, app: Flask, is_fast: Callable[[Route, int], bool], key: str = "") -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._is_fast, self._key = is_fast, key
        self._largest = app.config["MAX_CONTENT_LENGTH"] or 0
        self._threads = ThreadPoolExecutor(threads(), thread_name_prefix="answer")
        self._waiting = self._held = 0
        match = app.url_map.bind("").match

        @lru_cache(1024)
        def route(path: str, method: str) -> Route | None:
            try:
                endpoint, values = match(path, method)
            except HTTPException:  # also where another path is the right one
                return None
            return endpoint, values

        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        environ = environment(scope)
        route = self._route(
            environ["PATH_INFO"].encode("latin-1").decode(errors="replace"), scope["method"]
        )
        body = bytearray()
        try:
            if not await self._read(
                environ, route, _Client(receive, send, limits.CLOSE in scope), body
            ):
                scope.get(
                    limits.CLOSE, int
                )()  # what is left of the body must not pass for another request
            answer = await self._answer(environ, route, len(body))
        finally:
            self._held -= len(body)
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        await send({"type": "http.response.body", "body": answer.body})

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _read(
        self, environ: "WSGIEnvironment", route: Route | None, client: "_Client", body: bytearray
    ) -> bool:
        """Read a request's body if it is wanted; tell whether nothing of it is left."""
        length = environ.get("CONTENT_LENGTH") or "0"
        empty = length == "0" and "HTTP_TRANSFER_ENCODING" not in environ
        wanted = route is not None and allowed(environ, self._key) and int(length) <= self._largest
        try:
            _check(environ, int(length))
            if wanted and not empty:
                async with asyncio.timeout(limits.ARRIVAL):
                    await client.invite(environ)
                    wanted = await self._gather(client.receive, body)
                length = str(len(body))
        except TimeoutError:
            environ[INSTEAD] = Refusal(408, limits.LATE)
        except Refusal as refusal:
            environ[INSTEAD] = refusal
        complete = INSTEAD not in environ and (empty or wanted)
        fill(environ, bytes(body) if complete else b"", length)
        return complete

    async def _gather(self, receive: Receive, body: bytearray) -> bool:
        """Take in a body's pieces; tell whether it ended before it was too long."""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, limits.CUT)
            piece = message.get("body", b"")
            if self._held + len(piece) > limits.HELD and len(body) + len(piece) > limits.SMALL:
                raise Refusal(503, limits.BUSY)
            body += piece
            self._held += len(piece)
            if len(body) > self._largest or not message.get("more_body"):
                return len(body) <= self._largest

    async def _answer(self, environ: "WSGIEnvironment", route: Route | None, length: int) -> Answer:
        if INSTEAD in environ or (route is not None and self._is_fast(route, length)):
            return call(self._app, environ)
        if self._waiting >= limits.AT_ONCE:
            environ[INSTEAD] = Refusal(503, limits.BUSY)
            return call(self._app, environ)
        loop = asyncio.get_running_loop()
        self._waiting += 1
        working = self._threads.submit(call, self._app, environ)
        working.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(working)

    def _done(self) -> None:
        self._waiting -= 1


class _Client(NamedTuple):
    """The two ways to a client, and whether the server leaves it to us to invite a body."""

    receive: Receive
    send: Send
    shy: bool

    async def invite(self, environ: "WSGIEnvironment") -> None:
        """Tell a client that waits for it to send the body."""
        expects = environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        if self.shy and expects and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            await self.send({"type": "http.response.informational", "status": 100, "headers": []})


def _check(environ: "WSGIEnvironment", length: int) -> None:
    if "HTTP_HOST" not in environ and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
        raise Refusal(400, limits.NO_HOST)
    if length > limits.ABSURD:
        raise Refusal(413, limits.TOO_LONG)


def threads() -> int:
    """Return how many requests one process answers at once."""
    return max(4, min(16, 2 * (os.cpu_count() or 1)))
