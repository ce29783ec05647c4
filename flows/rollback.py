"""Rollback: let the version serve again that served before the present one."""

from typing import Annotated

from casebook import registry
from casebook.operation import Operation


def rollback(case: Annotated[str, "the case, such as fraud"]) -> str:
    """Let the version of a case serve again that served before the present one."""
    version = registry.rollback(case)
    return f"{case} serves version {version} again."


operation = Operation(rollback, mends=True)

if __name__ == "__main__":
    raise SystemExit(operation.main())
