"""Promote: make a published version the one that serves."""

from typing import Annotated

from casebook import registry
from casebook.operation import Operation


def promote(
    case: Annotated[str, "the case, such as fraud"],
    version: Annotated[int, "the number of the version that is to serve"],
) -> str:
    """Make a published version of a case the one that serves.

    A model of sample data never replaces one of real data.
    """
    registry.promote(case, version)
    return (
        f"{case} serves version {version}. `python -m serving` answers from it; a running one "
        "takes it up by itself."
    )


operation = Operation(promote, mends=True)

if __name__ == "__main__":
    raise SystemExit(operation.main())
