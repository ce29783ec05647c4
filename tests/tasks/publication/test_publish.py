"""Versions are numbered, the pointer remembers, and a model serves only if it has earned that."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper

from casebook import files, paths, share
from casebook.errors import CasebookError
from casebook.registry import best, point, production, promote, rollback
from casebook.run import Run
from casebook.store import Ref
from casebook.versions import versions
from tasks.problem.definition import Problem
from tasks.publication.held_out import held_out
from tasks.publication.promotion_gate import gate, unfit
from tasks.publication.publish import publish
from tasks.publication.version_comparison import compare
from tasks.tables.inputs import Rows

PROBLEM = Problem(problem_type="binary", target="sold", primary_metric="auprc", metrics=("auprc",))
FIGURE = {"value": 0.9, "low": 0.8, "high": 1.0}
DUMMY = {"value": 0.2, "low": 0.2, "high": 0.2}
JUDGED = {
    "champion": "ours",
    "candidates": {"ours": {"auprc": FIGURE}},
    "peers": {"dummy": {"auprc": DUMMY}},
    "profile": "standard",
    "differences": {"dummy": {"value": 0.7, "low": 0.6, "high": 0.8}},
}
REAL, SAMPLE = {"data": {"source": "real"}, **JUDGED}, {"data": {"source": "sample"}, **JUDGED}


def graph(weight: float, noise: float = 0.0) -> bytes:
    """Return sigmoid(weight · price + noise · other) as a model."""
    ends = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1])
        for name in ("price", "other")
    }
    nodes = [
        helper.make_node("Mul", ["price", "w"], ["a"]),
        helper.make_node("Mul", ["other", "n"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["probability"]),
    ]
    constants = [
        helper.make_tensor(k, TensorProto.FLOAT, [1, 1], [v])
        for k, v in (("w", weight), ("n", noise))
    ]
    output = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])]
    graph_proto = helper.make_graph(nodes, "model", list(ends.values()), output, constants)
    return helper.make_model(
        graph_proto, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    ).SerializeToString()


def note(version: int, trained_on: str = "real") -> None:
    """Write a version's manifest."""
    hashes = {
        path.name: {"sha256": files.sha256(path)}
        for path in folder(version).iterdir()
        if path.name != "manifest.json"
    }
    manifest = {"trained_on": trained_on, "bundle": f"bundle{version}", "files": hashes}
    files.write_json(folder(version) / "manifest.json", manifest)


def release(version: int, model: bytes = graph(1.0), trained_on: str = "real") -> int:
    """Put a version among the published ones by hand."""
    folder = paths.models("shop") / str(version)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model)
    files.write_json(
        folder / "signature.json", {"inputs": [{"name": "x"}], "output": {"threshold": 0.5}}
    )
    np.savez(folder / "rows.npz", fitted=np.array([], "uint64"))
    note(version, trained_on)
    return version


def folder(version: int) -> Path:
    return paths.models("shop") / str(version)


def judge(
    version: int, parts: Ref, metrics: dict[str, Any] = REAL, problem: Problem = PROBLEM
) -> tuple[bool, str]:
    """Ask the gate about a version; say whether it serves, and why."""
    rows = held_out(folder(version), [parts], parts, problem, Rows())
    decision = gate("shop", version, rows, metrics, problem, Rows())
    return decision.serves, decision.why


@pytest.fixture
def parts(keep_tables: Callable[..., Ref]) -> Ref:
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], [40, 160])
    frame = pd.DataFrame(
        {"price": rng.normal(size=200) + 2.0 * y, "other": rng.normal(size=200), "sold": y}
    )
    return keep_tables(train=frame, validation=frame, test=frame)


def history() -> list[list[str]]:
    lines = (paths.models("shop") / "history").read_text(encoding="utf-8").splitlines()
    return [line.split()[1:] for line in lines]


def test_versions_are_whole_numbers_in_order_and_nothing_else() -> None:
    assert versions("shop") == []
    for version in (10, 2, 1):
        release(version)
    (paths.models("shop") / "3.bak").mkdir()
    (paths.models("shop") / ".tmp-1-aa").mkdir()
    assert versions("shop") == [1, 2, 10]


def test_the_pointer_names_the_version_that_serves_and_the_history_the_one_before() -> None:
    assert production("shop") is None
    release(1)
    release(2)
    point("shop", 1)
    point("shop", 2)
    point("shop", 2)
    assert production("shop") == 2
    assert history() == [["-", "1"], ["1", "2"]]


def test_pointing_to_no_version_is_refused_with_those_there_are() -> None:
    release(1)
    release(4)
    with pytest.raises(CasebookError, match="no version 3; published are: 1, 4"):
        point("shop", 3)
    assert production("shop") is None


def test_a_rollback_goes_back_step_by_step_and_no_further_than_the_first() -> None:
    for version in (1, 2, 3):
        release(version)
        promote("shop", version)
    assert (rollback("shop"), production("shop")) == (2, 2)
    assert (rollback("shop"), production("shop")) == (1, 1)
    with pytest.raises(CasebookError, match="no version to roll back to"):
        rollback("shop")
    assert production("shop") == 1


def test_a_sample_model_is_promoted_by_hand_but_never_over_a_real_one() -> None:
    promote("shop", release(1, trained_on="sample"))
    assert production("shop") == 1
    promote("shop", release(2, trained_on="real"))
    with pytest.raises(CasebookError, match="must not replace version 2"):
        promote("shop", release(3, trained_on="sample"))
    assert production("shop") == 2


def test_nothing_published_is_said_plainly() -> None:
    with pytest.raises(CasebookError, match="No model of 'shop' was published"):
        rollback("shop")


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
    assert (unfit("shop", 2, metrics) == why) is not serves
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


def test_what_another_machine_published_is_compared_with_promoted_and_rolled_back(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def become(machine: str) -> None:
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / machine))

    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    become("first")
    point("shop", release(1, graph(1.0)))
    become("second")
    assert (versions("shop"), production("shop")) == ([1], 1)
    serves, why = judge(release(2, graph(1.0, 0.02)), request.getfixturevalue("parts"))
    assert serves and "no worse" in why
    promote("shop", 2)
    become("first")
    assert (versions("shop"), production("shop")) == ([1, 2], 2)
    assert rollback("shop") == 1
    become("second")
    assert production("shop") == 1
    with pytest.raises(CasebookError, match="no version to roll back to"):
        rollback("shop")


def test_a_version_altered_on_shared_storage_is_not_promoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "first"))
    folder = paths.models("shop") / str(release(1, graph(1.0)))
    share.push(folder)
    (tmp_path / "disk" / "models" / "shop" / "1" / "model.onnx").write_bytes(b"altered")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "second"))
    with pytest.raises(CasebookError, match=r"model\.onnx was altered at .* Restore that file"):
        promote("shop", 1)
    assert production("shop") is None


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


def exported(out: Path) -> dict[str, object]:
    """Write what `export` writes."""
    (out / "model.onnx").write_bytes(graph(1.0))
    output = {"name": "probability", "threshold": 0.5, "labels": ["no", "yes"]}
    signature = {
        "case": "shop",
        "kind": "binary",
        "trained_on": "real",
        "inputs": [{"name": "x", "dtype": "float"}],
    }
    files.write_json(out / "signature.json", signature | {"output": output})
    return {"dataset": "shop", "parameters": 1, "inputs": 2, "champion": "ours"}


METRICS = {
    "data": {"source": "real", "origin": "here", "rows": 200, "sha256": "0"},
    "primary_metric": "auprc",
    "run_id": "1",
    "protocol": "one split",
    "test": {"rows": 40},
    "leaks": [],
    **JUDGED,
}


def published_by(run: Run, bundle: Ref, parts: Ref, last: Callable[[], None]) -> None:
    """Publish as a case does, with a last step that perhaps fails."""
    from prefect import flow  # not before the fixture has told Prefect where it lives

    with run.ending:
        flow(publish.fn, name="shop", validate_parameters=False)(
            bundle, [parts], parts, METRICS, PROBLEM, Rows()
        )
        assert versions("shop") == [1]
        assert production("shop") == 1
        for step in run.last:
            step()
        last()


def fail() -> None:
    raise OSError("the disk is gone")


@pytest.mark.parametrize("shared", [False, True], ids=["here", "shared"])
@pytest.mark.parametrize("where", ["gate", "card", "_release", "point", "last"])
def test_a_run_that_fails_leaves_versions_pointer_and_history_as_they_were(
    where: str,
    shared: bool,
    keep: Callable[..., Ref],
    request: pytest.FixtureRequest,
    run: Run,
    prefect_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if shared:
        monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
        monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "machine"))
    bundle, parts = keep(exported), request.getfixturevalue("parts")
    promote("shop", release(1, graph(1.0, 2.0)))
    before = whole(paths.models("shop")), whole(tmp_path / "disk" / "models")
    if where != "last":
        monkeypatch.setattr(f"tasks.publication.publish.{where}", lambda *_, **__: fail())
    with pytest.raises(OSError, match="the disk is gone"):
        published_by(run, bundle, parts, fail)
    assert (versions("shop"), production("shop")) == ([1], 1)
    assert (whole(paths.models("shop")), whole(tmp_path / "disk" / "models")) == before
    assert "published" not in run.details


def whole(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder but the lock."""
    file_paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in file_paths}


def test_a_version_appears_and_serves_at_the_end_of_its_run(
    keep: Callable[..., Ref], parts: Ref, run: Run, prefect_server: str
) -> None:
    promote("shop", release(1, graph(1.0, 2.0)))
    published_by(run, keep(exported), parts, lambda: None)
    assert (versions("shop"), production("shop")) == ([1, 2], 2)
    assert history() == [["-", "1"], ["1", "2"]]
    assert run.details["published"]["version"] == 2  # type: ignore[index]
