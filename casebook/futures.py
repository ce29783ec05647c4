"""The future that a submitted stage returns at once.

Its reference is available when `result()` returns.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from casebook.store import Ref

T = TypeVar("T", bound=str)


class Future(Protocol):
    """What `Stage.submit` returns: the reference is there when `result()` comes back."""

    def result(self) -> Ref:
        """Wait for the stage and return its reference, or raise what it raised."""


@dataclass(frozen=True)
class CompletedFuture:
    """A future whose answer is known at once, as in a plan."""

    ref: Ref

    def result(self) -> Ref:
        """Return the reference."""
        return self.ref


@dataclass(frozen=True)
class Fold:
    """A future of one fold of an output that holds many."""

    whole: Future
    number: int

    def result(self) -> Ref:
        """Wait for the whole and return the reference to the fold."""
        return self.whole.result().fold(self.number)


def gather(futures: Mapping[T, Iterable[Future]]) -> dict[str, list[Ref]]:
    """Wait for all that was submitted, and return the references under the same names."""
    return {str(name): [future.result() for future in group] for name, group in futures.items()}
