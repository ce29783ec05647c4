"""A model's page leads by examples: chips with the truth, code, and a link that has the values.

The columns are called like parts of a form, which must not matter.
"""

import json
from collections.abc import Callable, Iterator

import onnx
import pytest
from onnx import helper
from playwright.sync_api import Page, expect

from tests.serving.signatures import Row
from tests.serving.site import Site, raw, started
from tests.serving.versions import point, seal, write

Visit = Callable[..., Page]
SHOP: Row = {
    "case": "shop",
    "kind": "regression",
    "trained_on": "real",
    "title": "What a thing costs",
    "limits": "One shop in one year.",
    "inputs": [
        {"name": "constructor", "dtype": "float", "allowed": [2.0, 4.0]},
        {"name": "dataset", "dtype": "float", "minimum": 0.0, "maximum": 9.0},
    ],
    "output": {"name": "price", "unit": "EUR"},
}
ROWS: list[Row] = [{"constructor": 2.0, "dataset": 1.0}, {"constructor": 4.0, "dataset": 3.0}]


def graph() -> bytes:
    """Return the sum of both columns."""
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 1])
        for name in ("constructor", "dataset", "price")
    ]
    add = helper.make_node("Add", ["constructor", "dataset"], ["price"])
    whole = helper.make_model(
        helper.make_graph([add], "shop", ends[:2], ends[2:]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    return bytes(whole.SerializeToString())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running service of one model whose sample says what is true."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path_factory.mktemp("shop")))
        folder = write("shop", 1, graph(), SHOP, ROWS, [{"price": 3.0}, {"price": 7.0}])
        (folder / "sample_truth.json").write_text(json.dumps({"truth": [3.5, 6.5]}))
        seal(folder)
        point("shop", "1")
        with started() as running:
            yield running


def test_a_chip_fills_the_fields_and_asks(shop: Site, visit: Visit) -> None:
    page = visit(f"{shop.url}/models/shop")
    expect(page.get_by_role("heading", level=1)).to_contain_text("What a thing costs")
    expect(page.get_by_text("One shop in one year.")).to_be_visible()
    page.get_by_role("button", name="6.5 EUR").click()
    assert raw(page)["predictions"] == [{"price": 7.0}]
    expect(page.get_by_label("constructor")).to_have_value("4.0")
    expect(page.locator("#link")).to_contain_text("share it")


def test_a_link_has_the_values_and_loses_them_with_the_answer(shop: Site, visit: Visit) -> None:
    page = visit(f"{shop.url}/models/shop#constructor=4.0&dataset=5")
    expect(page.get_by_label("dataset")).to_have_value("5")
    page.get_by_role("button", name="Ask the model").click()
    assert raw(page)["predictions"] == [{"price": 9.0}]
    assert page.url.endswith("#constructor=4.0&dataset=5")
    page.get_by_role("button", name="Back to the example").click()
    expect(page.locator("#link")).to_be_empty()
    assert "#" not in page.url
    expect(page.get_by_label("dataset")).to_have_value("1.0")


def test_the_question_stands_there_as_code(shop: Site, visit: Visit) -> None:
    page = visit(f"{shop.url}/models/shop")
    page.get_by_text("Use via API").click()
    curl, python, script = page.locator("#code pre").all_inner_texts()
    body = '{"instances":[{"constructor":2,"dataset":1}]}'
    assert curl.startswith(f"curl -s '{shop.url}/v1/models/shop:predict'")
    assert f"-d '{body}'" in curl
    answer: dict[str, object] = {}
    assert f"body = {body}" in python
    exec(python.splitlines()[2], answer)
    assert answer["body"] == json.loads(body)
    assert "await fetch" in script
    assert "Authorization" not in curl + python + script
