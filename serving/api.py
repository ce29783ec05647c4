"""The prediction endpoint and the description of the models, in TensorFlow Serving's convention."""

import math
from time import monotonic

from flask import Flask, Response, request

from serving.answers import ClientError, answer
from serving.bundle import Predictor
from serving.graph import Arrays
from serving.instances import Limits, instances
from serving.predictions import Prediction
from serving.registry import Registry
from serving.request_histogram import RequestHistogram
from serving.request_middleware import CASE, VERSION


def add_api(app: Flask, models: Registry, limits: Limits, histogram: RequestHistogram) -> None:
    """Add `/v1/models` and what lies under it to `app`."""

    @app.post("/v1/models/<case:case>:predict")
    def predict(case: str) -> Response:
        model = requested_model(models, case)
        until = monotonic() + limits.seconds
        checked = model.reader.read(instances(model.signature, limits))
        predictions = predict_and_count(model, checked.feeds, histogram, until)
        content: dict[str, object] = {"predictions": predictions, "model": _identity(model)}
        if checked.warnings:
            content["warnings"] = [
                warning._asdict() | {"problem": "outside the range seen in training"}
                for warning in checked.warnings
            ]
        if checked.more_warnings:
            content["more_warnings"] = checked.more_warnings
        return answer(content)

    @app.get("/v1/models")
    def listing() -> Response:
        return answer(
            {"models": [_identity(model) | headline(model) for model in models.serving.values()]}
        )

    @app.get("/v1/models/<case:case>")
    def describe(case: str) -> Response:
        model = find(models, case)
        facts = {key: value for key, value in model.manifest.items() if key != "case"}
        return answer(
            _identity(model)
            | {"signature": model.content, "metrics": model.metrics, "manifest": facts}
        )


def predict_and_count(
    model: Predictor, feeds: Arrays, histogram: RequestHistogram, until: float = math.inf
) -> list[Prediction]:
    """Return a model's predictions for arrays as its reader makes them, and have them counted."""
    scores = model.compute(feeds, until)
    histogram.note(model, feeds, scores)
    return model.tell(scores)


def requested_model(models: Registry, case: str) -> Predictor:
    """Return the model that serves `case`, and note for log and counts that it was asked.

    Raises
    ------
    ClientError
        404 if there is none.
    """
    model = find(models, case)
    request.environ |= {CASE: case, VERSION: model.version}
    return model


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
    failed = (
        " (its production version failed to load, see /health/ready)"
        if case in models.failures
        else ""
    )
    names = ", ".join(serving) or "none"
    raise ClientError(404, f"no model serves as {case[:80]!r}{failed}; known models: {names}")


def headline(model: Predictor) -> dict[str, object]:
    """Return a model's kind and its primary metric's name and, where its metrics tell, value."""
    score = None if model.score is None else model.score.model_dump(exclude_none=True)
    return {"kind": model.signature.kind, "primary_metric": model.primary_metric, "score": score}


def _identity(model: Predictor) -> dict[str, object]:
    signature = model.signature
    return {"case": signature.case, "version": model.version, "trained_on": signature.trained_on}
