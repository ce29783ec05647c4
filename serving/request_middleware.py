"""A WSGI layer around every request.

A request gets an id, is timed, counted and logged, and its answer gets safe headers. As a plain
WSGI layer this costs some ten microseconds; as hooks of the framework it cost a tenth of a small
request.
"""

import logging
import re
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from serving.metrics import Metrics
from serving.proxy import client

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CASE = "casebook.case"  # where a handler notes in the WSGI environment which model was asked
VERSION = "casebook.version"  # and which of its versions answered
INSTEAD = (
    "casebook.instead"  # where a gateway puts a WSGI application that answers in place of this one
)
GIVEN_ID = re.compile(
    r"[A-Za-z0-9._-]{1,64}"
)  # what is taken over; anything else could forge a line of a log
HEADERS = [
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]


class RequestMiddleware:
    """A WSGI application that passes every request on to another one."""

    def __init__(self, inner: "WSGIApplication", metrics: Metrics) -> None:
        self.inner = inner
        self.metrics = metrics

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        started = perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if GIVEN_ID.fullmatch(given) else uuid4().hex

        def begin(
            status: str, headers: list[tuple[str, str]], *more: Any
        ) -> Callable[[bytes], object]:
            seconds = perf_counter() - started
            self.metrics.observe(environ.get(CASE, ""), int(status[:3]), seconds)
            _log(environ, request_id, int(status[:3]), seconds)
            return start_response(status, [*headers, *HEADERS, ("X-Request-ID", request_id)], *more)

        inner: WSGIApplication = environ.get(INSTEAD, self.inner)
        return inner(environ, begin)


def _log(environ: "WSGIEnvironment", request_id: str, status: int, seconds: float) -> None:
    """Write a request's line: who asked for what and how it went, but nothing of what was in it."""
    log = logging.getLogger("serving.requests")
    if log.isEnabledFor(logging.INFO):
        fields = {
            "request_id": request_id,
            "client": client(environ),
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"][:200],
            "status": status,
            "ms": round(1e3 * seconds, 3),
            "case": environ.get(CASE),
            "version": environ.get(VERSION),
        }
        log.info("answered", extra=fields)
