"""The shape of every error: JSON with a code, a sentence, and every fault found."""

from collections.abc import Sequence

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from serving.check import Fault, Refused
from serving.graph import TooMuch


class ClientError(Exception):
    """A request that cannot be answered, with the 4xx code that says so."""

    def __init__(self, code: int, error: str, faults: Sequence[Fault] = (), more: int = 0) -> None:
        super().__init__(error)
        self.code = code
        self.faults = faults
        self.more = more


def answer(content: object, code: int = 200) -> Response:
    """Return `content` as a JSON response."""
    return Response(orjson.dumps(content), code, mimetype="application/json")


def add_errors(app: Flask) -> None:
    """Make every error of `app` JSON, the framework's own included."""
    app.register_error_handler(ClientError, _client_error)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(TooMuch, _too_much)
    app.register_error_handler(HTTPException, _http_error)


def _client_error(error: ClientError) -> Response:
    content: dict[str, object] = {
        "error": str(error),
        "details": [fault._asdict() for fault in error.faults],
    }
    if error.more:
        content["more"] = error.more
    return answer(content, error.code)


def _refused(error: Refused) -> Response:
    count = len(error.faults) + error.more
    sentence = f"{count} fault{'s' if count > 1 else ''} in the instances" + (
        f"; the first {len(error.faults)} are listed, {error.more} more are not"
        if error.more
        else ""
    )
    return _client_error(ClientError(422, sentence, error.faults, error.more))


def _too_much(error: TooMuch) -> Response:
    return _client_error(ClientError(413, f"{error}; send fewer at once"))


def _http_error(error: HTTPException) -> Response:
    response = Response(
        status=error.code, headers=error.get_headers()
    )  # keeps Allow, Location and their like
    response.mimetype = "application/json"
    response.set_data(orjson.dumps({"error": f"{error.name}: {error.description}", "details": []}))
    return response
