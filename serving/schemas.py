"""JSON schemas of requests and answers, made from a model's signature."""

from collections.abc import Collection

from serving.check import LONGEST_TEXT
from serving.signature import Field, Signature

Schema = dict[str, object]
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}


def record(properties: Schema, optional: Collection[str] = ()) -> Schema:
    """Return the schema of an object whose properties are all required but those in `optional`."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def several(items: Schema) -> Schema:
    """Return the schema of a list of `items`."""
    return {"type": "array", "items": items}


def request(signature: Signature, max_rows: int) -> Schema:
    """Return the schema of a prediction request."""
    optional = [field.name for field in signature.inputs if field.optional]
    row = record({field.name: _cell(field) for field in signature.inputs}, optional)
    rows = several(row | {"additionalProperties": False}) | {"minItems": 1, "maxItems": max_rows}
    return record({"instances": rows})


def response(signature: Signature) -> Schema:
    """Return the schema of the answer to a prediction request."""
    output = signature.output
    cells: Schema = {output.name: NUMBER | {"description": output.description}}
    if output.labels:
        cells["label"] = TEXT | {"enum": [*output.labels]}
    model = record({"case": TEXT, "version": WHOLE, "trained_on": TEXT | {"enum": ["real", "sample"]}})
    content: Schema = {"predictions": several(record(cells)), "model": model}
    warnings: Schema = {"warnings": several(_warning()), "more_warnings": WHOLE}
    return record(content | warnings, optional=warnings)


def error() -> Schema:
    """Return the schema of every 4xx answer."""
    fault = record({"row": _or_null("integer"), "field": _or_null("string"), "problem": TEXT})
    return record({"error": TEXT, "details": several(fault), "more": WHOLE}, optional=["more"])


def _warning() -> Schema:
    ends: Schema = {"minimum": _or_null("number"), "maximum": _or_null("number")}
    return record({"row": WHOLE, "field": TEXT, "value": NUMBER, **ends, "problem": TEXT})


def _or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


def _cell(field: Field) -> Schema:
    """Describe one input; the range seen in training is told, not set as a limit, because it is none."""
    kind = "number" if field.dtype == "float" else field.dtype
    schema: Schema = _or_null(kind) if field.optional else {"type": kind}
    seen = None if field.minimum is None else f"seen in training: {field.minimum:g} to {field.maximum:g}"
    parts = [field.description, field.unit and f"in {field.unit}", seen]
    schema["description"] = "; ".join(part for part in parts if part)
    if field.allowed:
        schema["enum"] = [*field.allowed, *([None] if field.optional else [])]
    if field.dtype == "string":
        schema["maxLength"] = LONGEST_TEXT
    return schema
