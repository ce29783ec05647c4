"""Every page in both languages, on a small screen and in dark mode.

The tests check what users of these hear and see.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.serving.site import CASES, Site

Visit = Callable[..., Page]
NAMED = {
    "button",
    "link",
    "textbox",
    "spinbutton",
    "combobox",
    "image",
    "application",
    "region",
    "Date",
    "navigation",
}
# the least contrast of a text with the ground that it stands on, by WCAG's formula
CONTRAST = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3)
    .map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (each) => each && (numbers(getComputedStyle(each).backgroundColor)[3] ?? 1)
    ? getComputedStyle(each).backgroundColor : ground(each.parentElement);
  const ratio = (each) => {
    const pair = [light(getComputedStyle(each).color), light(ground(each))]\
.sort((one, other) => other - one);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  };
  const says = (each) => [...each.childNodes]\
.some((node) => node.nodeType === 3 && node.data.trim());
  const texts = [...document.body.querySelectorAll(":not(script, svg *, canvas, option)")]
    .filter((each) => each.checkVisibility() && says(each));
  return Math.min(...texts.map(ratio));
}"""


def paths() -> list[str]:
    return ["/", "/models/nobody", *(f"/models/{case}" for case in CASES)]


def answered(page: Page) -> Page:
    """Ask what the page has to ask."""
    if page.locator("#ask").count():
        sample = page.locator("#sample")
        (sample if sample.count() else page.locator("#ask button").first).click()
        expect(page.locator("#version")).not_to_be_empty()
    return page


def unnamed(page: Page) -> list[str]:
    """Return the roles of what the browser tells a screen reader without a name."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    shown = [node for node in nodes if not node["ignored"] and node["role"]["value"] in NAMED]
    assert shown
    return [node["role"]["value"] for node in shown if not node.get("name", {}).get("value")]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_page_is_named_readable_and_fits_a_small_screen(
    site: Site, visit: Visit, language: str
) -> None:
    look = {
        "color_scheme": "dark" if language == "ko" else "light",
        "viewport": {"width": 360, "height": 640},
    }
    page = visit(site.url, language, **look)
    for path in paths():
        page.goto(site.url + path)
        answered(page)
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert page.locator("h1").count() == 1
        assert not unnamed(page), path
        assert page.evaluate(CONTRAST) >= 4.5, path


def test_a_page_answers_in_korean(site: Site, visit: Visit) -> None:
    page = visit(f"{site.url}/models/fraud", "ko-KR")
    expect(page.get_by_role("button", name="예측하기")).to_be_visible()
    page.get_by_label("Amount").fill("500")
    answered(page)
    expect(page.locator("#version")).to_have_text("fraud 버전 1, 실제 데이터로 학습")
    expect(page.locator("#warnings li")).to_have_text(
        "Amount = 500: 학습 범위(0 ~ 100)를 벗어났습니다."
    )
    expect(page.locator("#mark-text")).to_have_text("임계값 0.31")
    page.get_by_label("Hour").fill("")
    page.get_by_role("button", name="예측하기").click()
    expect(page.locator("#field-2-fault")).to_have_text("비워 둘 수 없습니다")
    expect(page.get_by_role("alert")).to_have_text("답하지 못했습니다. 입력란 옆의 설명을 보세요.")


def test_the_chosen_language_stays_from_page_to_page(site: Site, visit: Visit) -> None:
    page = visit(site.url, "ko")
    expect(page.get_by_role("heading", level=1)).to_have_text("서비스 중인 모델")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models in production")
    page.get_by_role("link", name="mpg").click()
    expect(page.get_by_role("button", name="Ask the model")).to_be_visible()
    expect(page.get_by_role("link", name="English")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="한국어").click()
    page.get_by_role("link", name="Casebook").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("서비스 중인 모델")
