"""`/openapi.json`: the service described from the models that serve now."""

from collections.abc import Iterable

from flask import Flask, Response

from serving import schemas
from serving.answers import answer
from serving.instances import Limits
from serving.registry import Registry
from serving.schemas import Schema
from serving.signature import Signature

PROBLEMS = {
    "400": "The body is no JSON object with instances",
    "404": "No such model",
    "413": "The body is too large or holds too many instances",
    "415": "The body is not sent in a form this model takes",
    "422": "Instances do not fit the model; every fault is listed",
}


def add_openapi(app: Flask, models: Registry, limits: Limits) -> None:
    """Add `/openapi.json` to `app`."""

    @app.get("/openapi.json")
    def description() -> Response:
        return answer(document([model.signature for model in models.serving.values()], limits))


def document(signatures: Iterable[Signature], limits: Limits) -> Schema:
    """Return the OpenAPI 3.1 document of a service that answers for `signatures`."""
    paths: Schema = {
        "/": _get("The models, as a page", "text/html"),
        "/models/{case}": _of_case("A model's form, as a page", "text/html"),
        "/v1/models": _get("The models that serve"),
        "/v1/models/{case}": _of_case("A model's signature, metrics and version"),
        "/health/live": _get("The process answers"),
        "/health/ready": _get("Every production model answers", more={"503": _json("No model, or one failed to load")}),
        "/metrics": _get("Counts for Prometheus", "text/plain"),
        "/openapi.json": _get("This document"),
    }
    predicting = {f"/v1/models/{each.case}:predict": {"post": _predict(each, limits)} for each in signatures}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Casebook", "version": "1", "description": "Answers from published models."},
        "paths": paths | predicting,
        "components": {"schemas": {"Error": schemas.error()}},
    }


def _predict(signature: Signature, limits: Limits) -> Schema:
    return {
        "summary": f"Ask {signature.case}: {signature.output.description or signature.output.name}",
        "requestBody": {"required": True, "content": schemas.bodies(signature, limits.of(signature))},
        "responses": {
            "200": _json("One prediction per instance", schemas.response(signature)),
            **{code: _problem(code) for code in PROBLEMS},
        },
    }


def _of_case(summary: str, mimetype: str = "application/json") -> Schema:
    case = {"name": "case", "in": "path", "required": True, "schema": schemas.TEXT}
    return _get(summary, mimetype, {"404": _problem("404")}) | {"parameters": [case]}


def _get(summary: str, mimetype: str = "application/json", more: Schema | None = None) -> Schema:
    schema: Schema = {"type": "object"} if mimetype == "application/json" else schemas.TEXT
    found = {"description": summary, "content": {mimetype: {"schema": schema}}}
    return {"get": {"summary": summary, "responses": {"200": found, **(more or {})}}}


def _problem(code: str) -> Schema:
    return _json(PROBLEMS[code], {"$ref": "#/components/schemas/Error"})


def _json(description: str, schema: Schema | None = None) -> Schema:
    return {"description": description, "content": _content(schema or {"type": "object"})}


def _content(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
