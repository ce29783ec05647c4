import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from serving.bundle import load
from tasks.data.row_hash import row_hashes
from tasks.evaluation.row_answers import FILE, read
from tests import needs
from tests.flows.house import SMOKE, House
from tests.flows.recomputed import check_figures


def test_a_run_leaves_its_records_and_a_version(smoke: House) -> None:
    run = smoke.runs()[0]
    assert {path.name for path in run.iterdir()} == {
        "run.json",
        "metrics.json",
        "answers.npz",
        "report.html",
        "validation.html",
        "plots",
    }
    record = smoke.record(run)
    assert record["status"] == "completed"
    assert record["device"]["used"] in ("cpu", "gpu")
    assert all(
        stage["status"] == "run" and stage["bytes"] > 0
        for stage in record["stages"]
        if stage["key"]
    )
    version = smoke.artifacts / "models" / "fraud" / "1"
    named = {
        "model.onnx",
        "rows.npz",
        "signature.json",
        "metrics.json",
        "card.md",
        "manifest.json",
    }
    assert named < {path.name for path in version.iterdir()}
    assert not list(smoke.artifacts.rglob(".tmp-*"))


def test_a_run_keeps_every_answer_with_the_row_that_it_belongs_to(smoke: House) -> None:
    run = smoke.runs()[0]
    metrics = smoke.record(run, "metrics.json")
    kept = read(run / FILE)
    assert kept.models.keys() == {**metrics["candidates"], **metrics["peers"]}.keys()
    for name, model in kept.models.items():
        computed = average_precision_score(kept.y, model.answers)
        figure = {**metrics["candidates"], **metrics["peers"]}[name]["auprc"]
        assert figure["value"] == pytest.approx(computed)
    parts = next((smoke.artifacts / "store" / "fraud" / "split-0").iterdir())
    test = pd.read_parquet(parts / "test.parquet")
    assert kept.y.tolist() == test["Class"].tolist()
    assert kept.hashes.tolist() == row_hashes(test.drop(columns="Class")).tolist()


def test_a_run_does_not_differ_from_itself_on_the_same_rows(smoke: House) -> None:
    run = smoke.runs()[0]
    done = smoke.here("flows.compare", "fraud", run.name, run.name)
    assert "no difference shown" in done.out, done.err
    page = Path(done.out.strip().splitlines()[-1])
    difference = json.loads((page.parent / "difference.json").read_text())
    metrics = smoke.record(run, "metrics.json")
    assert difference["paired"]["rows"] == metrics["test"]["rows"]
    first = difference["paired"]["pairs"][0]
    assert (first["first"], first["second"]) == (metrics["champion"], metrics["champion"])
    assert first["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert "On the same test rows" in page.read_text(encoding="utf-8")


def test_metrics_have_the_names_that_other_programs_read(smoke: House) -> None:
    metrics = smoke.record(smoke.runs()[0], "metrics.json")
    assert metrics["case"] == "fraud"
    assert metrics["data"]["source"] == "sample"
    assert metrics["champion"] in metrics["candidates"]
    assert metrics["course"] in metrics["candidates"]
    assert {"dummy", "logistic_regression", "extra_trees", "gradient_boosting"} == set(
        metrics["peers"]
    )
    for figures in (*metrics["candidates"].values(), *metrics["peers"].values()):
        for figure in figures.values():
            assert figure["low"] <= figure["value"] <= figure["high"] or figure[
                "low"
            ] == pytest.approx(figure["value"])


def test_a_sample_run_says_so_and_does_not_serve(smoke: House) -> None:
    assert "Sample data" in (smoke.runs()[0] / "report.html").read_text(encoding="utf-8")
    folder = smoke.artifacts / "models" / "fraud"
    assert json.loads((folder / "1" / "signature.json").read_text())["trained_on"] == "sample"
    assert not (folder / "production").exists()


def test_the_report_needs_nothing_from_outside(smoke: House) -> None:
    page = (smoke.runs()[0] / "report.html").read_text(encoding="utf-8")
    assert 'src="data:image/png' in page
    assert 'src="http' not in page
    assert "<link" not in page


def test_sample_rows_have_their_true_labels(smoke: House) -> None:
    version = smoke.artifacts / "models" / "fraud" / "1"
    truth = json.loads((version / "sample_truth.json").read_text(encoding="utf-8"))["truth"]
    assert set(truth) == {"normal", "fraud"}
    assert load(version).truth == truth


def test_an_unchanged_run_reuses_every_stage(smoke: House) -> None:
    done = smoke.here("flows.fraud", *SMOKE)
    assert done.code == 0, done.err
    last = smoke.runs()[-1]
    assert set(smoke.statuses(last).values()) == {"reuse"}
    assert (
        smoke.record(last, "metrics.json")["candidates"]
        == smoke.record(smoke.runs()[0], "metrics.json")["candidates"]
    )
    assert not (smoke.artifacts / "models" / "fraud" / "2").exists()
    assert done.out.splitlines()[-2].endswith("report.html")
    assert done.out.splitlines()[-1].startswith("python -m ")


def test_a_plan_after_a_late_change_runs_only_what_follows(smoke: House) -> None:
    before = len(smoke.runs())
    done = smoke.here("flows.fraud", *SMOKE, "--plan", "--cost-missed", "999")
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines()[1:]]
    run = {row[0] for row in rows if row[1] == "run" and "done in every run" not in " ".join(row)}
    assert run == {"evaluate", "draw", "export"}
    assert "cost_missed 100.0 → 999.0" in next(
        line for line in done.out.splitlines() if line.startswith("evaluate")
    )
    assert len(smoke.runs()) == before


def test_a_missing_and_an_altered_file_are_noticed_and_remade(smoke: House, tmp_path: Path) -> None:
    copy = House(
        tmp_path / "artifacts",
        {**smoke.environment, "CASEBOOK_ARTIFACTS": str(tmp_path / "artifacts")},
    )
    shutil.copytree(smoke.artifacts, copy.artifacts)
    clean, split = (
        next((copy.artifacts / "store" / "fraud" / name).iterdir()) for name in ("clean", "split-0")
    )
    (clean / "table.parquet").unlink()
    (split / "test.parquet").write_bytes(b"altered")
    done = copy.here("flows.fraud", *SMOKE)
    assert done.code == 0, done.err
    record = copy.record(copy.runs()[-1])
    why = {
        stage["stage"]: stage["why"]
        for stage in record["stages"]
        if stage["status"] == "run" and stage["key"]
    }
    assert why == {"clean": "table.parquet is gone", "split-0": "test.parquet was altered"}
    assert (
        copy.record(copy.runs()[-1], "metrics.json")["candidates"]
        == (copy.record(copy.runs()[0], "metrics.json")["candidates"])
    )


def test_the_service_answers_raw_rows_as_the_champion_was_judged(smoke: House) -> None:
    version = smoke.artifacts / "models" / "fraud" / "1"
    judged = next((smoke.artifacts / "store" / "fraud" / "evaluate").iterdir()) / "curves.npz"
    champion = smoke.record(smoke.runs()[0], "metrics.json")["champion"]
    with np.load(judged, allow_pickle=False) as arrays:
        expected = arrays[champion]
    parts = next((smoke.artifacts / "store" / "fraud" / "split-0").iterdir())
    rows = _rows(parts / "test.parquet")
    answers = [answer["probability"] for answer in load(version).predict(rows)]
    np.testing.assert_allclose(answers, expected, atol=1e-4)


def _rows(path: Path) -> list[dict[str, float]]:

    rows: list[dict[str, float]] = pd.read_parquet(path).drop(columns="Class").to_dict("records")
    return rows


def test_operations_promote_roll_back_and_clean_up(smoke: House, tmp_path: Path) -> None:
    copy = House(
        tmp_path / "artifacts",
        {**smoke.environment, "CASEBOOK_ARTIFACTS": str(tmp_path / "artifacts")},
    )
    shutil.copytree(smoke.artifacts, copy.artifacts)
    pointer = copy.artifacts / "models" / "fraud" / "production"
    assert copy.here("flows.promote", "fraud", "1").code == 0
    assert pointer.read_text() == "1\n"
    assert copy.here("flows.promote", "fraud", "7").code == 1
    missing = copy.here("flows.rollback", "fraud")
    assert missing.code == 1
    assert "no version to roll back to" in missing.err
    kept = len(list((copy.artifacts / "store" / "fraud" / "clean").iterdir()))
    assert copy.here("flows.clean_up", "--keep-runs", "1").code == 0
    assert len(list((copy.artifacts / "store" / "fraud" / "clean").iterdir())) == kept
    assert pointer.read_text() == "1\n"


@pytest.mark.realdata
def test_the_real_file_is_the_one_the_catalog_knows(empty: House) -> None:
    environment = {
        **empty.environment,
        "CASEBOOK_DATA_MIRROR": str(Path(needs.real_data()).resolve()),
    }
    real = House(empty.artifacts, environment)
    done = real.here(
        "flows.fraud", "--source", "real", "--profile", "smoke", "--candidates", "course", "--peers"
    )
    assert done.code == 0, done.err
    metrics = real.record(real.runs()[0], "metrics.json")
    assert metrics["data"]["source"] == "real"
    assert metrics["data"]["rows"] == 27_771
    assert metrics["test"] == {"split": "test", "folds": 1, "rows": 5579, "positives": 93}
    published = real.record(real.runs()[0])["published"]
    assert not published["serves"] and "in the smoke profile" in published["why"]
    assert not (real.artifacts / "models" / "fraud" / "production").exists()


def test_figures_are_those_that_scikit_learn_computes(smoke: House) -> None:
    check_figures(smoke, "fraud")
