"""An operation: a small function such as promote, made into a Prefect flow and a command line of its own."""

import argparse
import getpass
import inspect
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from casebook import engine
from casebook.cli import guarded

if TYPE_CHECKING:
    from prefect import Flow


class Operation:
    """A function whose parameters are plain values; it returns a sentence that says what it did."""

    def __init__(self, fn: Callable[..., str]) -> None:
        self.fn = fn

    @cached_property
    def flow(self) -> "Flow[..., str]":
        """The Prefect flow, so that the UI can trigger the operation and keeps its log."""
        from prefect import flow

        return flow(name=self.fn.__name__, persist_result=False)(self.fn)

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run by command line: a parameter without a default is a word unless it is keyword-only, others are flags."""
        parser = argparse.ArgumentParser(prog=f"python -m flows.{self.fn.__name__}", description=self.fn.__doc__)
        for name, parameter in inspect.signature(self.fn).parameters.items():
            _add(parser, name, parameter)
        arguments = vars(parser.parse_args(argv))
        return guarded(lambda: self._run(arguments))

    def _run(self, arguments: dict[str, Any]) -> None:
        engine.prepare()
        with engine.server() as starting:
            starting.wait()
            logging.getLogger("casebook").info("%s %s by %s", self.fn.__name__, arguments, getpass.getuser())
            print(self.flow(**arguments))


def _add(parser: argparse.ArgumentParser, name: str, parameter: inspect.Parameter) -> None:
    """Add one parameter; where its annotation has a text, that is its help."""
    needed = parameter.default is inspect.Parameter.empty
    flag = "--" + name.replace("_", "-")
    kind, help = _told(parameter.annotation)
    if kind is bool:
        parser.add_argument(flag, action="store_true", help=help)
    elif needed and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        parser.add_argument(name, type=kind, help=help)
    elif needed:
        parser.add_argument(flag, type=kind, required=True, help=help)
    else:
        shown = "; ".join(text for text in (help, "default: %(default)s" if parameter.default else "") if text)
        parser.add_argument(flag, type=kind, default=parameter.default, help=shown)


def _told(annotation: Any) -> tuple[Any, str]:
    """Return the type that a flag's word is turned into, and the help."""
    text = ""
    if get_origin(annotation) is Annotated:
        annotation, text = get_args(annotation)
    return next(iter(get_args(annotation)), annotation), text
