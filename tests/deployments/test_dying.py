"""Whatever dies is noticed, restarted where that may help, and reported to people.

The tests run the real parts, and kill them.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet as pq

import flows
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
from tests.flows.runner import another
from tests.flows.test_monitor import dearer, publish_with_bins
from tests.tasks.scoring.test_score import payments

Posted = list[dict[str, Any]]


@pytest.fixture(scope="module")
def stand_and_alerts(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[tuple[Stand, Posted]]:
    """A server with all automations, which are in a hurry, a worker, and a receiver of alerts."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    stand = stand_in(tmp_path_factory.mktemp("stand"), prefect_database)
    settings = temporary_settings({PREFECT_API_URL: stand.url})
    with receiver() as (url, posted), settings, pytest.MonkeyPatch.context() as patch:
        patch.setenv(alerts.VARIABLE, url)
        # a worker on a busy machine is quicker
        patch.setattr(policies, "LATE", timedelta(seconds=30))
        patch.setattr(policies, "PAUSE", timedelta(seconds=25))  # a crash is reported twice
        patch.setattr(flows, "__path__", [*flows.__path__, f"{stand.folder}/theirs/flows"])
        try:
            stand.serve()
            message = automations.register()
            assert message == (
                f"10 automations are registered at {stand.url}; alerts go to the address in "
                f"{alerts.VARIABLE}."
            )
            stand.work()
            yield stand, posted
        finally:
            stand.close()


def alerts_with(posted: Posted, *words: str) -> list[str]:
    return [alert["text"] for alert in posted if all(word in alert["text"] for word in words)]


def test_a_run_whose_worker_and_process_are_killed_goes_on_where_it_stopped(
    stand_and_alerts: tuple[Stand, Posted],
) -> None:
    stand, posted = stand_and_alerts
    go = stand.folder / "go"
    run = trigger(deploy("patient"), go=str(go))
    until(lambda: Path(f"{go}.waiting").exists())
    stand.kill("worker")
    until_in(run, "Crashed", "AwaitingRetry")
    go.touch()
    stand.work()
    until_in(run, "Completed")
    killed, resumed = stand.runs("patient")
    assert killed["status"] == "running" and resumed["status"] == "completed"
    assert [(stage["stage"], stage["status"]) for stage in resumed["stages"]][:2] == [
        ("begin", "reuse"),
        ("wait", "run"),
    ]
    assert read(run).run_count == 2 and "Crashed" in states(run)
    (text,) = alerts_with(posted, str(read(run).name))
    assert text.startswith("patient crashed") and "no sign of life for 120 seconds" in text


def test_what_fails_by_itself_is_told_and_not_begun_again(
    stand_and_alerts: tuple[Stand, Posted],
) -> None:
    _, posted = stand_and_alerts
    run = trigger(deploy("patient"))
    until_in(run, "Failed")
    (text,) = until(lambda: alerts_with(posted, "patient failed", str(read(run).name)))
    assert "--go: name a file." in text
    assert read(run).run_count == 1 and states(run)[-1] == "Failed"


def test_what_crashes_always_is_begun_again_twice(stand_and_alerts: tuple[Stand, Posted]) -> None:
    _, posted = stand_and_alerts
    run = trigger(deploy("doomed"))
    until(lambda: read(run).run_count == 1 + policies.RETRIES and read(run).state_name == "Crashed")
    until(
        lambda: (
            len(alerts_with(posted, "doomed crashed", str(read(run).name))) == 1 + policies.RETRIES
        )
    )
    assert states(run).count("AwaitingRetry") == policies.RETRIES and states(run)[-1] == "Crashed"


def test_a_run_that_nobody_takes_is_cancelled_once_it_is_too_late(
    stand_and_alerts: tuple[Stand, Posted],
) -> None:
    _, posted = stand_and_alerts
    run = trigger(deploy("boston", NOBODY))
    until_in(run, "Cancelled")
    assert "Late" in states(run)
    (text,) = until(lambda: alerts_with(posted, str(read(run).name)))
    assert policies.TOO_LATE in text


@pytest.fixture(scope="module")
def command(stand_and_alerts: tuple[Stand, Posted]) -> Iterator[Callable[..., str]]:
    """Return a function that runs a command against the stand's server, and says what it said."""
    with another() as process:

        def run(module: str, *flags: str) -> str:
            code, out, err = process.run(stand_and_alerts[0].environment, module, flags)
            assert code == 0, err
            return out

        yield run


def test_a_model_that_may_not_serve_is_told_once(
    stand_and_alerts: tuple[Stand, Posted], command: Callable[..., str]
) -> None:
    stand, posted = stand_and_alerts
    few = ("--candidates", "tuned", "--epochs", "30", "--peers")
    for number in (1, 2):
        make_tracts(150, number).to_csv(stand.folder / f"{number}.csv", index=False)
    assert "Version 1 serves" in command(
        "flows.boston", "--source", str(stand.folder / "1.csv"), *few
    )
    signature = stand.folder / "artifacts" / "models" / "boston" / "1" / "signature.json"
    content = json.loads(signature.read_text())
    # as one of another time would be
    signature.write_text(json.dumps(content | {"inputs": content["inputs"][1:]}))
    assert "Version 2 waits" in command(
        "flows.boston", "--source", str(stand.folder / "2.csv"), *few
    )
    until(lambda: alerts_with(posted, "boston version 2 does not serve", "takes other columns"))
    assert "Version 3 waits" in command("flows.boston", "--source", "sample", *few)
    assert len(alerts_with(posted, "does not serve")) == 1  # a sample was never meant to


def test_drift_is_told_and_trains_once(
    stand_and_alerts: tuple[Stand, Posted],
    command: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand, posted = stand_and_alerts
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(stand.folder / "artifacts"))
    publish_with_bins()
    training = deploy("fraud", NOBODY)
    pq.write_table(dearer(payments(600, seed=8)), stand.folder / "moved.parquet")
    pq.write_table(payments(600, seed=7), stand.folder / "fresh.parquet")
    for name in ("moved", "fresh", "moved"):
        table = str(stand.folder / f"{name}.parquet")
        command("flows.monitor", "--case", "fraud", "--input", table)
    (run,) = until(lambda: runs_of(training))
    (text,) = until(lambda: alerts_with(posted, "fraud version 1 is asked other things"))
    assert "Amount, Age" in text
    assert run.parameters == {"params": {"source": "real"}}


def runs_of(deployment: Any) -> list[Any]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        )
