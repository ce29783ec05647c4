"""A model serves by itself only if it has earned that."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from casebook import files, paths
from casebook.registry import best, point, promote
from casebook.store import Ref
from tasks.problem.definition import Problem
from tasks.publication.held_out import held_out
from tasks.publication.promotion_gate import unfit
from tasks.publication.version_comparison import compare
from tasks.tables.inputs import Rows
from tests.tasks.publication.shop import (
    FIGURE,
    JUDGED,
    PROBLEM,
    REAL,
    SAMPLE,
    folder,
    graph,
    judge,
    note,
    release,
)


def test_a_sample_model_never_serves_by_itself(parts: Ref) -> None:
    serves, why = judge(release(1, trained_on="sample"), parts, SAMPLE)
    assert not serves
    assert "python -m flows.promote shop 1" in why


def test_the_first_real_model_serves(parts: Ref) -> None:
    assert judge(release(1), parts) == (
        True,
        "no version served before",
    )


def test_a_real_model_takes_the_place_of_a_sample_one_without_a_contest(parts: Ref) -> None:
    release(1, trained_on="sample")
    point("shop", 1)
    serves, why = judge(release(2, graph(-5.0)), parts)
    assert serves
    assert "sample" in why


def test_the_model_that_serves_goes_on(parts: Ref) -> None:
    point("shop", release(1))
    assert judge(1, parts, SAMPLE) == (True, "it serves already")


@pytest.mark.parametrize(
    ("present", "date", "serves"),
    [
        ({"date": "2026-11-03"}, "2026-11-02", False),
        ({"date": "2026-11-03"}, "2026-11-03", True),
        ({"date": "2026-11-03"}, None, True),
        ({"date": None, "created": "2026-11-26T08:00:00+00:00"}, "2026-11-25", False),
        ({"date": None, "created": "2026-11-26T08:00:00+00:00"}, "2026-11-26", True),
    ],
)
def test_a_model_of_an_earlier_day_than_the_one_that_serves_waits_however_good(
    parts: Ref, present: dict[str, str | None], date: str | None, serves: bool
) -> None:
    release(1, graph(1.0, 2.0))
    files.write_json(paths.models("shop") / "1" / "manifest.json", present | {"trained_on": "real"})
    point("shop", 1)
    metrics = {**REAL, "data": {"source": "real", "date": date}}
    result, why = judge(release(2, graph(1.0)), parts, metrics)
    assert result is serves
    assert (unfit("shop", metrics) is None) is serves
    assert serves or (f"its data is of {date}" in why and "python -m flows.promote shop 2" in why)


@pytest.mark.parametrize(
    ("weight", "noise", "serves"), [(1.0, 0.0, True), (1.0, 0.02, True), (0.0, 1.0, False)]
)
def test_a_model_serves_unless_it_is_worse_on_the_same_rows(
    parts: Ref, weight: float, noise: float, serves: bool
) -> None:
    release(1, graph(1.0))
    point("shop", 1)
    result, why = judge(release(2, graph(weight, noise)), parts)
    assert result is serves
    assert (", which is no worse" in why) is serves


@pytest.mark.parametrize(("old", "better"), [(0.0, False), (2.0, True)])
def test_a_model_is_better_than_an_earlier_one_if_the_same_rows_show_it(
    parts: Ref, old: float, better: bool
) -> None:
    release(1, graph(1.0, old))
    release(2, graph(1.0))
    rows = held_out(folder(2), [parts], parts, PROBLEM, Rows())
    comparison = compare("shop", 1, folder(2), rows, PROBLEM, Rows())
    assert comparison.passed and comparison.better is better


def test_a_model_of_other_columns_waits_as_it_can_not_be_compared(parts: Ref) -> None:
    for version, name in ((1, "price"), (2, "weight")):
        release(version, graph(1.0))
        signature = {"inputs": [{"name": name}], "output": {"threshold": 0.5}}
        files.write_json(paths.models("shop") / str(version) / "signature.json", signature)
    point("shop", 1)
    serves, why = judge(2, parts)
    assert not serves
    assert "takes other columns" in why
    assert "python -m flows.promote shop 2" in why


def test_a_version_whose_manifest_can_not_be_read_makes_way(parts: Ref) -> None:
    point("shop", release(1, graph(1.0)))
    (paths.models("shop") / "1" / "manifest.json").write_bytes(b"")
    serves, why = judge(release(2, graph(1.0)), parts)
    assert serves
    assert why == "version 1, which was to serve, is gone or can't be read"


@pytest.mark.parametrize(("weight", "noise", "serves"), [(1.0, 0.0, True), (0.0, 1.0, False)])
def test_a_damaged_pointer_spares_no_model_the_contest(
    parts: Ref, weight: float, noise: float, serves: bool
) -> None:
    point("shop", release(1, graph(1.0)))
    (paths.models("shop") / "production").write_bytes(b"")
    result, why = judge(release(2, graph(weight, noise)), parts)
    assert result is serves
    assert "version 1's" in why


def test_the_first_model_does_not_serve_if_it_is_no_better_than_the_dummy(parts: Ref) -> None:
    for value in (0.2, 0.1, float("nan")):
        metrics = {**REAL, "candidates": {"ours": {"auprc": {"value": value}}}}
        serves, why = judge(release(1) if value == 0.2 else 1, parts, metrics)
        assert not serves
        assert f"AUPRC of {value:.4f} is no better" in why
        assert "has 0.2000; `python -m flows.promote shop 1` serves" in why


def test_an_error_must_be_less_than_the_dummys(parts: Ref) -> None:
    problem = PROBLEM.model_copy(update={"primary_metric": "log_loss"})
    release(1)
    for value, serves in ((0.4, True), (0.6, False)):
        judged = {
            "candidates": {"ours": {"log_loss": {"value": value}}},
            "peers": {"dummy": {"log_loss": {"value": 0.5}}},
        }
        assert judge(1, parts, {**REAL, **judged}, problem)[0] is serves


@pytest.mark.parametrize(("weight", "serves"), [(1.0, True), (0.0, False), (-1.0, False)])
def test_where_the_dummy_was_left_out_the_same_answer_to_every_test_row_is_the_measure(
    parts: Ref, weight: float, serves: bool
) -> None:
    result, why = judge(release(1, graph(weight)), parts, {**REAL, "peers": {}})
    assert result is serves
    assert serves or "which has 0.2000" in why


def test_a_number_is_measured_by_the_training_parts_mean(keep_tables: Callable[..., Ref]) -> None:
    price = np.linspace(-2.0, 2.0, 50)
    frame = pd.DataFrame({"price": price, "other": 0.0, "sold": 1 / (1 + np.exp(-price))})
    parts = keep_tables(train=frame, test=frame)
    problem = Problem(
        problem_type="regression", target="sold", primary_metric="rmse", metrics=("rmse",)
    )
    for version, weight, serves in ((1, 1.0, True), (2, -1.0, False)):
        result, why = judge(release(version, graph(weight)), parts, {**REAL, "peers": {}}, problem)
        assert result is serves, why


def test_what_was_trained_in_the_smoke_profile_never_serves_by_itself(parts: Ref) -> None:
    serves, why = judge(release(1), parts, {**REAL, "profile": "smoke"})
    assert not serves
    assert "in the smoke profile" in why and "python -m flows.promote shop 1" in why


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        ({"value": -0.02, "low": -0.03, "high": -0.01}, "by 0.0200 the better one"),
        ({"value": -0.02, "low": -0.05, "high": 0.01}, "the better one, which may be chance"),
        ({"value": 0.02, "low": -0.05, "high": 0.06}, None),
    ],
)
def test_a_baseline_that_does_better_is_named_beside_the_decision(
    parts: Ref, difference: dict[str, float], words: str | None
) -> None:
    trees = {"auprc": FIGURE | {"value": FIGURE["value"] - difference["value"]}}
    metrics = {
        **REAL,
        "peers": {**JUDGED["peers"], "trees": trees},  # type: ignore[dict-item]
        "differences": {**JUDGED["differences"], "trees": difference},  # type: ignore[dict-item]
    }
    serves, why = judge(release(1), parts, metrics)
    assert serves
    assert (
        (words in why and "the baseline trees has AUPRC 0.9200" in why)
        if words
        else ("baseline" not in why)
    )


def test_a_version_that_noted_no_rows_can_not_be_compared(parts: Ref) -> None:
    point("shop", release(1))
    (folder(1) / "rows.npz").unlink()
    note(1)
    serves, why = judge(release(2), parts)
    assert not serves
    assert "version 1 can't be compared with it" in why and "flows.promote shop 2" in why


@pytest.mark.parametrize("name", ["model.onnx", "rows.npz"])
def test_a_version_that_was_damaged_can_not_be_compared(parts: Ref, name: str) -> None:
    point("shop", release(1))
    (folder(1) / name).write_bytes(b"damaged")
    serves, why = judge(release(2), parts)
    assert not serves and f"its {name} was altered" in why
    (folder(1) / name).unlink()
    serves, why = judge(2, parts)
    assert not serves and f"its {name} is gone" in why


def test_a_signature_that_can_not_be_read_is_named(parts: Ref) -> None:
    point("shop", release(1))
    (folder(1) / "signature.json").write_bytes(b"{")
    serves, why = judge(release(2), parts)
    assert not serves and "signature.json can't be read as JSON" in why


def test_a_loss_within_the_margin_is_called_one(parts: Ref) -> None:
    point("shop", release(1, graph(1.0)))
    problem = PROBLEM.model_copy(update={"margin": 0.9})
    serves, why = judge(release(2, graph(0.0, 1.0)), parts, problem=problem)
    assert serves and "which is worse by less than the margin (the margin is 0.9)" in why


def test_too_few_rows_that_are_new_to_both_are_said(parts: Ref) -> None:
    point("shop", release(1))
    hashes = Rows().hashes(parts, "test", PROBLEM)
    np.savez(folder(1) / "rows.npz", fitted=np.unique(hashes[20:]))
    note(1)
    serves, why = judge(release(2), parts)
    assert not serves
    assert "only 20 test rows are new to both, and 30 are needed" in why


def test_a_version_must_not_be_worse_than_the_best_that_ever_served(parts: Ref) -> None:
    promote("shop", release(1, graph(1.0)))  # the best from then on
    point("shop", release(2, graph(0.0, 1.0)))
    assert best("shop") == 1
    serves, why = judge(release(3, graph(0.0, 1.0)), parts)
    assert not serves
    assert "version 1's" in why and "version 2's" not in why
    promote("shop", 2)
    assert best("shop") == 2
    assert judge(3, parts)[0]
