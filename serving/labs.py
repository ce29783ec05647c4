"""The labs' own three services, for clients that were written for them.

Their paths, fields, words and bytes are the labs': `jsonify` sorts keys and leaves no spaces, as it
did there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from uuid import uuid4

from flask import Flask, Response, jsonify, request

from serving.answers import ClientError
from serving.api import predict_and_count, requested_model
from serving.check import LISTED, Refused, problem, shown
from serving.instances import parsed
from serving.pages import page
from serving.registry import Registry
from serving.request_histogram import RequestHistogram
from serving.signature import Field

CARS, PICTURES = "mpg", "imagenet"  # the cases that answer
NO_PICTURE = "No posted image. Should be attribute named image."
NO_FILE = "Empty filename submitted."


def add_labs(app: Flask, models: Registry, histogram: RequestHistogram) -> None:
    """Add `/api/mpg`, `/api/image` and `/predict` to `app`."""

    @app.post("/api/mpg")
    @app.post("/api/mpg/")
    def lab_mpg() -> tuple[Response, int]:
        model = requested_model(models, CARS)
        response: dict[str, object] = {"id": str(uuid4()), "errors": []}
        try:
            car = parsed(request.get_data(cache=False))
            response["errors"] = list(islice(faults(car, model.signature.inputs), LISTED))
            if not response["errors"]:
                (answer,) = predict_and_count(model, model.reader.read([car]).feeds, histogram)
                response["mpg"] = answer[model.signature.output.name]
        except (ClientError, Refused) as error:
            response["errors"] = [str(error)]
        return jsonify(response), 400 if response["errors"] else 200

    @app.post("/api/image")
    def lab_image() -> tuple[Response, int]:
        try:
            ranking = _ranking(models, histogram)
        except (ClientError, Refused) as error:
            return jsonify({"error": str(error)}), _code(error)
        return jsonify(
            {"pred": [{"name": entry["label"], "prob": entry["probability"]} for entry in ranking]}
        ), 200

    @app.get("/predict")
    def lab_upload() -> Response:
        return page("upload.html")

    @app.post("/predict")
    def lab_predict() -> tuple[Response, int]:
        try:
            return jsonify({"predictions": _ranking(models, histogram), "success": True}), 200
        except (ClientError, Refused) as error:
            return jsonify({"error": str(error), "success": False}), _code(error)


def faults(car: object, fields: tuple[Field, ...]) -> Iterator[str]:
    """Yield every fault of what a client sent, in the lab's words.

    Unlike the service's own, the lab's limits are the range seen in training, and no field may be
    left out.
    """
    if not isinstance(car, Mapping):
        yield "The body must be a JSON object with a value for each field."
        return
    by_name = {field.name: replace(field, optional=False) for field in fields}
    for name, value in car.items():
        yield from (
            _value_faults(by_name[name], value)
            if name in by_name
            else [f"Unexpected field: {shown(name)}."]
        )
    yield from (f"Missing value: {name}." for name in by_name if name not in car)


def _value_faults(field: Field, value: object) -> Iterator[str]:
    wrong = problem(field, value)
    if wrong:
        yield f"Wrong value: {field.name} {wrong}."
    elif isinstance(value, int | float) and not _low(field) <= value <= _high(field):
        ends = f"{_low(field):g} and {_high(field):g}"
        yield f"Out of bounds: {field.name}, has value of: {value}, but should be between {ends}."


def _low(field: Field) -> float:
    return float("-inf") if field.minimum is None else field.minimum


def _high(field: Field) -> float:
    return float("inf") if field.maximum is None else field.maximum


def _ranking(models: Registry, histogram: RequestHistogram) -> list[Mapping[str, object]]:
    """Return what the picture model says about the file that the form calls `image`.

    Raises
    ------
    ClientError
        If there is no such file.
    Refused
        If it is no picture.
    """
    model = requested_model(models, PICTURES)
    file = request.files.get("image")
    if file is None:
        raise ClientError(400, NO_FILE if "image" in request.form else NO_PICTURE)
    if not file.filename:
        raise ClientError(400, NO_FILE)
    picture = {model.signature.inputs[0].name: file.read()}
    (answer,) = predict_and_count(model, model.reader.read([picture]).feeds, histogram)
    top = answer["top"]
    assert isinstance(top, list)
    return [
        entry | {"label": entry["label"].replace(" ", "_")} for entry in top
    ]  # as the labs' list of names has them


def _code(error: ClientError | Refused) -> int:
    return error.code if isinstance(error, ClientError) else 400
