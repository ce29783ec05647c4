"""The Flask application: routes, limits and headers put together."""

from flask import Flask
from werkzeug.routing import BaseConverter

from serving.answers import add_errors
from serving.api import add_api
from serving.around import Around
from serving.health import add_health
from serving.instances import Limits
from serving.metrics import Metrics
from serving.openapi import add_openapi
from serving.pages import add_pages
from serving.registry import Registry


class CaseConverter(BaseConverter):
    """A case's name in a path; it ends where `:predict` begins."""

    regex = "[^/:]+"


def create_app(models: Registry, max_body: int = 8 * 2**20, max_rows: int = 10_000, max_pictures: int = 1_000) -> Flask:
    """Return the service over `models`.

    Parameters
    ----------
    models
        The models that serve; whoever made it lets it look and watch.
    max_body
        The largest request body in bytes; a larger one is answered 413 before it is parsed.
    max_rows, max_pictures
        The most instances one request may hold, of columns and of a picture each.
    """
    app = Flask(__name__)
    metrics, limits = Metrics(models), Limits(max_rows, max_pictures)
    app.config["MAX_CONTENT_LENGTH"] = max_body
    app.url_map.converters["case"] = CaseConverter
    app.url_map.merge_slashes = False  # an unknown path is a 404, not a redirect to a guess
    add_errors(app)
    add_health(app, models, metrics)
    add_api(app, models, limits)
    add_openapi(app, models, limits)
    add_pages(app, models)
    app.wsgi_app = Around(app.wsgi_app, metrics)  # type: ignore[method-assign]
    return app
