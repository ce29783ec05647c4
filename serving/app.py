"""The Flask application: routes, limits and headers put together."""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.routing import BaseConverter

from serving.answers import add_errors
from serving.api import add_api
from serving.api_key import ApiKeyMiddleware
from serving.check import Reader
from serving.health import add_health
from serving.instances import Limits
from serving.labs import add_labs
from serving.limits import BODY
from serving.metrics import Metrics
from serving.openapi import add_openapi
from serving.pages import add_pages
from serving.registry import Registry
from serving.request_histogram import RequestHistogram
from serving.request_middleware import RequestMiddleware

SHORT = 16 * 1024  # bytes of a body
FAST = ("live", "ready")  # endpoints that have no work to do


class CaseConverter(BaseConverter):
    """A case's name in a path; it ends where `:predict` begins."""

    regex = "[^/:]+"


def create_app(
    models: Registry,
    max_body: int = BODY,
    limits: Limits = Limits(),
    key: str = "",
    histogram: RequestHistogram | None = None,
) -> Flask:
    """Return the service over `models`.

    Parameters
    ----------
    models
        The models that serve; whoever made it lets it look and watch.
    max_body
        The largest request body in bytes; a larger one is answered 413 before it is parsed.
    limits
        How much one request may ask.
    key
        What whoever asks a model must know; empty asks for none.
    histogram
        What counts; whoever made it lets it watch.
    """
    app = Flask(__name__)
    metrics, histogram = Metrics(models), histogram or RequestHistogram()
    app.config["MAX_CONTENT_LENGTH"] = max_body
    app.url_map.converters["case"] = CaseConverter
    app.url_map.merge_slashes = False  # an unknown path is a 404, not a redirect to a guess
    add_errors(app)
    add_health(app, models, metrics)
    add_api(app, models, limits, histogram)
    add_openapi(app, models, limits, requires_key=bool(key))
    add_labs(app, models, histogram)
    add_pages(app, models)
    app.wsgi_app = RequestMiddleware(  # type: ignore[method-assign]
        ApiKeyMiddleware(app.wsgi_app, key) if key else app.wsgi_app, metrics
    )
    return app


def is_fast(models: Registry, route: tuple[str, Mapping[str, Any]], length: int) -> bool:
    """Return whether a request takes less than a millisecond.

    That is a health check, or a short request for a model of columns. The decision is made by what
    the router found, as several paths can lead to one place.
    """
    endpoint, values = route
    if endpoint != "predict":
        return endpoint in FAST
    model = models.serving.get(values["case"])
    return length <= SHORT and (model is None or isinstance(model.reader, Reader))
