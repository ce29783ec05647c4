"""The pages a person sees: the list of models, and one form per model, in English and Korean."""

import base64

from flask import Flask, Response, make_response, render_template, request

from serving.answers import ClientError
from serving.api import find, headline
from serving.bundle import Predictor
from serving.check_pictures import encoded
from serving.language import LANGUAGES, add_words, chosen
from serving.proxy import link
from serving.registry import Registry


def add_pages(app: Flask, models: Registry) -> None:
    """Add `/` and `/models/<case>` to `app`."""
    add_words(app)
    app.jinja_env.globals["link"] = link

    @app.get("/")
    def index() -> Response:
        cards = [(model, headline(model)) for model in models.serving.values()]
        return page("index.html", cards=cards, failures=models.failures.values())

    @app.get("/models/<case:case>")
    def form(case: str) -> Response:
        try:
            model = find(models, case)
        except ClientError as error:
            if "text/html" not in request.accept_mimetypes.values():
                raise
            return page("missing.html", error.code, case=case[:80], cases=list(models.serving))
        first = model.sample[0]
        picture = model.signature.picture
        sample = base64.b64encode(encoded(first[picture.name])).decode() if picture else ""
        return page("model.html", model=model, first=first, sample=sample, mark=_mark(model))


def page(template: str, code: int = 200, **values: object) -> Response:
    """Render a page in the reader's language.

    A language that the address requests is kept in the links.
    """
    requested = request.args.get("language", "")
    language = chosen(requested, request.accept_languages)
    kept = {"language": language} if requested in LANGUAGES else {}
    text = render_template(template, language=language, kept=kept, **values)
    response = make_response(text, code)
    response.content_language.add(language)
    response.vary.update(("Accept-Language", "X-Forwarded-Prefix"))
    return response


def _mark(model: Predictor) -> object:
    """Return the reference that a number is shown against.

    It is the threshold, or the answer to the sample's first row.
    """
    output = model.signature.output
    if model.signature.kind == "regression":
        return model.predict(model.sample[:1])[0][output.name]
    return "" if output.threshold is None else output.threshold
