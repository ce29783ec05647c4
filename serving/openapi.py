"""`/openapi.json`: the service described from the models that serve now."""

from collections.abc import Iterable

from flask import Flask, Response

from serving import schemas
from serving.answers import answer
from serving.instances import Limits
from serving.labs import CARS
from serving.proxy import prefix
from serving.registry import Registry
from serving.schemas import Schema
from serving.schemas_labs import described
from serving.signature import Signature

PROBLEMS = {
    "400": "The body is no JSON object with instances",
    "404": "No such model",
    "413": "The body is too large, holds too many instances, or takes too long to answer",
    "415": "The body is not sent in a form this model takes",
    "422": "Instances do not fit the model; every fault is listed",
}
KEY_PROBLEM = "The service's key is missing or wrong"
ERROR: Schema = {"$ref": "#/components/schemas/Error"}


def add_openapi(app: Flask, models: Registry, limits: Limits, *, requires_key: bool) -> None:
    """Add `/openapi.json` to `app`."""

    @app.get("/openapi.json")
    def description() -> Response:
        signatures = [model.signature for model in models.serving.values()]
        return answer(document(signatures, limits, requires_key=requires_key, server=prefix()))


def document(
    signatures: Iterable[Signature], limits: Limits, *, requires_key: bool = False, server: str = ""
) -> Schema:
    """Return the OpenAPI 3.1 document of a service.

    Parameters
    ----------
    signatures
        What it answers for.
    limits
        How much one request may ask.
    requires_key
        Whether it answers only those with a key.
    server
        The path below which it is, where it is not at the root of its host.
    """
    served = {signature.case: signature for signature in signatures}
    paths: dict[str, dict[str, Schema]] = {
        "/": _get("The models, as a page", "text/html"),
        "/models/{case}": _of_case("A model's form, as a page", "text/html"),
        "/v1/models": _get("The models that serve"),
        "/v1/models/{case}": _of_case("A model's signature, metrics and version"),
        "/health/live": _get("The process answers"),
        "/health/ready": _get(
            "Every production model answers", more={"503": _json("No model, or one failed to load")}
        ),
        "/metrics": _get("Counts for Prometheus", "text/plain"),
        "/openapi.json": _get("This document"),
        **described(served.get(CARS)),
    }
    paths |= {
        f"/v1/models/{signature.case}:predict": {"post": _predict(signature, limits)}
        for signature in served.values()
    }
    components: Schema = {"schemas": {"Error": schemas.error()}}
    if requires_key:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for methods in paths.values():
            if "post" in methods:
                _guard(methods["post"])
        _guard(paths["/metrics"]["get"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Casebook",
            "version": "1",
            "description": "Answers from published models.",
        },
        **({"servers": [{"url": server}]} if server else {}),
        "paths": paths,
        "components": components,
    }


def _guard(operation: Schema) -> None:
    """Say that an operation needs the key."""
    operation["security"] = [{"key": []}]
    responses = operation["responses"]
    assert isinstance(responses, dict)
    responses["401"] = _json(KEY_PROBLEM, ERROR)


def _predict(signature: Signature, limits: Limits) -> Schema:
    return {
        "summary": f"Ask {signature.case}: {signature.output.description or signature.output.name}",
        "requestBody": {
            "required": True,
            "content": schemas.bodies(signature, limits.of(signature)),
        },
        "responses": {
            "200": _json("One prediction per instance", schemas.response(signature)),
            **{code: _json(description, ERROR) for code, description in PROBLEMS.items()},
        },
    }


def _of_case(summary: str, mimetype: str = "application/json") -> dict[str, Schema]:
    case = {"name": "case", "in": "path", "required": True, "schema": schemas.TEXT}
    described = _get(summary, mimetype, {"404": _json(PROBLEMS["404"], ERROR)})
    described["get"]["parameters"] = [case]
    return described


def _get(
    summary: str, mimetype: str = "application/json", more: Schema | None = None
) -> dict[str, Schema]:
    schema: Schema = {"type": "object"} if mimetype == "application/json" else schemas.TEXT
    response = {"description": summary, "content": {mimetype: {"schema": schema}}}
    return {"get": {"summary": summary, "responses": {"200": response, **(more or {})}}}


def _json(description: str, schema: Schema | None = None) -> Schema:
    return {
        "description": description,
        "content": {"application/json": {"schema": schema or {"type": "object"}}},
    }
