"""A page's sections can be reached, and its tables be heard and scrolled."""

from tasks.pages.outline import outlined

SECTIONS = "".join(f"<h2>Part {number}</h2>" for number in range(1, 5))
TABLE = '<div class="scroll"><table>\n  <caption>Ours &amp; others</caption>\n<th class="n">x</th>'


def test_each_section_is_listed_below_the_header() -> None:
    page = outlined(f"<header></header>{SECTIONS}", "Contents", "Table")
    assert page.index('<nav aria-label="Contents">') < page.index("<h2")
    for number in range(1, 5):
        assert f'<a href="#section-{number}">Part {number}</a>' in page
        assert f'<h2 id="section-{number}">Part {number}</h2>' in page


def test_few_sections_need_no_list() -> None:
    assert "<nav" not in outlined("<header></header><h2>One</h2>", "Contents", "Table")


def test_a_caption_stands_above_its_table_and_names_it() -> None:
    page = outlined(TABLE, "Contents", "Table")
    assert '<p class="soft" id="table-1">Ours &amp; others</p>' in page
    assert 'tabindex="0" role="region" aria-labelledby="table-1"><table>' in page
    assert "<caption" not in page
    assert '<th scope="col" class="n">' in page


def test_a_table_without_a_caption_has_a_name() -> None:
    page = outlined('<div class="scroll"><table><thead></thead>', "Contents", "Table")
    assert 'role="region" aria-label="Table 1"' in page
    assert "<thead>" in page
