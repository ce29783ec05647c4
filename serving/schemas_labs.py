"""The labs' own services, described for the OpenAPI document."""

from serving.schemas import NUMBER, SHARE, TEXT, Schema, record, several

ERRORS: Schema = several(TEXT)
MPG: Schema = record({"id": TEXT, "mpg": NUMBER, "errors": ERRORS | {"maxItems": 0}})
NO_MPG: Schema = record({"id": TEXT, "errors": ERRORS | {"minItems": 1}})
CAR: Schema = {"type": "object", "description": "a value for each field of the model mpg"}


def described() -> dict[str, dict[str, Schema]]:
    """Return these services' part of the OpenAPI document."""
    image: Schema = record({"image": {"type": "string", "format": "binary"}})
    form: Schema = {"required": True, "content": {"multipart/form-data": {"schema": image}}}
    page: Schema = {"description": "The page", "content": {"text/html": {"schema": TEXT}}}
    upload: Schema = {"summary": "A page to upload a picture", "responses": {"200": page}}
    ranked, named = record({"label": TEXT, "probability": SHARE}), record({"name": TEXT, "prob": SHARE})
    success = record({"predictions": several(ranked), "success": {"const": True}})
    failure = record({"error": TEXT, "success": {"const": False}})
    mpg = _lab("Ask mpg as the lab did", {"required": True, "content": {"*/*": {"schema": CAR}}}, MPG, NO_MPG)
    asked_image = _lab("Ask imagenet as the lab did", form, record({"pred": several(named)}), record({"error": TEXT}))
    predict = _lab("Ask imagenet as the other lab did", form, success, failure)
    return {
        "/api/mpg": {"post": mpg},
        "/api/mpg/": {"post": mpg},
        "/api/image": {"post": asked_image},
        "/predict": {"get": upload, "post": predict},
    }


def _lab(summary: str, body: Schema, found: Schema, refused: Schema) -> Schema:
    """Describe one service: what it takes, and what it answers to what is sound and what is not."""
    told = {
        "200": ("The answer", found),
        "400": ("What is wrong", refused),
        "404": ("The model is not published", record({"error": TEXT})),
        "413": ("The body is too large", record({"error": TEXT})),
    }
    codes = {code: {"description": says, "content": _json(schema)} for code, (says, schema) in told.items()}
    return {"summary": summary, "requestBody": body, "responses": codes}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
