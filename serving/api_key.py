"""The key that whoever asks a model must know, where the operator has set one."""

import hmac
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY = "CASEBOOK_API_KEY"
SHORTEST = 16  # characters
UNSOUND = (
    f"{KEY} must be at least {SHORTEST} visible ASCII characters without spaces. Make one, for "
    'example with `python -c "import secrets; print(secrets.token_urlsafe(32))"`, or unset it to '
    "serve without a key."
)
MISSING = (
    f"give the service's key in the header Authorization: Bearer KEY (it is what {KEY} was set to)"
)


def sound(key: str) -> bool:
    """Tell whether a key is hard to guess and can stand in a header."""
    return len(key) >= SHORTEST and key.isascii() and key.isprintable() and " " not in key


def allowed(environ: "WSGIEnvironment", key: str) -> bool:
    """Return whether a request may be answered.

    It may if no key is set, if it has the key, or if it needs none.

    Examples
    --------
    >>> request = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    >>> allowed(request, "a key"), allowed(request | {"PATH_INFO": "/metrics"}, "a key")
    (True, False)
    """
    if not key or not (environ["REQUEST_METHOD"] == "POST" or environ["PATH_INFO"] == "/metrics"):
        return True
    scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode("latin-1"), key.encode()
    )


class ApiKeyMiddleware:
    """A WSGI application that requires the key for predictions and counts.

    All else is open to everybody: pages, descriptions and health, which reveal nothing of what a
    model was asked.
    """

    def __init__(self, inner: "WSGIApplication", key: str) -> None:
        self.inner = inner
        self.key = key

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on, or answer 401."""
        if allowed(environ, self.key):
            return self.inner(environ, start_response)
        start_response(
            "401 UNAUTHORIZED",
            [("Content-Type", "application/json"), ("WWW-Authenticate", "Bearer")],
        )
        return [json.dumps({"error": MISSING, "details": []}).encode()]
