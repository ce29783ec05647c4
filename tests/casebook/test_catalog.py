"""A catalog or a suite that is broken is told with its file and what to mend."""

from pathlib import Path

import pytest

from casebook.catalog import data_set
from casebook.errors import CasebookError
from tasks.data.validate import suite_text

ENTRY = """[coins]
title = "Coins"
folder = "coins"
licence = "none"
citation = "none"
files = []
[coins.columns]
side = { type = "string" }
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASEBOOK_CASES", str(tmp_path))
    for name in ("data", "expectations"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_byte_order_mark_is_no_part_of_a_catalog(house: Path) -> None:
    (house / "data" / "catalog.toml").write_text(ENTRY, encoding="utf-8-sig")
    assert data_set("coins").title == "Coins"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[coins\n", r"catalog\.toml can't be read as TOML: .*line 1.* Mend it there"),
        (ENTRY + "[coins]\n", r"catalog\.toml can't be read as TOML: Cannot declare"),
        ("coins = 3\n", r"The entry coins in .*catalog\.toml is no table"),
        (
            ENTRY.replace("title", "titel"),
            r"\[coins\] in .* is malformed: title: field required; titel: extra",
        ),
        (
            ENTRY.replace('"string"', '"text"'),
            r"columns\.side\.type: input should be 'float', 'integer' or 'string'",
        ),
    ],
    ids=["broken", "twice", "no-table", "misspelt", "unknown-type"],
)
def test_a_broken_catalog_names_itself(house: Path, text: str, words: str) -> None:
    (house / "data" / "catalog.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CasebookError, match=words) as error:
        data_set("coins")
    assert "\n" not in str(error.value)


def test_a_catalog_in_another_encoding_names_itself(house: Path) -> None:
    (house / "data" / "catalog.toml").write_text(ENTRY.replace("Coins", "Mün"), encoding="latin-1")
    with pytest.raises(CasebookError, match=r"catalog\.toml is no UTF-8 text from byte"):
        data_set("coins")


RULES = '[{"type": "expect_column_to_exist", "kwargs": {"column": "side"}}]'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", r"coins\.json can't be read as JSON: .*line 1.* Mend it there"),
        ("[]", r"coins\.json is malformed: the whole: input should be"),
        (
            f'{{"name": "coins", "meta": {{}}, "expectations": {RULES}}}',
            r"meta\.quarantine_limit: field required",
        ),
        (f'{{"name": "coins", "expectations": {RULES}}}', r"meta: field required"),
        (
            f'{{"name": "coins", "meta": {{"quarantine_limit": 2}}, "expectations": {RULES}}}',
            r"less than or equal to 1",
        ),
        (
            f'{{"name": "coins", "meta": {{"quarantine_limit": "much"}}, "expectations": {RULES}}}',
            r"valid number",
        ),
        (
            f'{{"name": "coins", "meta": {{"quarantine_limit": NaN}}, "expectations": {RULES}}}',
            r"quarantine_limit nan",
        ),
        (
            '{"name": "coins", "meta": {"quarantine_limit": 0}, "expectations": []}',
            r"at least 1 item",
        ),
        (
            '{"name": "coins", "meta": {"quarantine_limit": 0}, "expectations": [{}]}',
            r"expectations\.0\.type: field",
        ),
        ('{"name": "coins", "name": "a"}', r"the name 'name' stands twice"),
    ],
    ids=[
        "broken",
        "list",
        "no-limit",
        "no-meta",
        "over-1",
        "text",
        "nan",
        "empty",
        "no-type",
        "twice",
    ],
)
def test_a_broken_suite_names_its_file(house: Path, text: str, words: str) -> None:
    (house / "expectations" / "coins.json").write_text(text, encoding="utf-8")
    with pytest.raises(CasebookError, match=words) as error:
        suite_text("coins")
    assert "coins.json" in str(error.value)
    assert "\n" not in str(error.value)
