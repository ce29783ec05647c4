"""A search ends with a file that the case takes, and a killed one goes on where it was."""

import signal
import time
import tomllib
from pathlib import Path

import pytest

from tests.flows.house import SMOKE, House, house
from tests.rehearsal.page_faults import check_page

SEARCH = (*SMOKE, "--case", "boston", "--trials", "2")


@pytest.fixture(scope="module")
def searched(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which boston was searched by the default algorithm."""
    workspace = house(tmp_path_factory.mktemp("searched"), prefect_server)
    done = workspace.here("flows.tune", *SEARCH)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith("python -m flows.boston --params ")
    return workspace


def best(here: House, run: int = 0) -> Path:
    return here.runs("tune")[run] / "best.toml"


def test_a_search_leaves_its_best_its_trials_and_a_page(searched: House) -> None:
    run = searched.runs("tune")[0]
    metrics = searched.record(run, "metrics.json")
    assert [trial["number"] for trial in metrics["trials"]] == [0, 1]
    assert metrics["best"]["figure"] == min(trial["figure"] for trial in metrics["trials"])
    assert metrics["course"] > 0
    assert all(trial["seconds"] > 0 for trial in metrics["trials"])
    values = tomllib.loads(best(searched).read_text(encoding="utf-8"))
    assert {name: values[name] for name in metrics["best"]["parameters"]} == metrics["best"][
        "parameters"
    ]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png') == 2
    assert "optimistic" in page and 'src="http' not in page


def test_a_search_is_tracked_with_its_trainings_below_it(searched: House, mlflow: str) -> None:
    from mlflow import MlflowClient

    run, client = searched.runs("tune")[0], MlflowClient(mlflow)
    for _ in range(2):
        assert searched.tracked(mlflow).here("flows.track", "tune", run.name).code == 0
    experiment = client.get_experiment_by_name("casebook/tune-boston-sample")
    assert experiment
    sent = {
        tracked.info.run_name: tracked for tracked in client.search_runs([experiment.experiment_id])
    }
    assert set(sent) == {run.name, "trial-0-epochs-3", "trial-1-epochs-3"}
    metrics, whole = searched.record(run, "metrics.json"), sent.pop(run.name)
    assert whole.data.metrics["validation/best/rmse"] == metrics["best"]["figure"]
    assert whole.data.tags["device"] == "cpu"
    for trial in metrics["trials"]:
        child = sent[f"trial-{trial['number']}-epochs-3"]
        assert child.data.tags["mlflow.parentRunId"] == whole.info.run_id
        assert child.data.metrics["validation/rmse"] == trial["figure"]
        assert child.data.params == {
            name: str(value) for name, value in trial["parameters"].items()
        }
        assert len(client.get_metric_history(child.info.run_id, "training/loss")) == 3


def test_the_best_file_is_taken_by_the_case(searched: House) -> None:
    done = searched.here(
        "flows.boston", *SMOKE, "--params", str(best(searched)), "--candidates", "tuned", "--peers"
    )
    assert done.code == 0, done.err
    run = searched.runs("boston")[0]
    metrics, expected = (
        searched.record(run, "metrics.json"),
        searched.record(best(searched).parent, "metrics.json"),
    )
    assert metrics["validation"]["tuned"] == expected["best"]["figure"]


@pytest.mark.parametrize("algorithm", ["random", "hyperband", "sklearn"])
def test_the_other_algorithms_finish(searched: House, algorithm: str) -> None:
    done = searched.here("flows.tune", *SEARCH, "--algorithm", algorithm)
    assert done.code == 0, done.err
    metrics = searched.record(searched.runs("tune")[-1], "metrics.json")
    assert {trial["number"] for trial in metrics["trials"]} == {0, 1}
    epochs = {trial["parameters"]["epochs"] for trial in metrics["trials"]}
    assert epochs == ({3} if algorithm == "random" else {1, 3})


def test_a_second_search_reuses_every_trial_and_one_killed_ends_with_the_same_best(
    searched: House, empty: House
) -> None:
    assert searched.here("flows.tune", *SEARCH).code == 0
    assert set(searched.statuses(searched.runs("tune")[-1]).values()) == {"reuse"}
    process = empty.start("flows.tune", *SEARCH)
    first, second = (
        empty.artifacts / "store" / "tune" / f"train_folds-trial-{n}-epochs-3" for n in (0, 1)
    )
    while process.poll() is None and not second.exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = empty.here("flows.tune", *SEARCH)
    assert done.code == 0, done.err
    assert empty.statuses(empty.runs("tune")[-1])[first.name] == "reuse"
    assert best(empty, -1).read_text(encoding="utf-8") == best(searched).read_text(encoding="utf-8")


def test_what_cannot_be_searched_and_a_bad_file_end_with_2(empty: House, tmp_path: Path) -> None:
    unknown = empty.here("flows.tune", "--case", "clean_up")
    assert unknown.code == 2
    assert (
        "only a case with a network can be searched: boston, car_price, fraud, malware, mpg, "
        "titanic\n" in unknown.err
    )
    (tmp_path / "best.toml").write_text("dropout = 2\n", encoding="utf-8")
    bad = empty.here("flows.boston", "--params", str(tmp_path / "best.toml"))
    assert bad.code == 2
    assert "best.toml: dropout 2: input should be less than 1" in bad.err
    assert not empty.artifacts.exists()


def test_nothing_can_be_said_against_the_page(searched: House) -> None:
    check_page(searched.runs("tune")[0] / "report.html")
