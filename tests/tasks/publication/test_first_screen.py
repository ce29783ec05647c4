"""The cards of a report's first screen: the result in rows and units, trust, and what is next."""

from typing import Any

import pytest

from casebook.language import msg
from tasks.problem.definition import Problem
from tasks.publication.first_screen import cards
from tasks.publication.publish import Published

FRAUD = Problem(
    problem_type="binary",
    target="Class",
    labels=("normal", "fraud"),
    primary_metric="auprc",
    metrics=("auprc",),
)
PRICE = Problem(
    problem_type="regression",
    target="price",
    output="price",
    unit="$",
    primary_metric="rmse",
    metrics=("rmse", "mae"),
)
CHECKED = {"expectations": 65, "broken": 0, "quarantined": 0}
THRESHOLD = {"rows": 1_000, "caught": 84, "missed": 11, "false_alarms": 25}
WAITS = Published(
    case="fraud", version=2, folder="", serves=False, reasons=(msg("no version served before"),)
)


def metrics(**figures: float) -> dict[str, Any]:
    judged = {n: {"value": v, "low": v * 0.9, "high": v * 1.1} for n, v in figures.items()}
    return {
        "champion": "ours",
        "candidates": {"ours": judged},
        "peers": {"forest": judged},
        "differences": {"forest": {"value": 0.1, "low": 0.05, "high": 0.2}},
        "test": {"rows": 1_000},
    }


def said(*given: Any, **also: Any) -> list[str]:
    return [" ".join(map(str, (c.answer, *c.lines))) for c in cards(*given, **also)]


def test_positives_are_counted_and_costs_told() -> None:
    costs = {**THRESHOLD, "cost": 1_645.0, "cost_without_model": 9_500.0}
    result, trust, next_step = said(metrics(auprc=0.9), costs, CHECKED, FRAUD, WAITS)
    assert result.startswith("84 of 95 rows of fraud found 25 of 905 other rows")
    assert "Errors cost 1,645 instead of 9,500" in result
    assert trust.startswith("AUPRC 0.900 (0.810 to 0.990) Better than the best baseline, forest.")
    assert trust.endswith("All 65 checks of the data passed.")
    assert next_step.startswith("Version 2 waits No version served before.")
    assert next_step.endswith("Command: `python -m flows.promote fraud 2`")


def test_an_error_has_its_unit_and_is_rounded() -> None:
    result, trust, _ = said(metrics(rmse=1735.98, mae=1101.4), None, CHECKED, PRICE, WAITS)
    assert result.startswith("MAE 1,101 $ On average an answer is that far")
    assert trust.startswith("RMSE 1,736 (1,562 to 1,910) Worse than the best baseline")


def test_broken_checks_are_counted() -> None:
    broken = {"expectations": 65, "broken": 2, "quarantined": 7}
    trust = said(metrics(auprc=0.9), THRESHOLD, broken, FRAUD, WAITS)[1]
    assert "2 of 65 checks of the data failed for some rows; 7 rows were left out." in trust


@pytest.mark.parametrize("serves", [True, False])
def test_korean_says_it_in_korean(serves: bool) -> None:
    published = WAITS.model_copy(update={"serves": serves})
    screen = cards(metrics(auprc=0.9), THRESHOLD, CHECKED, FRAUD, published, "ko")
    assert screen[0].answer.render("ko") == "fraud 95행 중 84행을 찾음"
    assert screen[2].answer.render("ko").endswith("버전 2")
