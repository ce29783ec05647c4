"""A report says why the champion is not the best on validation, and by what rule."""

from typing import Any

from tasks.problem.definition import Problem
from tasks.publication.verdict import chosen, verdict

PROBLEM = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


def metrics(champion: str) -> dict[str, Any]:
    figures = {"blend": 2.0, "network": 2.01}
    difference = {"value": -0.01, "low": -0.03, "high": 0.01}
    return {
        "champion": champion,
        "course": None,
        "candidates": {name: {"rmse": {"value": value}} for name, value in figures.items()},
        "peers": {},
        "choice": {
            "champion": champion,
            "best": "blend",
            "difference": difference if champion == "network" else None,
        },
        "costs": {"blend": {"one_row_ms": 6.0}, "network": {"one_row_ms": 0.2}},
    }


def test_a_faster_champion_is_explained_in_the_headline_and_beside_the_costs() -> None:
    why = (
        "blend is best on validation, but no difference from network is shown there (-0.0100 on "
        "the same rows, -0.0300 to +0.0100), and network answers 30 times faster."
    )
    assert str(verdict(metrics("network"), PROBLEM)[-1]) == why
    rule, reason = chosen(metrics("network"))
    assert "more than 10 times as long to answer one row, and more than 0.1 ms longer" in str(rule)
    assert str(reason) == why
    assert "blend" in reason.render("ko") and "30배" in reason.render("ko")


def test_the_best_on_validation_needs_no_reason() -> None:
    assert len(verdict(metrics("blend"), PROBLEM)) == 1
    assert str(chosen(metrics("blend"))[1]).startswith("Here that changes nothing: blend is")
