"""The prediction endpoint and the description of the models, in TensorFlow Serving's convention."""

import json
from collections.abc import Mapping
from typing import NoReturn

from flask import Flask, Response, request

from serving.answers import ClientError, answer
from serving.around import CASE
from serving.bundle import Predictor
from serving.registry import Registry


def add_api(app: Flask, models: Registry, max_rows: int) -> None:
    """Add `/v1/models` and what lies under it to `app`."""

    @app.post("/v1/models/<case:case>:predict")
    def predict(case: str) -> Response:
        model = find(models, case)
        request.environ[CASE] = case
        checked = model.reader.read(_instances(max_rows))
        content: dict[str, object] = {"predictions": model.run(checked.feeds), "model": _identity(model)}
        if checked.warnings:
            content["warnings"] = [
                warned._asdict() | {"problem": "outside the range seen in training"} for warned in checked.warnings
            ]
        if checked.more_warnings:
            content["more_warnings"] = checked.more_warnings
        return answer(content)

    @app.get("/v1/models")
    def listing() -> Response:
        return answer({"models": [_identity(model) | headline(model) for model in models.serving.values()]})

    @app.get("/v1/models/<case:case>")
    def describe(case: str) -> Response:
        model = find(models, case)
        facts = {key: value for key, value in model.manifest.items() if key != "case"}
        return answer(_identity(model) | {"signature": model.content, "metrics": model.metrics, "manifest": facts})


def find(models: Registry, case: str) -> Predictor:
    """Return the model that serves `case`.

    Raises
    ------
    ClientError
        404, naming the known cases, if none does.
    """
    serving = models.serving
    if case in serving:
        return serving[case]
    failed = " (its production version failed to load, see /health/ready)" if case in models.failures else ""
    known = ", ".join(serving) or "none"
    raise ClientError(404, f"no model serves as {case[:80]!r}{failed}; known models: {known}")


def headline(model: Predictor) -> dict[str, object]:
    """Return a model's kind and its primary metric's name and, where its metrics tell, value."""
    name = model.manifest.get("primary_metric")
    score: object = model.metrics.get("candidates")
    for key in (model.metrics.get("champion"), name):
        score = score.get(key) if isinstance(score, Mapping) else None
    return {"kind": model.signature.kind, "primary_metric": name, "score": score}


def _identity(model: Predictor) -> dict[str, object]:
    signature = model.signature
    return {"case": signature.case, "version": model.version, "trained_on": signature.trained_on}


def _instances(max_rows: int) -> list[object]:
    """Return the request's rows, not yet looked at.

    Raises
    ------
    ClientError
        If the body is no JSON object with a list of one to `max_rows` instances.
    """
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding"):
        raise ClientError(415, "send the body as plain JSON with the header Content-Type: application/json")
    content = _parsed(request.get_data(cache=False))
    instances = content.get("instances") if isinstance(content, dict) else None
    if not isinstance(instances, list) or not instances:
        raise ClientError(400, 'the body must be a JSON object {"instances": [{...}, ...]} with at least one instance')
    if len(instances) > max_rows:
        raise ClientError(413, f"{len(instances)} instances are more than the {max_rows} one request may hold")
    return instances


def _parsed(body: bytes) -> object:
    if not body:
        raise ClientError(400, "the body is empty; it must be a JSON object")
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise ClientError(400, "the body is nested too deeply") from None
    except ValueError as error:  # also text that is no UTF-8, and integers of thousands of digits
        raise ClientError(400, f"the body is no valid JSON: {error}") from None


def _no_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is no JSON number")
