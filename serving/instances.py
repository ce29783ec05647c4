"""A request's body taken apart into instances, which nobody has looked at yet."""

import json
from io import BytesIO
from typing import NamedTuple, NoReturn

import orjson
from flask import request

from serving.answers import ClientError
from serving.check import Fault, shown
from serving.signature import Signature

# of a whole number: what no model takes is told by its field, but thousands take long to read
MOST_DIGITS = 1000
JSON_ONLY = "send the body as plain JSON with the header Content-Type: application/json"
PICTURES_TOO = (
    "send plain JSON with the header Content-Type: application/json, one encoded picture with "
    "image/png or its like, or files as multipart/form-data"
)


class Limits(NamedTuple):
    """The limits of one request: its number of instances, and the seconds it has.

    Instances are rows, or pictures, which take more memory.
    """

    rows: int = 10_000
    pictures: int = 1_000
    seconds: float = 10.0

    def of(self, signature: Signature) -> int:
        """Return the limit for one model."""
        return self.pictures if signature.picture else self.rows


def instances(signature: Signature, limits: Limits) -> list[object]:
    """Return the request's instances.

    They are objects from JSON, or pictures' bytes under their field's name.

    Raises
    ------
    ClientError
        If the body is not in a form this model takes, or does not hold one to the limit of
        instances.
    """
    limit = limits.of(signature)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _unknown(signature)
    if request.mimetype == "application/json":
        batch = _listed(parsed(request.get_data(cache=False)))
    elif signature.picture:
        batch = [{signature.picture.name: content} for content in _pictures(signature, limit)]
    else:
        raise _unknown(signature)
    if len(batch) > limit:
        raise ClientError(
            413, f"{len(batch)} instances are more than the {limit} one request may hold"
        )
    return batch


def _unknown(signature: Signature) -> ClientError:
    return ClientError(415, PICTURES_TOO if signature.picture else JSON_ONLY)


def _listed(content: object) -> list[object]:
    rows = content.get("instances") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows:
        raise ClientError(
            400,
            'the body must be a JSON object {"instances": [{...}, ...]} with at least one instance',
        )
    return rows


def parsed(body: bytes) -> object:
    """Return what a body of JSON holds.

    Raises
    ------
    ClientError
        If it is empty or no JSON, or an object in it has a name twice.
    """
    if not body:
        raise ClientError(400, "the body is empty; it must be a JSON object")
    try:
        content = orjson.loads(body)
    except (
        orjson.JSONDecodeError
    ):  # also for huge numbers and half characters, whose fields can be named
        return _parsed_slowly(body)
    return content if body.count(b":") == _names(content) else _parsed_slowly(body)


def _names(content: object) -> int:
    """Return the number of names outside of cells.

    Where there are as many colons, none was given twice.
    """
    if not isinstance(content, dict):
        return 0
    rows = content.get("instances")
    listed = rows if isinstance(rows, list) else []
    return len(content) + sum(len(row) for row in listed if isinstance(row, dict))


def _parsed_slowly(body: bytes) -> object:
    try:
        return json.loads(
            body, parse_constant=_no_constant, parse_int=_whole, object_pairs_hook=_object
        )
    except RecursionError:
        raise ClientError(400, "the body is nested too deeply") from None
    except ValueError as error:  # also text that is no UTF-8
        raise ClientError(400, f"the body is no valid JSON: {error}") from None


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    return int(digits)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = shown(next(name for name in names if names.count(name) > 1))
        problem = "stands more than once in one object"
        raise ClientError(400, f"{twice!r} {problem}", [Fault(None, twice, problem)])
    return content


def _no_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is no JSON number")


def _pictures(signature: Signature, limit: int) -> list[bytes]:
    if request.mimetype.startswith("image/"):
        return [request.get_data(cache=False)]
    if request.mimetype == "multipart/form-data":
        return _files(request.get_data(cache=False), limit)
    raise _unknown(signature)


def _files(body: bytes, limit: int) -> list[bytes]:
    """Return the files of a form in the order they were sent.

    The framework's own reading loses that order.
    """
    from werkzeug.formparser import FormDataParser

    files: list[BytesIO] = []

    def keep(*_: object, **__: object) -> BytesIO:
        files.append(BytesIO())
        return files[-1]

    parser = FormDataParser(
        stream_factory=keep, max_form_memory_size=500_000, max_form_parts=limit, silent=False
    )
    try:
        _, fields, _ = parser.parse(
            BytesIO(body), request.mimetype, len(body), request.mimetype_params
        )
    except ValueError as error:
        raise ClientError(400, f"the body is no valid multipart/form-data: {error}") from None
    if fields or not files:
        raise ClientError(
            400, "every part of the form must be a file (with a file name), and there must be one"
        )
    return [file.getvalue() for file in files]
