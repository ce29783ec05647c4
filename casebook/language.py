"""Translation of messages: English texts in the code, Korean ones in a catalog.

What a stage finds out doesn't depend on the reader's language, so stages keep messages with the
values that go into them, and the page that is written in the end puts both together.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from casebook.errors import CasebookError
from casebook.korean import with_particles

Language = Literal["en", "ko"]
CATALOGS = Path(__file__).parent / "locale"


class Message(BaseModel):
    """An English sentence with names in braces, as `str.format` has them, and their values.

    A value may be a message too, which is then translated with it.
    """

    model_config = ConfigDict(frozen=True)
    text: str
    values: dict[str, Annotated[Message | JsonValue, Field(union_mode="left_to_right")]] = {}

    def render(self, language: Language) -> str:
        """Return the sentence in a language, with its values in their places."""
        values = {
            name: value.render(language) if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        sentence = translated(self.text, language).format(**values)
        return with_particles(sentence) if language == "ko" else sentence

    def __str__(self) -> str:
        """Return the sentence in English."""
        return self.render("en")


def msg(text: str, **values: Message | JsonValue) -> Message:
    """Return a message that can be translated into any language.

    `text` is the key under which the message catalogs look it up.

    Examples
    --------
    >>> str(msg("{rows:,} rows of {name}", rows=1234, name="fraud"))
    '1,234 rows of fraud'
    """
    return Message(text=text, values=values)


def language_of(word: str) -> Language:
    """Return the language that a flag names.

    Raises
    ------
    CasebookError
        There is no such language.

    Examples
    --------
    >>> language_of("fr")
    Traceback (most recent call last):
    casebook.errors.CasebookError: --language fr: there are en, ko.
    """
    languages: tuple[Language, ...] = get_args(Language)
    for language in languages:
        if word == language:
            return language
    raise CasebookError(f"--language {word}: there are {', '.join(languages)}.")


def translated(text: str, language: Language) -> str:
    """Return a text in a language.

    A text that the catalog lacks stays English; a test checks that none is missing.
    """
    return text if language == "en" else messages(language).get(text, text)


@cache
def messages(language: Language) -> dict[str, str]:
    """Read a language's catalog: English texts and what they are called there.

    It is a PO file, as translators and their tools know it, read by Babel.
    """
    from babel.messages.pofile import read_po

    with (CATALOGS / f"{language}.po").open("rb") as file:
        return {
            str(message.id): str(message.string)
            for message in read_po(file)
            if message.id and message.string
        }
