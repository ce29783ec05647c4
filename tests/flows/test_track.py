"""Runs go to MLflow, to a real server, as they end or later, once; without it none is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from casebook import files, paths
from tests.flows.house import SMOKE, House

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

NOWHERE = "http://someone:secret@127.0.0.1:9"  # nobody listens there


@pytest.fixture
def client(mlflow: str) -> MlflowClient:
    from mlflow import MlflowClient

    return MlflowClient(mlflow)


def mlflow_run(client: MlflowClient, experiment: str, name: str) -> Run:
    """The one MLflow run of a run."""
    where = client.get_experiment_by_name(experiment)
    assert where
    (run,) = client.search_runs([where.experiment_id], f"tags.`casebook.run_id` = '{name}'")
    return run


def values(metrics: Any) -> dict[str, float]:
    """The figures of metrics.json as MLflow is to have them."""
    figures_by_model = {"champion": metrics["candidates"][metrics["champion"]]}
    for kind in ("candidates", "peers"):
        figures_by_model |= {f"{kind}/{name}": figures for name, figures in metrics[kind].items()}
    ends = {"value": "", "low": "_low", "high": "_high"}
    return {
        f"{name}/{figure}{ends[end]}": value
        for name, figures in figures_by_model.items()
        for figure, ended in figures.items()
        for end, value in ended.items()
    }


def test_a_run_is_sent_whole_and_only_once(
    smoke: House, mlflow: str, client: MlflowClient, tmp_path: Path
) -> None:
    run = smoke.runs()[0]
    record, metrics = smoke.record(run), smoke.record(run, "metrics.json")
    for _ in range(2):
        done = smoke.tracked(mlflow).here("flows.track", "fraud", run.name)
        assert done.code == 0 and "casebook/fraud-sample" in done.out, done.err
        sent = mlflow_run(client, "casebook/fraud-sample", run.name)
        expected = values(metrics)
        assert len(expected) > 300
        assert {name: sent.data.metrics[name] for name in expected} == expected
        assert sent.data.metrics["test/rows"] == metrics["test"]["rows"]
        assert sent.data.metrics["validation/ensemble/auprc"] == metrics["validation"]["ensemble"]
        assert sent.data.params == {
            name: str(value) for name, value in record["parameters"].items()
        }
        (stage,) = [entry for entry in record["stages"] if entry["stage"] == "train-course-0"]
        kept = (
            smoke.artifacts / "store" / "fraud" / "train-course-0" / stage["key"] / "history.json"
        )
        for name, curve in json.loads(kept.read_text()).items():
            points = client.get_metric_history(sent.info.run_id, f"training/course/{name}")
            assert [(point.step, point.value) for point in points] == list(enumerate(curve, 1))
    assert sent.info.status == "FINISHED"
    assert sent.info.end_time - sent.info.start_time == round(record["seconds"] * 1000)
    tags = sent.data.tags
    assert (tags["casebook.case"], tags["data.source"], tags["device"]) == (
        "fraud",
        "sample",
        "cpu",
    )
    assert (tags["casebook.code_version"], tags["casebook.version"]) == (
        record["code_version"],
        "1",
    )
    assert "SAMPLE DATA" in tags["mlflow.note.content"]
    assert sent.inputs.dataset_inputs[0].dataset.digest == metrics["data"]["sha256"][:36]
    downloads = Path(client.download_artifacts(sent.info.run_id, "", str(tmp_path)))
    for folder, copy in (
        (run, downloads),
        (smoke.artifacts / "models" / "fraud" / "1", downloads / "model"),
    ):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            assert files.sha256(copy / path.relative_to(folder)) == files.sha256(path)


def test_a_run_is_tracked_as_it_ends(empty: House, mlflow: str, client: MlflowClient) -> None:
    done = empty.tracked(mlflow).here("flows.scaling", *SMOKE)
    assert done.code == 0, done.err
    (run,) = empty.runs("scaling")
    expected = empty.record(run, "metrics.json")["findings"]["pandas_std"]
    sent = mlflow_run(client, "casebook/scaling-sample", run.name)
    assert {name: sent.data.metrics[f"findings/pandas_std/{name}"] for name in expected} == expected
    assert sent.data.tags["casebook.code_version"] == empty.record(run)["code_version"]


def test_a_failed_run_is_there_as_failed(
    empty: House, mlflow: str, client: MlflowClient, tmp_path: Path
) -> None:
    (tmp_path / "names.csv").write_text("name\nAda\n")
    done = empty.tracked(mlflow).here("flows.scaling", "--source", str(tmp_path / "names.csv"))
    done.complains("names.csv has 0 numeric columns")
    (run,) = empty.runs("scaling")
    sent = mlflow_run(client, "casebook/scaling", run.name)
    assert (sent.info.status, sent.data.tags["data.source"]) == ("FAILED", "unknown")
    assert "names.csv has 0 numeric columns" in sent.data.tags["mlflow.note.content"]


def test_a_server_that_is_down_loses_nothing(
    empty: House, mlflow: str, client: MlflowClient
) -> None:
    done = empty.tracked(NOWHERE).here("flows.scaling", *SMOKE)
    assert done.code == 0 and done.out.splitlines()[-2].endswith("report.html"), done.err
    (run,) = empty.runs("scaling")
    assert empty.record(run)["status"] == "completed"
    assert (
        f"`python -m flows.track scaling {run.name}` sends it" in done.err
        and "Connection refused" in done.err
    )
    assert "secret" not in done.err
    empty.tracked(NOWHERE).here("flows.track", "scaling", run.name).complains(
        "is not in MLflow", "Connection refused"
    )
    assert empty.tracked(mlflow).here("flows.track", "scaling", run.name).code == 0
    assert mlflow_run(client, "casebook/scaling-sample", run.name).info.status == "FINISHED"


def test_what_cannot_be_sent_is_told(empty: House, mlflow: str, tmp_path: Path) -> None:
    empty.here("flows.track", "fraud", "1").complains("MLFLOW_TRACKING_URI is not set")
    empty.tracked(mlflow).here("flows.track", "fraud", "1").complains(
        "fraud has no run 1. Its runs are: none"
    )
    # as where it isn't there
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['mlflow'] = None")
    without = House(
        empty.artifacts, {**empty.tracked(mlflow).environment, "PYTHONPATH": str(tmp_path)}
    )
    without.run("flows.scaling", *SMOKE).complains("pip install mlflow-skinny", "unset")
    assert not empty.runs("scaling")


def test_without_an_address_mlflow_is_not_imported(empty: House) -> None:
    code = (
        "import sys; from casebook.cli import main; "
        f"print(main('flows.scaling', {[*SMOKE]}), 'mlflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=empty.environment,
        cwd=paths.project(),
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "0 False", done.stderr
