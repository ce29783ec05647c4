"""What happens around every request: it is timed and counted, and its answer gets the headers that protect browsers.

As a plain WSGI layer it costs a few microseconds; as hooks of the framework it cost a tenth of a small request.
"""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from serving.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CASE = "casebook.case"  # where a handler notes in the WSGI environment which model was asked
HEADERS = [
    ("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]


class Around:
    """A WSGI application that passes every request on to another one."""

    def __init__(self, inner: "WSGIApplication", metrics: Metrics) -> None:
        self.inner = inner
        self.metrics = metrics

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        started = perf_counter()

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            self.metrics.observe(environ.get(CASE, ""), int(status[:3]), perf_counter() - started)
            return start_response(status, [*headers, *HEADERS], *more)

        return self.inner(environ, begin)
