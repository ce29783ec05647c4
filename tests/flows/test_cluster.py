"""Stages that a flow submits run on a Dask cluster's workers, with unchanged metrics."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyarrow import parquet as pq

from casebook.prefect_runtime import free_port
from tests.flows.dask_cluster import Cluster, dask_cluster
from tests.flows.house import SMOKE, House, house
from tests.tasks.scoring.test_score import payments, publish

FAST = ("--candidates", "course", "ensemble", "--peers", "extra_trees")
SEARCH = (*SMOKE, "--case", "mpg", "--trials", "4")


@pytest.fixture(scope="module")
def workplace(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    workspace = house(tmp_path_factory.mktemp("cluster"), prefect_server)
    workspace.artifacts.mkdir()
    return workspace


@pytest.fixture(scope="module")
def cluster(workplace: House) -> Iterator[Cluster]:
    """A cluster of two workers."""
    with dask_cluster(workplace) as running:
        running.worker()
        running.worker()
        yield running


@pytest.mark.parametrize(
    ("flow", "flags", "stage"),
    [
        ("fraud", FAST, "train-ensemble-0"),
        ("household_power", ("--candidates", "ours", "--peers"), "fit_step_estimators-trees"),
    ],
)
def test_the_figures_and_the_record_are_those_of_a_run_without_a_cluster(
    cluster: Cluster, workplace: House, empty: House, flow: str, flags: tuple[str, ...], stage: str
) -> None:
    there = workplace.here(f"flows.{flow}", *SMOKE, *flags, "--runner", cluster.runner)
    assert there.code == 0, there.err
    here = empty.here(f"flows.{flow}", *SMOKE, *flags)
    assert here.code == 0, here.err
    spread, alone = workplace.runs(flow)[-1], empty.runs(flow)[-1]
    figures = [
        workspace.record(run, "metrics.json")
        for workspace, run in ((workplace, spread), (empty, alone))
    ]
    assert figures[0]["candidates"] == figures[1]["candidates"]
    assert figures[0]["peers"] == figures[1]["peers"]
    stages = {stage["stage"]: stage for stage in workplace.record(spread)["stages"]}
    assert stages[stage]["seconds"] > 0
    assert stages[stage]["bytes"] > 0


def test_workers_without_the_disk_of_the_flow_share_by_url(
    prefect_server: str, tmp_path: Path, bucket: str, s3: dict[str, str]
) -> None:
    flags = (*SMOKE, "--candidates", "course", "--peers")
    flow, worker = tmp_path / "flow", tmp_path / "worker"
    workspace = house(
        tmp_path,
        prefect_server,
        CASEBOOK_ARTIFACTS=f"s3://{bucket}/team",
        CASEBOOK_CACHE=str(flow),
        **s3,
    )
    with dask_cluster(workspace) as spread:
        spread.worker(CASEBOOK_CACHE=str(worker))
        done = workspace.here("flows.fraud", *flags, "--runner", spread.runner)
    assert done.code == 0, done.err
    there, here = (
        {path.parent.parent.name for path in folder.rglob("manifest.json")}
        for folder in (worker, flow)
    )
    assert {"train-course-0", "features-0"} < there < here  # what it made, and what it read
    assert "export" not in there
    again = workspace.here("flows.fraud", *flags)
    assert again.code == 0, again.err
    assert "train-course-0             reused" in again.err


def test_a_search_finds_the_same_when_one_of_the_workers_dies(
    cluster: Cluster, workplace: House, empty: House
) -> None:
    assert empty.here("flows.tune", *SEARCH).code == 0
    lost = cluster.worker()
    cluster.wait_for_workers(3)
    trial = workplace.artifacts / "store" / "tune" / "train_folds-trial-0-epochs-3"
    with ThreadPoolExecutor(1) as beside:
        search = beside.submit(workplace.here, "flows.tune", *SEARCH, "--runner", cluster.runner)
        while not search.done() and not trial.exists():
            time.sleep(0.05)
        lost.kill()
    assert search.result().code == 0
    assert best(workplace) == best(empty)


def best(here: House) -> str:
    return (here.runs("tune")[-1] / "best.toml").read_text(encoding="utf-8")


def test_a_folder_is_scored_file_by_file_as_without_a_cluster(
    cluster: Cluster, workplace: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(workplace.artifacts))
    publish("fraud", version=100)
    for number in range(3):
        (tmp_path / f"in/day={number}").mkdir(parents=True)
        pq.write_table(payments(200, seed=number), tmp_path / f"in/day={number}/part.parquet")
    flags = ("--case", "fraud", "--version", "100", "--input", str(tmp_path / "in"), "--output")
    there = workplace.here(
        "flows.score", *flags, str(tmp_path / "there"), "--runner", cluster.runner
    )
    assert there.code == 0, there.err
    assert there.out.startswith("Scored 600 rows")
    assert workplace.here("flows.score", *flags, str(tmp_path / "here")).code == 0
    contents = [
        [path.read_bytes() for path in sorted((tmp_path / of).rglob("*.parquet"))]
        for of in ("there", "here")
    ]
    assert contents[0] == contents[1]
    assert len(contents[0]) == 3
    workplace.here("flows.score", *flags, str(tmp_path / "no"), "--runner", "no").complains(
        "--runner no", "dask://"
    )


def test_a_cluster_that_would_not_do_is_told(empty: House, tmp_path: Path) -> None:
    nobody = empty.here("flows.fraud", *SMOKE, "--runner", f"dask://127.0.0.1:{free_port()}")
    nobody.complains("--runner dask://127.0.0.1:", "no scheduler", "python -m dask scheduler")
    with dask_cluster(empty) as elsewhere:
        elsewhere.worker(CASEBOOK_ARTIFACTS=str(tmp_path / "other"))
        blind = empty.here("flows.fraud", *SMOKE, "--runner", elsewhere.runner)
        blind.complains("doesn't see this run's runs/fraud/", "CASEBOOK_ARTIFACTS")
    with dask_cluster(empty) as broad:
        broad.worker("--nthreads", "2")
        threaded = empty.here("flows.fraud", *SMOKE, "--runner", broad.runner)
        threaded.complains("several threads", "--nthreads 1")
    assert empty.here("flows.fraud", "--runner", "elsewhere").code == 2
