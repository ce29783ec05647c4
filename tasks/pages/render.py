"""Fill the page templates in the reader's language, and prepare the pictures that go into them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from casebook.korean import with_particles
from casebook.language import Language, Message, msg, translated
from casebook.params import CaseParams
from casebook.run import current
from casebook.store import Ref
from tasks.pages.outline import outlined

TEMPLATES = Path(__file__).parent / "templates"
PICTURE = re.compile(r'("data:[^"]*")')  # millions of letters, and no word
CONTENTS, TABLE = msg("Contents"), msg("Table")


def environment(language: Language = "en") -> jinja2.Environment:
    """Return what fills the templates; a name that is missing is an error.

    In a template `_("...")` and `{% trans %}` tell a text in the reader's language, and the filter
    `told` a sentence that a stage has kept.
    """
    filled = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translate = partial(translated, language=language)

    def translate_number(one: str, many: str, count: int) -> str:
        return translate(one if count == 1 else many)

    filled.install_gettext_callables(  # type: ignore[attr-defined]
        translate, translate_number, newstyle=True
    )
    filled.policies["ext.i18n.trimmed"] = True
    filled.filters["told"] = lambda sentence: in_language(sentence, language)
    filled.filters["commands"] = commands
    filled.globals["language"] = language
    return filled


def page(template: str, language: Language, **values: Any) -> str:
    """Return a page of HTML: a template filled with values, and a list of its sections."""
    text = environment(language).get_template(template).render(**values)
    if language == "ko":
        pieces = PICTURE.split(text)
        pieces[::2] = map(with_particles, pieces[::2])
        text = "".join(pieces)
    contents, table = (translated(name.text, language) for name in (CONTENTS, TABLE))
    return outlined(text, contents, table)


def asked_language() -> Language:
    """Return the language that the run under way is asked to report in."""
    params = current().params
    return params.language if isinstance(params, CaseParams) else "en"


def asked_date() -> str | None:
    """Return the day that the data of the run under way is said to be of, if one is."""
    params = current().params
    return params.date.isoformat() if isinstance(params, CaseParams) and params.date else None


def in_language(sentence: Message | str, language: Language) -> str:
    """Return a sentence, or a name, in a language."""
    return (
        sentence.render(language)
        if isinstance(sentence, Message)
        else translated(sentence, language)
    )


def commands(text: str) -> Markup:
    """Return a text as HTML whose parts in backquotes are commands.

    Examples
    --------
    >>> commands("Run `a < b`.")
    Markup('Run <code>a &lt; b</code>.')
    """
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def copy_pictures(folder: Path, *refs: Ref) -> dict[str, str]:
    """Copy the stages' pictures into the run's folder, and return them as the page's data URLs."""
    folder.mkdir(parents=True, exist_ok=True)
    inline = {}
    for path in sorted(path for ref in refs for path in ref.folder.glob("*.png")):
        content = path.read_bytes()
        (folder / path.name).write_bytes(content)
        inline[path.stem] = "data:image/png;base64," + base64.b64encode(content).decode()
    return inline


def validation_page(name: str, results: list[dict[str, Any]], facts: Mapping[str, Any]) -> str:
    """Return the offline page of a validation.

    It shows every expectation, what violated it, and what was set aside; the worst stand first.
    """
    ordered = worst_first(results)
    return page("validation.html", asked_language(), name=name, results=ordered, facts=facts)


def worst_first(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return expectations that stop the flow, then those that cost rows, then those that hold.

    Examples
    --------
    >>> sound, broken = ({"success": held, "quarantine": False} for held in (True, False))
    >>> worst_first([sound, broken]) == [broken, sound]
    True
    """
    return sorted(results, key=lambda result: (result["success"], result["quarantine"]))
