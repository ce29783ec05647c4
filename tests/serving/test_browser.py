"""The pages of tables, texts and series, used in a browser as a person does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.serving.site import Site, ask, raw

Visit = Callable[..., Page]
PREDICT = "**/v1/models/*:predict"


def open_model(visit: Visit, site: Site, case: str) -> Page:
    return visit(f"{site.url}/models/{case}")


def focused(page: Page) -> object:
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_a_filled_form_is_answered_as_by_the_api(site: Site, visit: Visit) -> None:
    page = open_model(visit, site, "fraud")
    expect(page.get_by_role("status").first).to_have_text("Nothing was asked yet.")
    page.get_by_label("Amount").fill("40")
    page.get_by_label("Hour").fill("7")
    page.get_by_label("Sex").select_option("female")
    ask(page)
    answer = site.predict("fraud", {"Amount": 40, "Hour": 7, "Age": None, "Sex": "female"})
    assert raw(page) == answer
    (prediction,) = answer["predictions"]
    expect(page.locator("#value")).to_have_text("fraud")
    expect(page.locator("#label")).to_have_text(
        f"probability {prediction['probability']:.1%}".replace("%", " %")
    )
    expect(page.locator("#version")).to_have_text("fraud version 1, trained on real data")
    expect(page.get_by_role("img")).to_have_accessible_name(
        f"probability {prediction['probability']:.4g}, threshold 0.31"
    )
    drawn, whole = page.locator("#bar").bounding_box(), page.locator(".track").bounding_box()
    assert (
        drawn
        and whole
        and drawn["width"] / whole["width"] == pytest.approx(prediction["probability"], abs=0.01)
    )


def test_what_a_sample_taught_is_said_beside_the_answer(site: Site, visit: Visit) -> None:
    page = open_model(visit, site, "mpg")
    expect(page.get_by_role("note")).to_contain_text("embedded sample")
    ask(page)
    expect(page.locator("#value")).to_have_text("mpg 30 miles per gallon")
    expect(page.locator("#version")).to_have_text(
        "mpg version 4, trained on sample data: do not rely on it"
    )


def test_faults_stand_beside_their_fields_and_the_first_one_gets_the_focus(
    site: Site, visit: Visit
) -> None:
    page = open_model(visit, site, "fraud")
    amount, hour = page.get_by_label("Amount"), page.get_by_label("Hour")
    amount.fill("")
    hour.fill("1.5")
    ask(page)
    expect(amount).to_be_focused()
    expect(amount).to_have_accessible_description("must not be empty Paid seen 0 to 100")
    expect(hour).to_have_accessible_description("must be a whole number seen 0 to 23")
    expect(page.get_by_role("alert")).to_have_text(
        "Nothing was answered: see what is said beside the fields."
    )
    expect(page.locator("[aria-invalid=true]")).to_have_count(2)
    amount.press_sequentially("1e")
    hour.fill("2")
    ask(page)
    expect(page.locator("#field-1-fault")).to_have_text("must be a number")
    amount.fill("1")
    ask(page)
    expect(page.locator("#version")).to_contain_text("version 1")
    expect(page.locator("[aria-invalid=true]")).to_have_count(0)
    expect(page.locator("#error")).to_be_empty()


def test_a_number_training_never_saw_is_marked_at_once_and_told_with_the_answer(
    site: Site, visit: Visit
) -> None:
    page = open_model(visit, site, "fraud")
    outside = page.locator("#field-1-outside")
    expect(outside).to_be_hidden()
    page.get_by_label("Amount").fill("500")
    expect(outside).to_be_visible()
    ask(page)
    expect(page.locator("#warnings li")).to_have_text(
        "Amount = 500 is outside what training saw (0 to 100)."
    )
    page.get_by_role("button", name="Back to the example").click()
    expect(page.get_by_label("Amount")).to_have_value("1.5")
    expect(outside).to_be_hidden()


def test_a_review_is_written_counted_and_judged(site: Site, visit: Visit) -> None:
    page = open_model(visit, site, "reviews")
    text = page.get_by_role("textbox", name="text")
    text.fill("a bad film")
    expect(page.locator("#field-1-count")).to_have_text("10 / 40")
    ask(page)
    assert raw(page) == site.predict("reviews", {"text": "a bad film"})
    expect(page.locator("#value")).to_have_text("negative")
    text.fill("good good good good good")
    ask(page)
    expect(page.locator("#label")).to_have_text("probability > 99.9 %")  # not 100
    text.fill("good " * 9)
    ask(page)
    expect(page.locator("#field-1-fault")).to_have_text("has 45 characters, which are more than 40")
    expect(page.locator("#value")).to_be_empty()


def test_a_series_is_answered_with_a_chart_or_a_number(site: Site, visit: Visit) -> None:
    page = open_model(visit, site, "power")
    window = page.get_by_role("textbox", name="window")
    window.fill("1 2,3\n")
    page.get_by_label("date").fill("2010-11-26")
    ask(page)
    assert raw(page) == site.predict("power", {"window": [1, 2, 3], "date": "2010-11-26"})
    expect(page.get_by_role("img")).to_have_accessible_name(
        "3 numbers and a forecast of 2, from 6 to 14.94"
    )
    points = page.locator("#chart .band").get_attribute("points")
    assert points and len(points.split()) == 4
    expect(page.locator("#label")).to_have_text("the next day; 5 to 7")
    expect(page.locator("#steps tr")).to_have_text(["1657", "214.9413.9415.94"])
    window.fill("1 two")
    ask(page)
    expect(page.locator("#field-1-fault")).to_have_text(
        "must hold 3 numbers, not 2; number 2 must be a number"
    )
    counted = open_model(visit, site, "count")
    ask(counted)
    expect(counted.locator("#value")).to_have_text("next 6 kW")


def test_the_keyboard_alone_is_enough(site: Site, visit: Visit) -> None:
    page = open_model(visit, site, "mpg")
    passed = []
    while focused(page) != "field-1":
        page.keyboard.press("Tab")
        passed.append(focused(page))
        assert len(passed) < 10, passed
    assert passed == ["To the content", "Casebook", "English", "한국어", "field-1"]
    page.keyboard.type("2000")
    page.keyboard.press("Enter")
    expect(page.locator("#value")).to_have_text("mpg 20 miles per gallon")
    for name in ("Ask the model", "Back to the example", "The answer as JSON"):
        page.keyboard.press("Tab")
        assert focused(page) == name
    page.keyboard.press("Enter")
    expect(page.locator("#raw")).to_be_visible()


def test_a_question_in_flight_is_not_asked_again_and_a_slow_one_says_so(
    site: Site, visit: Visit
) -> None:
    page = open_model(visit, site, "mpg")
    held: list[Route] = []
    page.route(PREDICT, lambda route: held.append(route))
    page.get_by_role("button", name="Ask the model").dblclick()
    expect(page.locator("#waiting")).to_have_text("Asking the model …")
    expect(page.locator("#ask")).to_have_attribute("aria-busy", "true")
    assert len(held) == 1
    page.get_by_label("Weight").fill("1000")
    ask(page)  # another question takes its place
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[1].continue_()
    expect(page.locator("#value")).to_have_text("mpg 10 miles per gallon")
    expect(page.locator("#waiting")).to_be_empty()
    assert page.locator("#ask").get_attribute("aria-busy") is None
    assert len(held) == 2
