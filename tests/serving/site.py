"""A service of small models of every kind as a process, and a browser to use its pages with."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from casebook import paths
from tests import needs
from tests.serving.signatures import Row
from tests.serving.test_series import FORECAST, SIGNATURE, graph
from tests.serving.versions import point, publish_classifier, publish_rows, seal, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    Visit = Callable[..., Page]

WAIT = 120_000  # milliseconds until what must happen counts as not happening
CASES = ("colours", "count", "fraud", "mnist", "mpg", "power", "reviews")
REVIEWS: Row = {
    "case": "reviews",
    "kind": "binary",
    "trained_on": "sample",
    "inputs": [{"name": "text", "dtype": "text", "description": "A review", "longest": 40}],
    "output": {
        "name": "probability",
        "description": "",
        "threshold": 0.5,
        "labels": ["negative", "positive"],
    },
}
WEIGHTS = {"good": 2.0, "film": 0.0, "bad": -3.0}
QUIET = ("quic", "background-networking", "component-update", "sync")


@dataclass
class Site:
    """A running service."""

    url: str
    process: "subprocess.Popen[str]"

    def get(self, path: str) -> Any:
        """Return what the API says at a path."""
        with urlopen(f"{self.url}{path}", timeout=60) as response:
            return json.load(response)

    def predict(self, case: str, instance: Row) -> Any:
        """Return the API's answer to one instance."""
        request = Request(
            f"{self.url}/v1/models/{case}:predict", json.dumps({"instances": [instance]}).encode()
        )
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=60) as response:
            return json.load(response)


@contextmanager
def started(*arguments: str) -> Iterator[Site]:
    """Serve what is published until the end of the context."""
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "serving",
        "--processes",
        "1",
        "--log",
        "warning",
    ]
    command += [*(arguments or ("--port", "0"))]
    with subprocess.Popen(
        command,
        cwd=paths.project(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        try:
            assert process.stdout is not None
            match = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert match, process.communicate()[1]
            yield Site(match[0], process)
        finally:
            process.kill()


@contextmanager
def launched() -> Iterator["Browser"]:
    """Run the system's Chromium without a window until the end of the context."""
    from playwright.sync_api import sync_playwright

    path = needs.chromium()
    quiet = [f"--disable-{what}" for what in QUIET]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", *quiet],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: "Browser") -> "Iterator[Visit]":
    """Yield a function that opens a page in a language.

    In the end no page may have reported an error.

    These count: what a page writes to the console (a breach of the content security policy too),
    what a script throws, a file that is missing, and a request to anywhere but the service. The
    browser itself reports an answer with a 4xx.
    """
    from playwright.sync_api import expect

    expect.set_options(timeout=WAIT)
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def visit(url: str, language: str = "en", **options: Any) -> "Page":
        context = browser.new_context(locale=language, reduced_motion="reduce", **options)
        contexts.append(context)
        context.set_default_timeout(WAIT)
        page = context.new_page()
        home, prefix = "/".join(url.split("/")[:3]) + "/", "Failed to load resource"
        page.on(
            "console",
            lambda message: None if message.text.startswith(prefix) else wrong.append(message.text),
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: None if request.url.startswith(home) else wrong.append(request.url),
        )
        page.on(
            "response",
            lambda response: (
                wrong.append(response.url)
                if "/static/" in response.url and response.status >= 400
                else None
            ),
        )
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not wrong


def ask(page: "Page") -> None:
    """Press the button."""
    page.get_by_role("button", name="Ask the model").click()


def raw(page: "Page") -> Any:
    """Return the answer as the page has it, once it has one."""
    from playwright.sync_api import expect

    expect(page.locator("#raw")).not_to_be_empty()
    return json.loads(page.locator("#raw").text_content() or "")


def publish_all() -> None:
    """Publish a model of each kind, with numbers, choices, pictures, a text, series, and a date."""
    publish_rows("fraud", 1, -1.0)
    publish_rows("mpg", 4, 0.01, trained_on="sample")
    publish_classifier("mnist")
    publish_classifier("colours")
    window: Row = {"window": [1.0, 2.0, 3.0]}
    write("count", 1, graph("regression"), SIGNATURE, [window], [{"next": 6.0}])
    forecast = {"forecast": [6.0, 1.0], "low": [5.0, 0.0], "high": [7.0, 2.0]}
    write("power", 1, graph("forecast"), FORECAST, [window | {"date": "1972-09-27"}], [forecast])
    _publish_reviews()
    for case in ("count", "power"):
        point(case, "1")


def _publish_reviews() -> None:
    answer = {"probability": 1 / (1 + 2.718281828459045**-2.0), "label": "positive"}
    folder = write("reviews", 1, _text_graph(), REVIEWS, [{"text": "good film"}], [answer])
    vocabulary = {"unit": "word", "tokens": list(WEIGHTS), "length": 10}
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary))
    seal(folder)
    point("reviews", "1")


def _text_graph() -> bytes:
    """Return a logistic model over the sum of the words' weights."""
    from onnx import TensorProto, checker, helper

    weights = [0.0, 0.0, *WEIGHTS.values()]  # padding and the unknown word come first
    nodes = [
        helper.make_node("Gather", ["weights", "tokens"], ["each"]),
        helper.make_node("ReduceSum", ["each", "last"], ["total"], keepdims=1),
        helper.make_node("Sigmoid", ["total"], ["probability"]),
    ]
    onnx_graph = helper.make_graph(
        nodes,
        "reviews",
        [helper.make_tensor_value_info("tokens", TensorProto.INT32, [None, None])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor("weights", TensorProto.FLOAT, [len(weights)], weights),
            helper.make_tensor("last", TensorProto.INT64, [1], [1]),
        ],
    )
    model = helper.make_model(onnx_graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return bytes(model.SerializeToString())
