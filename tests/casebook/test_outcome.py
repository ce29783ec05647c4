"""What a run came to is read from its folder alone, with names that stay the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from casebook import paths, share
from casebook.errors import CasebookError
from casebook.outcome import outcome

ID = "20260102T030405-abcdef"
RECORD: dict[str, Any] = {
    "case": "shop",
    "run_id": ID,
    "status": "completed",
    "error": None,
    "parameters": {"source": "auto", "seed": 3},
    "seconds": 90.5,
    "code_version": "abc+changes",
    "python": "3.11",
    "libraries": {"keras": "3.15"},
    "device": {"asked": "auto", "used": "cpu"},
    "headline": "ours is best",
    "stages": [
        {"stage": "resample-ours-0", "key": "r"},
        {"stage": "train-ours-0", "key": "t"},
        {"stage": "train-ours-1", "key": "u"},
        {"stage": "train_folds-course", "key": "f"},
    ],
}
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.75}
METRICS: dict[str, Any] = {
    "data": {"source": "real", "origin": "a file", "sha256": "0f", "rows": 10},
    "protocol": "one split",
    "primary_metric": "f1",
    "champion": "ours",
    "test": {"split": "test", "rows": 4},
    "validation": {"ours": 0.625},
    "candidates": {"ours": {"f1": FIGURE}, "course": {"f1": FIGURE}},
    "peers": {"dummy": {"f1": FIGURE}},
}


def write(metrics: dict[str, Any] | None = METRICS, **changes: Any) -> None:
    folder = paths.runs("shop") / ID
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(RECORD | changes))
    if metrics is not None:
        (folder / "metrics.json").write_text(json.dumps(metrics))


def keep(stage: str, key: str, history: dict[str, list[float]] | None, within: str = "") -> None:
    folder = paths.store() / "shop" / stage / key / within
    folder.mkdir(parents=True)
    if history:
        (folder / "history.json").write_text(json.dumps(history))


def test_figures_are_called_as_in_metrics_json(artifacts: Path) -> None:
    write()
    run_outcome = outcome("shop", ID)
    models = ("candidates/ours", "candidates/course", "peers/dummy", "champion")
    ends = {"f1": 0.5, "f1_low": 0.4, "f1_high": 0.75}
    expected = {f"{model}/{name}": value for model in models for name, value in ends.items()}
    assert run_outcome.figures == expected | {
        "validation/ours/f1": 0.625,
        "test/rows": 4,
        "data/rows": 10,
    }
    assert (run_outcome.name, run_outcome.group, run_outcome.failed, run_outcome.note) == (
        ID,
        "shop",
        False,
        "ours is best",
    )
    assert (run_outcome.began.isoformat(), run_outcome.ended.isoformat()) == (
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T03:05:35.500000+00:00",
    )
    assert run_outcome.parameters == {"source": "auto", "seed": 3}
    assert run_outcome.tags == {
        "casebook.case": "shop",
        "casebook.code_version": "abc+changes",
        "data.source": "real",
        "data.origin": "a file",
        "data.sha256": "0f",
        "device": "cpu",
        "python": "3.11",
        "library.keras": "3.15",
        "protocol": "one split",
        "primary_metric": "f1",
        "champion": "ours",
    }


def test_numbers_among_findings_are_figures(artifacts: Path) -> None:
    findings = {"total": 3, "trend": {"slope": 1.5, "text": "7/2"}, "years": [1, 2], "held": True}
    write({"data": METRICS["data"] | {"source": "simulated"}, "findings": findings})
    run_outcome = outcome("shop", ID)
    assert run_outcome.figures == {
        "findings/total": 3,
        "findings/trend/slope": 1.5,
        "data/rows": 10,
    }
    assert (run_outcome.group, run_outcome.tags["data.source"]) == ("shop", "simulated")


def test_curves_are_of_first_folds_at_the_epochs_that_were_looked_at(artifacts: Path) -> None:
    write()
    keep("resample-ours-0", "r", None)
    keep("train-ours-0", "t", {"loss": [3.0, 2.0], "val_loss": [2.5, 2.25]})
    keep("train-ours-1", "u", {"loss": [9.0]})
    keep(
        "train_folds-course",
        "f",
        {"loss": [3, 2, 1], "val_loss": [0.5], "val_epoch": [2]},
        "fold-0",
    )
    assert outcome("shop", ID).curves == {
        "training/ours/loss": [(1, 3.0), (2, 2.0)],
        "training/ours/val_loss": [(1, 2.5), (2, 2.25)],
        "training/course/loss": [(1, 3.0), (2, 2.0), (3, 1.0)],
        "training/course/val_loss": [(2, 0.5)],
    }


def test_what_was_cleaned_up_is_told(artifacts: Path) -> None:
    keep("resample-ours-0", "r", None)
    keep("train_folds-course", "f", {"loss": [1.0]}, "fold-0")
    write(published={"version": 7, "serves": True, "why": "first"})
    run_outcome = outcome("shop", ID)
    assert run_outcome.lacks == ("the training curves of ours", "version 7")
    assert (
        run_outcome.folders == {"": paths.runs("shop") / ID}
        and run_outcome.tags["casebook.version"] == "7"
    )
    (paths.models("shop") / "7").mkdir(parents=True)
    assert outcome("shop", ID).folders["model"] == paths.models("shop") / "7"


def test_what_another_machine_left_is_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "first"))
    write(published={"version": 7, "serves": True, "why": "first"})
    keep("resample-ours-0", "r", None)
    keep("train-ours-0", "t", {"loss": [3.0]})
    (paths.models("shop") / "7").mkdir(parents=True)
    for place in (
        f"runs/shop/{ID}",
        "store/shop/resample-ours-0/r",
        "store/shop/train-ours-0/t",
        "models/shop/7",
    ):
        share.push(paths.artifacts() / place)
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "second"))
    run_outcome = outcome("shop", ID)
    assert run_outcome.curves == {"training/ours/loss": [(1, 3.0)]}
    assert run_outcome.folders == {
        "": paths.runs("shop") / ID,
        "model": paths.models("shop") / "7",
    }
    with pytest.raises(CasebookError, match=f"shop has no run 9.*: {ID}"):
        outcome("shop", "9")


def test_a_search_has_its_trainings(artifacts: Path) -> None:
    trials = [
        {
            "number": number,
            "parameters": {"layers": [8], "epochs": 3},
            "figure": 2.0 - number,
            "seconds": 1.5,
        }
        for number in (0, 1)
    ]
    search = {
        "searched": "mpg",
        "trials": trials,
        "best": trials[1],
        "course": 4.0,
        "primary_metric": "rmse",
    }
    write(
        search | {"data": {"source": "sample", "origin": "made", "sha256": "0f"}},
        stages=[
            {"stage": "train_folds-trial-0-epochs-3", "key": "a"},
            {"stage": "train-trial-1-epochs-3-0", "key": "b"},
        ],
    )
    keep("train_folds-trial-0-epochs-3", "a", {"loss": [1.0]}, "fold-0")
    keep("train-trial-1-epochs-3-0", "b", {"loss": [2.0]})
    run_outcome = outcome("shop", ID)
    assert run_outcome.group == "shop-mpg-sample"
    assert run_outcome.figures == {"validation/best/rmse": 1.0, "validation/course/rmse": 4.0}
    assert [(trial.name, trial.figures, trial.curves) for trial in run_outcome.trials] == [
        (f"{ID}/trial-0-epochs-3", {"validation/rmse": 2.0}, {"training/loss": [(1, 1.0)]}),
        (f"{ID}/trial-1-epochs-3", {"validation/rmse": 1.0}, {"training/loss": [(1, 2.0)]}),
    ]
    assert (
        run_outcome.trials[0].parameters == {"layers": [8], "epochs": 3}
        and not run_outcome.trials[0].folders
    )


@pytest.mark.parametrize(
    ("requested", "source", "group"),
    [("auto", "unknown", "shop"), ("sample", "sample", "shop-sample")],
)
def test_a_run_that_failed_early_tells_what_was_asked_for(
    artifacts: Path, requested: str, source: str, group: str
) -> None:
    write(None, status="failed", error="CasebookError: no file", parameters={"source": requested})
    run_outcome = outcome("shop", ID)
    assert (run_outcome.failed, run_outcome.note, run_outcome.figures) == (
        True,
        "CasebookError: no file",
        {},
    )
    assert (run_outcome.tags["data.source"], run_outcome.group) == (source, group)


def test_a_run_that_is_missing_or_goes_on_is_told(artifacts: Path) -> None:
    write(status="running")
    with pytest.raises(CasebookError, match="goes on, or was killed"):
        outcome("shop", ID)
    for name in ("9", f"../shop/{ID}x"):
        with pytest.raises(CasebookError, match=f"shop has no run .*: {ID}"):
            outcome("shop", name)


def test_another_machine_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", f"file://{tmp_path}/disk")
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "first"))
    write(published={"version": 7, "serves": True, "why": "first"}, stages=RECORD["stages"][1:2])
    keep("train-ours-0", "t", {"loss": [3.0, 2.0]})
    (paths.models("shop") / "7").mkdir(parents=True)
    (paths.models("shop") / "7" / "model.onnx").write_bytes(b"graph")
    for folder in (
        paths.runs("shop") / ID,
        paths.store() / "shop/train-ours-0/t",
        paths.models("shop") / "7",
    ):
        share.push(folder)
    here = outcome("shop", ID)
    monkeypatch.setenv("CASEBOOK_CACHE", str(tmp_path / "second"))
    there = outcome("shop", ID)
    assert (there.figures, there.curves, there.lacks) == (here.figures, here.curves, ())
    assert here.curves and (there.folders["model"] / "model.onnx").read_bytes() == b"graph"
    with pytest.raises(CasebookError, match=f"shop has no run 9. Its runs are: {ID}"):
        outcome("shop", "9")
