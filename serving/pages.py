"""The pages a person sees: the list of models, and one form per model."""

from flask import Flask, render_template

from serving.api import find, headline
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
        typical = model.predict(model.sample[:1])[0][model.signature.output.name]
        return render_template("model.html", model=model, first=first, typical=typical)
