"""An operation: a small function such as promote, made into a Prefect flow and a command line."""

from __future__ import annotations

import argparse
import getpass
import inspect
import logging
import math
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, get_args, get_origin

import prefect

from casebook import prefect_disk, prefect_runtime
from casebook.addresses import without_password
from casebook.arguments import ArgumentParser
from casebook.artifacts_ui import log_lines, show
from casebook.cli import guarded


class Operation:
    """A function whose parameters are plain values; it returns a sentence that says what it did.

    One that `mends` is also done where no Prefect server can start: what it frees or puts right may
    be the reason.
    """

    def __init__(self, fn: Callable[..., str], *, mends: bool = False) -> None:
        self.fn = fn
        self.mends = mends

    @cached_property
    def flow(self) -> prefect.Flow[..., str]:
        """The Prefect flow.

        With it the UI can trigger the operation, keeps its log and shows its result.
        """

        def body(**given: Any) -> str:
            log_lines()
            message = self.fn(**given)
            show(self.fn.__name__, message)
            return message

        parameters = inspect.signature(self.fn, eval_str=True).parameters.values()
        named = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        body.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
        about = (inspect.getdoc(self.fn) or "").split("\n\n")[0]
        # Prefect takes the form's descriptions from a docstring in this style
        lines = [
            f"    {parameter.name}: {_argument_options(parameter.annotation)[1]}"
            for parameter in named
        ]
        body.__doc__ = "\n".join([about, "", "Args:", *lines])
        return prefect.flow(name=self.fn.__name__, description=about, persist_result=False)(body)

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run the operation from the command line.

        A parameter without a default is a positional argument unless it is keyword-only; all others
        are flags.
        """
        description = (inspect.getdoc(self.fn) or "").split("\n\nRaises")[0]
        parser = ArgumentParser(prog=f"python -m flows.{self.fn.__name__}", description=description)
        for name, parameter in inspect.signature(self.fn, eval_str=True).parameters.items():
            _add(parser, name, parameter)
        arguments = vars(parser.parse_args(argv))
        return guarded(lambda: self._run(arguments))

    def command(self, arguments: Mapping[str, Any]) -> str:
        """Return the command line of these arguments, without defaults and passwords.

        Examples
        --------
        >>> def promote(case: str, *, quietly: bool = False, note: str = "") -> str:
        ...     return case
        >>> Operation(promote).command({"case": "fraud", "quietly": True, "note": "it is good"})
        "flows.promote fraud --quietly --note 'it is good'"
        """
        words = [f"flows.{self.fn.__name__}"]
        for name, parameter in inspect.signature(self.fn, eval_str=True).parameters.items():
            value, needed = arguments[name], parameter.default is inspect.Parameter.empty
            if value is None or value == parameter.default:
                continue
            if not needed or parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                words.append("--" + name.replace("_", "-"))
            if value is not True:
                given = value if isinstance(value, list | tuple) else [value]
                words += [without_password(str(one)) for one in given]
        return shlex.join(words)

    def _run(self, arguments: dict[str, Any]) -> None:
        prefect_runtime.prepare()
        log = logging.getLogger("casebook")
        log.info("%s, by %s", self.command(arguments), _user())
        begun = False
        try:
            with prefect_runtime.server() as starting:
                starting.wait()
                begun = True
                message = self.flow(**arguments)
        except prefect_disk.Unfit as fault:
            if begun or not self.mends:
                raise
            log.warning("%s This is done without Prefect, whose pages will not tell of it.", fault)
            message = self.fn(**arguments)
        print(message)


def _user() -> str:
    """Return who runs this; in a container it may be a number without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _add(parser: argparse.ArgumentParser, name: str, parameter: inspect.Parameter) -> None:
    """Add one parameter; where its annotation has a text, that is its help."""
    needed = parameter.default is inspect.Parameter.empty
    flag = "--" + name.replace("_", "-")
    options, help = _argument_options(parameter.annotation)
    if options["type"] is bool:
        parser.add_argument(flag, action="store_true", help=help)
    elif needed and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        parser.add_argument(name, **options, help=help)
    elif needed:
        parser.add_argument(flag, **options, required=True, help=help)
    else:
        shown = "; ".join(
            text for text in (help, "default: %(default)s" if parameter.default else "") if text
        )
        parser.add_argument(flag, **options, default=parameter.default, help=shown)


def _argument_options(annotation: Any) -> tuple[dict[str, Any], str]:
    """Return how the words after a flag are read, and the help."""
    text = ""
    if get_origin(annotation) is Annotated:
        annotation, text = get_args(annotation)
    kind, inner = get_origin(annotation), next(iter(get_args(annotation)), annotation)
    if kind is Literal:
        return {"type": str, "choices": get_args(annotation)}, text
    readers = {date: date.fromisoformat, float: finite}
    options = {"type": readers.get(inner, inner)}
    return (options | {"nargs": "*"} if kind is tuple else options), text


def finite(word: str) -> float:
    """Return a number that was given as a word; `inf` and `nan` are none."""
    number = float(word)
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{word}: should be a finite number")
    return number
