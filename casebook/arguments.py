"""Arguments: a parser of command lines that names what is wrong in a line, and what is near it."""

import argparse
import difflib
import re
import sys
from typing import Any, NoReturn

BAD_ARGUMENTS = 2
UNKNOWN = "unrecognized arguments:"
LACKING = "the following arguments are required:"
CHOICE = re.compile(r"argument (\S+): invalid choice: '(.*?)' \(choose from (.*)\)", re.S)


class ArgumentParser(argparse.ArgumentParser):
    """Takes flags by their whole names only, and answers a fault without a page of usage."""

    def __init__(self, **settings: Any) -> None:
        self._given: list[str] = []
        super().__init__(**{**settings, "allow_abbrev": False})

    @property
    def _names(self) -> list[str]:
        """The names that somebody may have meant, those of all groups."""
        return [name for name in self._option_string_actions if name.startswith("--")]

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments, and note them for an error."""
        self._given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and end."""
        self.exit(BAD_ARGUMENTS, f"{self._plainer(message)}\n`{self.prog} --help` lists all.\n")

    def _plainer(self, message: str) -> str:
        """Return a message of the library's as a sentence, with what was probably meant."""
        if message.startswith(UNKNOWN):
            words = message.removeprefix(UNKNOWN).split() or ["''"]
            return self._unknown(words[0].split("=")[0])
        flags = [word.split("=")[0] for word in self._given if word.startswith("--")]
        mistyped = [flag for flag in flags if flag not in (*self._names, "--")]
        if message.startswith(LACKING) and mistyped and self._names:
            return self._unknown(mistyped[0])
        if refused := CHOICE.fullmatch(message):
            name, word, listed = refused.groups()
            choices = [choice or "''" for choice in re.findall("'([^']*)'", listed)]
            return f"{name} {word}: there are {', '.join(choices)}.{_meant(word, choices)}"
        return message

    def _unknown(self, word: str) -> str:
        return f"{word}: there is no such argument.{_meant(word, self._names)}"


def _meant(word: str, names: list[str]) -> str:
    """Return a question after the name that is nearest to a word, or nothing.

    Examples
    --------
    >>> _meant("--sed", ["--seed", "--source"]), _meant("--nonsense", ["--seed"])
    (' Did you mean --seed?', '')
    """
    by_letters = {name.strip("-"): name for name in names}
    near = difflib.get_close_matches(word.strip("-"), by_letters, n=1)
    return f" Did you mean {by_letters[near[0]]}?" if near else ""
