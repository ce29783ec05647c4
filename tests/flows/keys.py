"""Print the key of every stage of every case in all profiles, as planned.

The command is `python -m tests.flows.keys`. To see that a refactoring changes no result, compare
its output before and after.
"""

import importlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, get_args

from casebook import paths
from casebook.case import Case
from casebook.errors import CasebookError
from casebook.params import Profile


def cases() -> list[Case[Any]]:
    """Return all cases of this checkout."""
    names = sorted(path.stem for path in (paths.project() / "flows").glob("[!_]*.py"))
    candidates = [getattr(importlib.import_module(f"flows.{name}"), name, None) for name in names]
    return [candidate for candidate in candidates if isinstance(candidate, Case)]


def keys(case: Case[Any]) -> dict[str, list[tuple[str, str]]]:
    """Return stages and keys by profile; a case without a sample is planned on its real data."""
    keys_by_profile = {}
    for profile in get_args(Profile):
        values: dict[str, Any] = {"profile": profile}
        try:
            run = case.plan(case.params(**values, source="sample"))
        except CasebookError:
            run = case.plan(case.params(**values))
        keys_by_profile[profile] = [(stage.stage, stage.key) for stage in run.stages]
    return keys_by_profile


def main() -> None:
    """Print all, of an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CASEBOOK_ARTIFACTS"] = str(Path(folder))
        print(json.dumps({case.name: keys(case) for case in cases()}, indent=1))


if __name__ == "__main__":
    main()
