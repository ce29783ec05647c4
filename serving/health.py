"""Whether the service lives, whether it can answer, and what it has counted."""

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from serving.answers import answer
from serving.metrics import Metrics
from serving.registry import Registry


def add_health(app: Flask, models: Registry, metrics: Metrics) -> None:
    """Add `/health/live`, `/health/ready` and `/metrics` to `app`."""

    @app.get("/health/live")
    def live() -> Response:
        return answer({"status": "live"})

    @app.get("/health/ready")
    def ready() -> Response:
        failures = [vars(failure) for failure in models.failures.values()]
        serving = {case: model.version for case, model in models.serving.items()}
        sound = bool(serving) and not failures
        status = "ready" if sound else "not ready"
        content: dict[str, object] = {"status": status, "models": serving, "failures": failures}
        if models.notes:
            content["notes"] = models.notes  # what is out of reach takes no answer away
        return answer(content, 200 if sound else 503)

    @app.get("/metrics")
    def counted() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
