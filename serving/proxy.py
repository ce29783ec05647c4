"""What a proxy in front of the service changes: the path that links begin with, and who asks."""

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from flask import request, url_for

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PREFIX = re.compile(
    r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,20}"
)  # so it names no other host, and leads nowhere above


def prefix() -> str:
    """Return the path below which a proxy has the service, or an empty string.

    The proxy gives it in `X-Forwarded-Prefix`.
    """
    given = request.headers.get("X-Forwarded-Prefix", "").rstrip("/")
    return given if PREFIX.fullmatch(given) else ""


def link(endpoint: str, **values: Any) -> str:
    """Return a link to an endpoint of the service, for the requested page.

    A proxy need not say below which path it has the service: a relative link leads there all the
    same.
    """
    path = url_for(endpoint, **values).removeprefix(f"{request.script_root}/")
    if below := prefix():
        return f"{below}/{path}"
    return "../" * (request.path.count("/") - 1) + path or "./"


def client(environ: "WSGIEnvironment") -> str:
    """Return who asks: the nearest address that is not of a proxy in the service's own network.

    An `X-Forwarded-For` from elsewhere is not believed, as anybody can write one.

    Examples
    --------
    >>> hops = {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 8.8.8.8, 10.0.0.2"}
    >>> client({"REMOTE_ADDR": "10.0.0.1", **hops}), client({"REMOTE_ADDR": "9.9.9.9", **hops})
    ('8.8.8.8', '9.9.9.9')
    """
    address = str(environ.get("REMOTE_ADDR", ""))
    hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for hop in reversed([hop.strip() for hop in hops]):
        if not _is_near(address) or not _is_address(hop):
            break
        address = hop
    return address


def _is_near(address: str) -> bool:
    return _is_address(address) and ip_address(address).is_private


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
