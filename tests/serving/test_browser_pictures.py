"""The pages of picture models.

A file is chosen, dropped or pasted, and a digit is drawn by mouse or keyboard.
"""

import base64
import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.serving.site import Site, ask, raw
from tests.serving.versions import png

Visit = Callable[..., Page]
DROP = """([kind, content, type]) => {
  const data = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  if (type) data.items.add(new File([bytes], "dropped", { type }));
  else data.setData("text/plain", "a text");
  const facts = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent(kind, { ...facts, clipboardData: data })
    : new DragEvent(kind, { ...facts, dataTransfer: data });
  return !document.getElementById("drop").dispatchEvent(event);
}"""


def put(page: Page, kind: str, content: bytes, mime: str = "image/png") -> None:
    """Drop or paste; the browser itself does nothing with it."""
    assert page.evaluate(DROP, [kind, base64.b64encode(content).decode(), mime])


def on_canvas(page: Page, name: str = "pad") -> str:
    """Return what is drawn on a canvas, as a data URL."""
    return str(page.locator(f"#{name}").evaluate("(canvas) => canvas.toDataURL()"))


def white(picture: str) -> int:
    """Return how many pixels are white."""
    with Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2]))) as image:
        return image.convert("L").histogram()[255]


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_dropped_or_pasted_is_shown_and_answered(
    site: Site, visit: Visit, kind: str
) -> None:
    page = visit(f"{site.url}/models/mnist")
    put(page, kind, png(255))
    assert raw(page) == site.predict("mnist", {"picture": base64.b64encode(png(255)).decode()})
    expect(page.locator("#value")).to_have_text("9")
    expect(page.locator("#top li")).to_have_count(5)
    expect(page.locator("#top li").first).to_have_text("967.2 %")
    expect(page.locator("#version")).to_have_text("mnist version 1, trained on real data")
    expect(page.get_by_role("img", name="The picture that was asked about")).to_be_visible()
    assert white(on_canvas(page, "preview")) == 48 * 64  # eight times as large


def test_a_chosen_file_is_answered_and_what_is_no_picture_is_told_beside_it(
    site: Site, visit: Visit
) -> None:
    page = visit(f"{site.url}/models/mnist")
    ask(page)
    file = page.get_by_label("picture", exact=True)
    expect(page.locator("#file-fault")).to_have_text("Choose a picture first, or draw one.")
    file.set_input_files({"name": "grey.png", "mimeType": "image/png", "buffer": png(85)})
    expect(page.locator("#value")).to_have_text("3")
    expect(page.locator("#file-fault")).to_be_empty()
    file.set_input_files({"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    expect(page.locator("#file-fault")).to_contain_text("is no JPEG, PNG, WebP, GIF or BMP picture")
    expect(file).to_be_focused()
    expect(page.locator("#value")).to_be_empty()
    expect(page.locator("#preview")).to_be_hidden()
    put(page, "drop", b"", "")
    expect(page.locator("#file-fault")).to_have_text("Only a file can be dropped or pasted.")
    page.locator("#ask").evaluate("(form) => (form.dataset.most = 2 ** 19)")
    file.set_input_files({"name": "large.png", "mimeType": "image/png", "buffer": bytes(2**20)})
    expect(page.locator("#file-fault")).to_have_text(
        "The picture has 1.0 MB; the service takes 0.5 at most."
    )


def test_a_digit_is_drawn_with_the_mouse(site: Site, visit: Visit) -> None:
    page = visit(f"{site.url}/models/mnist")
    box = page.get_by_role("application", name="Draw it").bounding_box()
    assert box
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 10, steps=4)
    page.mouse.move(box["x"] + 20, box["y"] + 70, steps=4)
    page.mouse.up()
    assert raw(page) == site.predict("mnist", {"picture": on_canvas(page)})
    assert white(on_canvas(page)) > 500
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#value")).to_be_empty()
    assert not white(on_canvas(page))


def test_a_digit_is_drawn_by_keyboard(site: Site, visit: Visit) -> None:
    page = visit(f"{site.url}/models/mnist")
    pad = page.get_by_role("application", name="Draw it")
    pad.focus()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowUp")
    assert not white(on_canvas(page))
    expect(page.locator("#pen")).to_be_visible()
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    assert white(on_canvas(page)) > 100
    page.keyboard.press("Enter")
    assert raw(page) == site.predict("mnist", {"picture": on_canvas(page)})
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Clear")).to_be_focused()
    expect(page.locator("#pen")).to_be_hidden()


def test_the_sample_picture_of_a_model_in_colour(site: Site, visit: Visit) -> None:
    page = visit(f"{site.url}/models/colours")
    expect(page.locator("#pad")).to_have_count(0)
    page.get_by_role("button", name="Use the sample picture").click()
    assert raw(page) == site.predict("colours", {"picture": base64.b64encode(png(0)).decode()})
    expect(page.locator("#top li")).to_have_count(3)
