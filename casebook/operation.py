"""An operation: a small function such as promote, made into a Prefect flow and a command line of its own."""

import argparse
import getpass
import inspect
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

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
        """Run from the command line: a parameter without a default is a word, one with a default a flag."""
        parser = argparse.ArgumentParser(prog=f"python -m flows.{self.fn.__name__}", description=self.fn.__doc__)
        for name, parameter in inspect.signature(self.fn).parameters.items():
            needed = parameter.default is inspect.Parameter.empty
            flag = name if needed else "--" + name.replace("_", "-")
            shown: dict[str, Any] = {} if needed else {"default": parameter.default, "help": "default: %(default)s"}
            parser.add_argument(flag, type=parameter.annotation, **shown)
        arguments = vars(parser.parse_args(argv))
        return guarded(lambda: self._run(arguments))

    def _run(self, arguments: dict[str, Any]) -> None:
        engine.prepare()
        with engine.server() as starting:
            starting.wait()
            logging.getLogger("casebook").info("%s %s by %s", self.fn.__name__, arguments, getpass.getuser())
            print(self.flow(**arguments))
