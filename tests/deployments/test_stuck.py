"""A run that was taken and never begun doesn't hold its deployment's slot forever.

That is so whatever the server forgot.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect import settings, states

from deployments import policies, stuck
from tests.deployments.parts import NOBODY, Stand, deploy, read, stand_in, trigger, until

LEASE = "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory, prefect_database: Path) -> Iterator[Stand]:
    """A server that gives a slot for half a minute to a run that isn't begun; no worker."""

    often = {"PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "2", LEASE: "30"}
    server = stand_in(tmp_path_factory.mktemp("stuck"), prefect_database, **often)
    with settings.temporary_settings({settings.PREFECT_API_URL: server.url}):
        try:
            server.serve()
            yield server
        finally:
            server.close()


def take(run: UUID) -> str | None:
    """Take a run as a worker does before it begins it.

    Return the name of the run's state after that.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run, states.Pending())
    return read(run).state_name


def test_a_slot_is_free_again_though_the_server_was_killed_meanwhile(stand: Stand) -> None:
    deployment = deploy("boston", NOBODY)
    first, second = trigger(deployment), trigger(deployment)
    assert take(first) == "Pending"
    assert take(second) == "AwaitingConcurrencySlot"
    stand.kill("server")
    stand.serve()
    until(lambda: take(second) == "Pending")
    assert read(first).state_name == "Pending"


def test_what_is_taken_and_not_begun_in_time_crashes(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client

    run = trigger(deploy("mpg", NOBODY))
    assert take(run) == "Pending"
    with get_client(sync_client=True) as client:
        assert stuck.end_unbegun(client) == 0
        assert read(run).state_name == "Pending"
        monkeypatch.setattr(policies, "UNBEGUN", timedelta(0))
        assert stuck.end_unbegun(client) > 0
    ended = read(run)
    assert ended.state_name == "Crashed"
    assert ended.state is not None
    assert ended.state.message == policies.NOT_BEGUN


def test_a_slot_that_no_run_holds_is_given_back(stand: Stand) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    deployment = deploy("titanic", NOBODY)
    with get_client(sync_client=True) as client:
        limit = client.read_deployment(deployment).global_concurrency_limit
        assert limit is not None
        client.update_global_concurrency_limit(
            limit.name, GlobalConcurrencyLimitUpdate(active_slots=1)
        )
        run = trigger(deployment)
        assert take(run) == "AwaitingConcurrencySlot"
        assert stuck.release_slots(client) == 1
        assert take(run) == "Pending"
        assert stuck.release_slots(client) == 0


def test_the_containers_server_has_the_settings_that_the_stand_has() -> None:
    compose = (Path(policies.__file__).parent / "compose.yaml").read_text(encoding="utf-8")
    for name, value in policies.SERVER.items():
        assert f"{name}: {value}" in compose
