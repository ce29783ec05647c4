"""JSON schemas of requests and answers, made from a model's signature."""

from collections.abc import Collection

from serving.check import FLOAT32_MAX, LONGEST_TEXT
from serving.pictures import MOST_PIXELS, MOST_PIXELS_TOGETHER
from serving.predictions import BANDS, SHOWN
from serving.signature import Field, Output, Shape, Signature

Schema = dict[str, object]
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
CELL: Schema = {
    "minimum": -FLOAT32_MAX,
    "maximum": FLOAT32_MAX,
}  # what a number may be that a model is asked about
DATE: Schema = {"type": "string", "format": "date"}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
BASE64: Schema = {"type": "string", "contentEncoding": "base64", "minLength": 1}
FILE: Schema = {
    "type": "string",
    "format": "binary",
    "contentMediaType": "application/octet-stream",
}


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


def bodies(signature: Signature, limit: int) -> Schema:
    """Return the schemas of a prediction request's body, by content type.

    A body holds at most `limit` instances.
    """
    content: Schema = {"application/json": {"schema": request(signature, limit)}}
    if signature.picture:
        files = several(FILE) | {"minItems": 1, "maxItems": limit}
        form = {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"oneOf": [FILE, files]},
        }
        content |= {"image/*": {"schema": FILE}, "multipart/form-data": {"schema": form}}
    return content


def request(signature: Signature, limit: int) -> Schema:
    """Return the schema of a prediction request in JSON."""
    optional = [field.name for field in signature.inputs if field.optional]
    row = record({field.name: cell(field) for field in signature.inputs}, optional)
    rows = several(row | {"additionalProperties": False}) | {"minItems": 1, "maxItems": limit}
    return record({"instances": rows})


def response(signature: Signature) -> Schema:
    """Return the schema of the answer to a prediction request."""
    kinds = {"multiclass": _ranking, "forecast": _forecast}
    prediction = kinds.get(signature.kind, _number)(signature.output)
    model = record(
        {"case": TEXT, "version": WHOLE, "trained_on": TEXT | {"enum": ["real", "sample"]}}
    )
    content: Schema = {"predictions": several(prediction), "model": model}
    warnings: Schema = {"warnings": several(_warning()), "more_warnings": WHOLE}
    return record(content | warnings, optional=warnings)


def _number(output: Output) -> Schema:
    cells: Schema = {output.name: NUMBER | {"description": output.description}}
    if output.labels:
        cells["label"] = TEXT | {"enum": [*output.labels]}
    return record(cells)


def _ranking(output: Output) -> Schema:
    """Describe the most probable classes; a thousand labels are listed once, not for each place."""
    size = min(SHOWN, len(output.labels))
    top = several(record({"label": TEXT, "probability": SHARE})) | {
        "minItems": size,
        "maxItems": size,
    }
    return record(
        {
            "label": TEXT | {"enum": sorted(set(output.labels))},
            "probability": SHARE | {"description": output.description},
            "top": top | {"description": "the most probable classes, the most probable first"},
        }
    )


def _forecast(output: Output) -> Schema:
    """Describe a forecast and the band around it, a number for each step ahead."""
    share = (
        ""
        if output.level is None
        else f"; {output.level:.0%} of the truths are to lie between low and high"
    )
    numbers = several(NUMBER) | {"minItems": output.horizon, "maxItems": output.horizon}
    descriptions = {
        "forecast": f"{output.description}{share}",
        "low": "the band's lower end",
        "high": "the band's upper end",
    }
    return record({name: numbers | {"description": descriptions[name]} for name in BANDS})


def error() -> Schema:
    """Return the schema of every 4xx answer."""
    fault = record({"row": _or_null("integer"), "field": _or_null("string"), "problem": TEXT})
    return record({"error": TEXT, "details": several(fault), "more": WHOLE}, optional=["more"])


def _warning() -> Schema:
    ends: Schema = {"minimum": _or_null("number"), "maximum": _or_null("number")}
    return record({"row": WHOLE, "field": TEXT, "value": NUMBER, **ends, "problem": TEXT})


def _or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


def cell(field: Field) -> Schema:
    """Return the schema of one input.

    The range seen in training is reported, not set as a limit, because it is none.

    Examples
    --------
    >>> age = cell(Field("age", "float", unit="years", minimum=0, maximum=99, optional=True))
    >>> age["type"], age["description"]
    (['number', 'null'], 'in years; seen in training: 0 to 99')
    """
    if field.shape:
        return _picture(field, field.shape)
    if field.dtype == "date":
        return DATE | {"description": field.description}
    kind = {"float": "number", "text": "string"}.get(field.dtype, field.dtype)
    schema: Schema = _or_null(kind) if field.optional else {"type": kind}
    ends = (
        None if field.minimum is None or field.maximum is None else (field.minimum, field.maximum)
    )
    seen = ends and "seen in training: {:g} to {:g}".format(*ends)
    parts = [field.description, field.unit and f"in {field.unit}", seen]
    schema["description"] = "; ".join(part for part in parts if part)
    if field.length:
        return (
            schema | several(NUMBER | CELL) | {"minItems": field.length, "maxItems": field.length}
        )
    if field.allowed:
        schema["enum"] = [*field.allowed, *([None] if field.optional else [])]
    if kind in ("number", "integer"):
        schema |= CELL
    if kind == "string":
        schema["maxLength"] = field.longest or LONGEST_TEXT
    if field.longest:
        schema |= {"minLength": 1, "pattern": r"\S"}
    return schema


def _picture(field: Field, shape: Shape) -> Schema:
    colours = "grey" if shape.channels == 1 else "red, green and blue"
    resized = f"brought to {shape.width} × {shape.height} pixels of {colours}, its middle cut out"
    limit = f"at most {MOST_PIXELS:,} pixels ({MOST_PIXELS_TOGETHER:,} in one request)"
    accepted = f"a JPEG, PNG, WebP, GIF or BMP of {limit}, {resized}"
    wrapped = record({"b64": BASE64}) | {"additionalProperties": False}
    plain = BASE64 | {"description": "in base64, or a data URL in base64"}
    return {
        "oneOf": [wrapped, plain],
        "description": "; ".join(filter(None, [field.description, accepted])),
    }
