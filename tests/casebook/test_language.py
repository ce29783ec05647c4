"""Sentences are rendered in a language with their values.

The Korean catalog lacks no message that pages contain.
"""

import io
import tomllib
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from casebook import paths
from casebook.language import CATALOGS, Message, messages, msg, translated
from tasks.problem.definition import TITLES

# the last two are {% trans %}
KEYWORDS = {
    "msg": None,
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
}


def texts_in_code() -> Iterator[str]:
    """All texts that code and templates say."""
    methods, options = parse_mapping_cfg(
        io.StringIO((CATALOGS / "babel.cfg").read_text(encoding="utf-8"))
    )
    for folder in ("tasks", "flows", "serving"):
        root = paths.project() / folder
        for _, _, text, _, _ in extract_from_dir(root, methods, options, keywords=KEYWORDS):
            yield text if isinstance(text, str) else text[0]


def titles() -> Iterator[str]:
    """What all data sets are called, and what limits they have."""
    entries = tomllib.loads((paths.project() / "data" / "catalog.toml").read_text(encoding="utf-8"))
    for entry in entries.values():
        yield entry["title"]
        yield from [entry["limits"]] if "limits" in entry else []


def test_a_sentence_is_told_with_its_values() -> None:
    sentence = msg(
        "{champion} reaches {figure} {value:.4f}.", champion="ours", figure="AUPRC", value=0.91
    )
    assert str(sentence) == "ours reaches AUPRC 0.9100."
    assert sentence.render("ko") == "ours의 AUPRC: 0.9100."
    assert Message.model_validate_json(sentence.model_dump_json()) == sentence


def test_a_text_that_the_catalog_lacks_stays_english() -> None:
    assert translated("no such text", "ko") == "no such text"
    assert translated("Data", "en") == "Data"


def test_korean_lacks_nothing() -> None:
    expected = {*texts_in_code(), *TITLES.values(), *titles()}
    same = {"AUPRC", "ROC AUC", "F1", "RMSE", "MAE", "R²"}  # in Korean too
    assert len(expected) > 150
    assert not expected - messages("ko").keys() - same


@pytest.mark.parametrize(("text", "translation"), messages("ko").items())
def test_a_translation_has_the_values_of_its_text(text: str, translation: str) -> None:
    def names(form: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(form) if name}

    if "%(" in text:
        assert set(text.split("%(")[1:]) and all(
            part.split(")")[0] in translation for part in text.split("%(")[1:]
        )
    assert names(text) == names(translation)
