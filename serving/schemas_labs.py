"""The labs' own services, described for the OpenAPI document."""

from collections.abc import Iterable
from dataclasses import replace

from serving.schemas import NUMBER, SHARE, TEXT, Schema, cell, record, several
from serving.signature import Field, Signature

ERRORS: Schema = several(TEXT)
MPG: Schema = record({"id": TEXT, "mpg": NUMBER, "errors": ERRORS | {"maxItems": 0}})
NO_MPG: Schema = record({"id": TEXT, "errors": ERRORS | {"minItems": 1}})


def described(cars: Signature | None) -> dict[str, dict[str, Schema]]:
    """Return these services' part of the OpenAPI document.

    `cars` is what the model of the first one takes.
    """
    image: Schema = record({"image": {"type": "string", "format": "binary"}})
    form: Schema = {"required": True, "content": {"multipart/form-data": {"schema": image}}}
    page: Schema = {"description": "The page", "content": {"text/html": {"schema": TEXT}}}
    upload: Schema = {"summary": "A page to upload a picture", "responses": {"200": page}}
    ranked, named = (
        record({"label": TEXT, "probability": SHARE}),
        record({"name": TEXT, "prob": SHARE}),
    )
    success = record({"predictions": several(ranked), "success": {"const": True}})
    failure = record({"error": TEXT, "success": {"const": False}})
    car: Schema = {
        "required": True,
        "content": _json(_car(cars.inputs) if cars else {"type": "object"}),
    }
    mpg = _lab("Ask mpg as the lab did", car, MPG, NO_MPG)
    asked_image = _lab(
        "Ask imagenet as the lab did",
        form,
        record({"pred": several(named)}),
        record({"error": TEXT}),
    )
    predict = _lab("Ask imagenet as the other lab did", form, success, failure)
    return {
        "/api/mpg": {"post": mpg},
        "/api/mpg/": {"post": mpg},
        "/api/image": {"post": asked_image},
        "/predict": {"get": upload, "post": predict},
    }


def _car(fields: Iterable[Field]) -> Schema:
    """Describe what the lab's server takes: every field, within what training saw."""
    ranges = {field.name: {"minimum": field.minimum, "maximum": field.maximum} for field in fields}
    bounds = {
        name: {key: value for key, value in limits.items() if value is not None}
        for name, limits in ranges.items()
    }
    cells: Schema = {
        field.name: cell(replace(field, optional=False)) | bounds[field.name] for field in fields
    }
    return record(cells) | {"additionalProperties": False}


def _lab(summary: str, body: Schema, success: Schema, failure: Schema) -> Schema:
    """Describe one service: what it takes, and what it answers to what is sound and what is not."""
    outcomes = {
        "200": ("The answer", success),
        "400": ("What is wrong", failure),
        "404": ("The model is not published", record({"error": TEXT})),
        "413": ("The body is too large", record({"error": TEXT})),
    }
    codes = {
        code: {"description": description, "content": _json(schema)}
        for code, (description, schema) in outcomes.items()
    }
    return {"summary": summary, "requestBody": body, "responses": codes}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
