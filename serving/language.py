"""The language of a page: the one its address asks for, else the browser's, else English."""

from typing import TYPE_CHECKING

from flask import Flask
from jinja2 import pass_context

from casebook.language import Language, translated

if TYPE_CHECKING:
    from jinja2.runtime import Context
    from werkzeug.datastructures import LanguageAccept

LANGUAGES: dict[str, Language] = {"en": "en", "ko": "ko"}


def chosen(requested: str | None, accepted: "LanguageAccept") -> Language:
    """Return the language to answer in; `requested` counts only if there is such a language."""
    candidates = [
        requested or "",
        *(tag.lower().partition("-")[0] for tag, quality in accepted if quality > 0),
    ]
    return next((LANGUAGES[tag] for tag in candidates if tag in LANGUAGES), "en")


def add_words(app: Flask) -> None:
    """Let templates tell `_("...")` in the language that they are rendered with as `language`.

    The catalog of messages is read for the first page that is not English, not at the start.
    """
    words = app.jinja_env
    words.add_extension("jinja2.ext.i18n")
    words.policies["ext.i18n.trimmed"] = True
    words.filters["short"] = short
    words.filters["told"] = _in_language
    words.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]


def short(value: float) -> str:
    """Format a number with four significant digits, but never round a larger integer.

    `short` in words.js does the same.

    Examples
    --------
    >>> short(1234567), short(999.99), short(0.0000123456), short(3.14159)
    ('1,234,567', '1,000', '1.23e-05', '3.142')
    """
    if abs(value) >= 1e15 or 0 < abs(value) < 1e-4:
        return f"{value:.2e}"
    if abs(value) >= 999.95:  # which four digits would round up to 1000
        return f"{value:,.1f}".removesuffix(".0")
    return f"{value:.4g}"


@pass_context
def _in_language(context: "Context", text: str) -> str:
    """Return a text that a version brought, translated if the catalog has it."""
    return translated(text, context["language"])


@pass_context
def _gettext(context: "Context", text: str) -> str:
    return translated(text, context["language"])


@pass_context
def _ngettext(context: "Context", one: str, many: str, number: int) -> str:
    return translated(one if number == 1 else many, context["language"])
