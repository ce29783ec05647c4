"""All: run every case one after another, as a nightly or smoke test does.

The outcome of each is reported.
"""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import flows
from casebook.case import Case
from casebook.errors import CasebookError
from casebook.operation import Operation
from casebook.params import CaseParams, Profile
from tasks.runs.run_in_subprocess import attempt, sum_up


def all(
    *,
    profile: Annotated[Profile, "how much is run"] = "standard",
    source: Annotated[Literal["auto", "real", "sample"], "where data comes from"] = "auto",
    cases: Annotated[tuple[str, ...], "which cases; without it every one"] = (),
) -> str:
    """Run every case, each in its own process.

    A case that fails doesn't keep the others from running.

    Raises
    ------
    CasebookError
        A case failed, or there is none of a name.
    """
    stories = available_cases()
    if unknown := [name for name in cases if name not in stories]:
        raise CasebookError(
            f"--cases {' '.join(unknown)}: there is no such case. There are {', '.join(stories)}."
        )
    params_by_case = {
        name: stories[name].params(profile=profile, source=source) for name in cases or stories
    }
    return sum_up(
        [attempt(name, name, params) for name, params in params_by_case.items()], "all-cases"
    )


def available_cases() -> dict[str, Case[CaseParams]]:
    """Return every case by its name.

    A search isn't one: it needs the name of the case to search.
    """
    names = sorted(path.stem for folder in flows.__path__ for path in Path(folder).glob("[!_]*.py"))
    stories = {
        name: getattr(import_module(f"flows.{name}"), name, None) for name in names if name != "all"
    }
    return {
        name: s
        for name, s in stories.items()
        if isinstance(s, Case) and "case" not in s.params.model_fields
    }


operation = Operation(all)

if __name__ == "__main__":
    raise SystemExit(operation.main())
