"""The pages a person sees: the list of models, and one form per model."""

import base64

from flask import Flask, render_template

from serving.api import find, headline
from serving.bundle import Predictor
from serving.check_pictures import encoded
from serving.registry import Registry


def add_pages(app: Flask, models: Registry) -> None:
    """Add `/` and `/models/<case>` to `app`."""

    @app.get("/")
    def index() -> str:
        cards = [(model, headline(model)) for model in models.serving.values()]
        return render_template("index.html", cards=cards, failures=models.failures.values())

    @app.get("/models/<case:case>")
    def form(case: str) -> str:
        model = find(models, case)
        first = model.sample[0]
        picture = model.signature.picture
        sample = base64.b64encode(encoded(first[picture.name])).decode() if picture else ""
        return render_template("model.html", model=model, first=first, sample=sample, mark=_mark(model))


def _mark(model: Predictor) -> object:
    """Return what a number is shown against: the threshold, or the answer to the sample's first row."""
    output = model.signature.output
    if model.signature.kind == "regression":
        return model.predict(model.sample[:1])[0][output.name]
    return "" if output.threshold is None else output.threshold
