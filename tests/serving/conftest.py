"""Services of small real models, published as the flows publish theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient

from casebook import paths
from serving.app import create_app
from serving.instances import Limits
from serving.registry import Registry
from tests.serving.graphs import digit, probability
from tests.serving.signatures import Row
from tests.serving.versions import in_base64, point, publish_classifier, publish_rows, seal, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.serving.site import Site, Visit

Publish = Callable[..., Path]


@pytest.fixture(name="in_base64")
def base64_of() -> Callable[[bytes], str]:
    """Return the function that writes bytes as JSON can hold them."""
    return in_base64


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Return the function that publishes and promotes a version into the test's own artifacts."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    return publish_rows


@pytest.fixture
def publish_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Return the function that publishes and promotes a picture classifier.

    It does so in the test's own artifacts.
    """
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path))
    return publish_classifier


@pytest.fixture
def promote() -> Callable[[str, str], None]:
    """Return the function that moves a production pointer."""
    return point


@pytest.fixture
def reseal() -> Callable[[Path], None]:
    """Return the function that rewrites a version's manifest."""
    return seal


@pytest.fixture
def expected() -> Callable[[Row, float], float]:
    """Return the function that computes what the fraud graph answers."""
    return probability


@pytest.fixture
def models(publish: Publish) -> Registry:
    """Return a registry that serves two models.

    They are fraud version 1 (bias -1) and mpg version 4 (slope 0.01, on a sample).
    """
    publish("fraud", 1, -1.0)
    publish("mpg", 4, 0.01, trained_on="sample")
    registry = Registry(paths.models())
    registry.look()
    return registry


@pytest.fixture
def client(models: Registry) -> Iterator[FlaskClient]:
    """Return a client of a service whose every unexpected exception fails the test."""
    app = create_app(models, max_body=100_000, limits=Limits(rows=50))
    app.testing = True
    with app.test_client() as client:
        yield client


@pytest.fixture
def pictures(publish: Publish, publish_pictures: Publish) -> Iterator[FlaskClient]:
    """Return a client of a service with two picture models and a row model.

    The picture models are `mnist` and `colours`, and the row model is `mpg`.
    """
    publish_pictures("mnist")
    publish_pictures("colours")
    publish("mpg", 4, 0.01)
    registry = Registry(paths.models())
    registry.look()
    app = create_app(registry, max_body=200_000, limits=Limits(rows=50, pictures=40))
    app.testing = True
    with app.test_client() as client:
        yield client


@pytest.fixture
def digit_prediction() -> Callable[[float], Row]:
    """Return the function that computes what the grey classifier answers."""
    return digit


@pytest.fixture
def write_version() -> Callable[..., Path]:
    """Return a function that publishes and promotes a version of any graph.

    The version has one instance and its answer.
    """

    def one(
        case: str, graph: bytes, signature: Row, instance: Row, answer: Row, version: int = 1
    ) -> Path:
        folder = write(case, version, graph, signature, [instance], [answer])
        point(case, str(version))
        return folder

    return one


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running service of a small model of each kind."""
    from tests.serving.site import publish_all, started

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path_factory.mktemp("site")))
        publish_all()
        with started() as running:
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield Chromium, and close it after each test module.

    Asyncio's loop runs for as long as Chromium is open.
    """
    from tests.serving.site import launched

    with launched() as chromium:
        yield chromium


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Return a function that opens a page.

    At the end of the test no page may have reported an error.
    """

    from tests.serving.site import visiting

    with visiting(browser) as visit:
        yield visit
