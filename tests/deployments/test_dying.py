"""Whatever dies is noticed, restarted where that may help, and reported to people.

The tests run the real parts, and kill them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import flows
from casebook import places
from deployments import alerts, automations, policies
from samples.boston import make_tracts
from tests.deployments.parts import (
    NOBODY,
    Stand,
    deploy,
    read,
    receiver,
    stand_in,
    states,
    trigger,
    until,
    until_in,
)
from tests.flows.test_monitor import dearer, publish_with_bins
from tests.tasks.scoring.test_score import payments

Posted = list[dict[str, Any]]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stand, Posted]]:
    """A server with all automations, which are in a hurry, a worker, and a receiver of alerts."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    made = stand_in(tmp_path_factory.mktemp("stand"))
    settings = temporary_settings({PREFECT_API_URL: made.url})
    with receiver() as (url, posted), settings, pytest.MonkeyPatch.context() as patch:
        patch.setenv(alerts.VARIABLE, url)
        # a worker on a busy machine is quicker
        patch.setattr(policies, "LATE", timedelta(seconds=30))
        patch.setattr(policies, "PAUSE", timedelta(seconds=10))
        patch.setattr(flows, "__path__", [*flows.__path__, f"{made.folder}/theirs/flows"])
        try:
            made.serve()
            told = automations.register()
            assert told == (
                f"10 automations are registered at {made.url}; alerts go to the address in "
                f"{alerts.VARIABLE}."
            )
            made.work()
            yield made, posted
        finally:
            made.close()


def told_of(posted: Posted, *words: str) -> list[str]:
    return [each["text"] for each in posted if all(word in each["text"] for word in words)]


def test_a_run_whose_worker_and_process_are_killed_goes_on_where_it_stopped(
    stand: tuple[Stand, Posted],
) -> None:
    made, posted = stand
    go = made.folder / "go"
    run = trigger(deploy("patient"), go=str(go))
    until(lambda: Path(f"{go}.waiting").exists())
    made.kill("worker")
    until_in(run, "Crashed", "AwaitingRetry")
    go.touch()
    made.work()
    until_in(run, "Completed")
    killed, resumed = made.runs("patient")
    assert killed["status"] == "running" and resumed["status"] == "completed"
    assert [(stage["stage"], stage["status"]) for stage in resumed["stages"]][:2] == [
        ("begin", "reuse"),
        ("wait", "run"),
    ]
    assert read(run).run_count == 2 and "Crashed" in states(run)
    (text,) = told_of(posted, str(read(run).name))
    assert text.startswith("patient crashed") and "no sign of life for 120 seconds" in text


def test_what_fails_by_itself_is_told_and_not_begun_again(stand: tuple[Stand, Posted]) -> None:
    _, posted = stand
    run = trigger(deploy("patient"))
    until_in(run, "Failed")
    (text,) = until(lambda: told_of(posted, "patient failed", str(read(run).name)))
    assert "--go: name a file." in text
    assert read(run).run_count == 1 and states(run)[-1] == "Failed"


def test_what_crashes_always_is_begun_again_twice(stand: tuple[Stand, Posted]) -> None:
    _, posted = stand
    run = trigger(deploy("doomed"))
    until(lambda: read(run).run_count == 1 + policies.RETRIES and read(run).state_name == "Crashed")
    until(
        lambda: len(told_of(posted, "doomed crashed", str(read(run).name))) == 1 + policies.RETRIES
    )
    assert states(run).count("AwaitingRetry") == policies.RETRIES and states(run)[-1] == "Crashed"


def test_a_run_that_nobody_takes_is_cancelled_once_it_is_too_late(
    stand: tuple[Stand, Posted],
) -> None:
    _, posted = stand
    run = trigger(deploy("boston", NOBODY))
    until_in(run, "Cancelled")
    assert "Late" in states(run)
    (text,) = until(lambda: told_of(posted, str(read(run).name)))
    assert policies.TOO_LATE in text


def command(made: Stand, module: str, *flags: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *flags],
        env=made.environment,
        cwd=places.project(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_model_that_may_not_serve_is_told_once(stand: tuple[Stand, Posted]) -> None:
    made, posted = stand
    few = ("--profile", "smoke", "--candidates", "course", "--peers")
    for number in (1, 2):
        make_tracts(150, number).to_csv(made.folder / f"{number}.csv", index=False)
    assert "Version 1 serves" in command(
        made, "flows.boston", "--source", str(made.folder / "1.csv"), *few
    )
    signature = made.folder / "artifacts" / "models" / "boston" / "1" / "signature.json"
    content = json.loads(signature.read_text())
    # as one of another time would be
    signature.write_text(json.dumps(content | {"inputs": content["inputs"][1:]}))
    assert "Version 2 waits" in command(
        made, "flows.boston", "--source", str(made.folder / "2.csv"), *few
    )
    until(lambda: told_of(posted, "boston version 2 does not serve", "takes other columns"))
    assert "Version 3 waits" in command(made, "flows.boston", "--source", "sample", *few)
    assert len(told_of(posted, "does not serve")) == 1  # a sample was never meant to


def test_drift_is_told_and_trains_once(
    stand: tuple[Stand, Posted], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, posted = stand
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(made.folder / "artifacts"))
    publish_with_bins()
    training = deploy("fraud", NOBODY)
    pq.write_table(dearer(payments(600, seed=8)), made.folder / "moved.parquet")
    pq.write_table(payments(600, seed=7), made.folder / "fresh.parquet")
    for name in ("moved", "fresh", "moved"):
        command(
            made,
            "flows.monitor",
            "--case",
            "fraud",
            "--input",
            str(made.folder / f"{name}.parquet"),
        )
    (run,) = until(lambda: runs_of(training))
    (text,) = until(lambda: told_of(posted, "fraud version 1 is asked other things"))
    assert "Amount, Age" in text
    assert run.parameters == {"params": {"source": "real"}}


def runs_of(deployment: Any) -> list[Any]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        )
