"""Stories of other people become cells, or are refused in a sentence."""

from collections.abc import Callable

import pytest

from casebook.case import Case
from casebook.errors import CasebookError
from casebook.params import CaseParams
from casebook.run import Summary
from tasks.data.fetch import fetch
from tasks.notebooks.steps import imported_names, problem_of, steps_of
from tasks.pages.findings import report_findings

FINISH: Callable[..., Summary] = report_findings


def bare(params: CaseParams) -> Summary:
    origin = fetch("mpg", params.source)
    # what we return goes to the page
    return FINISH(origin)


def early(params: CaseParams) -> Summary:
    """Return in the middle."""
    if params.seed:
        return FINISH(params)
    return FINISH(None)


def test_a_story_without_a_docstring_keeps_its_first_statement_and_its_comments() -> None:
    first, last = steps_of(Case(bare))
    assert first.source == 'origin = fetch("mpg", params.source)'
    assert last.source == "# what we return goes to the page\nsummary = FINISH(origin)"
    assert last.says.startswith("Write metrics.json and report.html")
    assert (first.function, first.names) == ("fetch", ("origin",))
    assert imported_names(Case(bare)) == ["bare", "CaseParams", "fetch", "FINISH"]
    assert problem_of(Case(bare)) is None


def test_a_story_that_returns_in_the_middle_is_refused() -> None:
    with pytest.raises(CasebookError, match="The story of early returns somewhere else"):
        steps_of(Case(early))
