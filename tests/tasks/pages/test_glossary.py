"""Every metric that is measured has its meaning."""

import pytest

from tasks.pages.glossary import METRICS, SAME, terms
from tasks.problem.definition import TITLES, Problem


@pytest.mark.parametrize("name", TITLES)
def test_every_metric_is_explained(name: str) -> None:
    meaning, picture = METRICS[SAME.get(name, name)]
    assert meaning.text.count(". ") >= 1 or meaning.text.count(": ") >= 1
    assert picture


def test_a_report_explains_its_own_metrics_first() -> None:
    problem = Problem(
        problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse", "r2")
    )
    assert list(terms(problem))[:2] == ["rmse", "r2"]
    assert [term.title for term in terms(problem).values()][:2] == ["RMSE", "R²"]
