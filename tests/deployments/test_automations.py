"""Automations are registered once and stay as they are; alerts need an address to post to."""

from datetime import timedelta

import pytest
from prefect import settings

from casebook import prefect_runtime
from casebook.errors import CasebookError
from deployments import alerts, automations, policies
from tests.deployments.parts import read, until_in

ALERTS = 4


@pytest.fixture
def fresh(prefect_server: str) -> str:
    """A server without automations and without an address for alerts."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for automation in client.read_automations():
            client.delete_automation(automation.id)
        if block := alerts.webhook(client):
            client.delete_block_document(block)
    return prefect_server


def registered() -> dict[str, tuple[object, bool]]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return {
            automation.name: (automation.id, automation.enabled)
            for automation in client.read_automations()
        }


def test_without_an_address_no_alert_is_registered_and_that_is_said(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(alerts.VARIABLE, raising=False)
    said = automations.register()
    assert said.endswith("no alerts, as CASEBOOK_ALERTS_URL names no address to post them to.")
    assert len(registered()) == 6 and not [
        name for name in registered() if name.startswith("Alert")
    ]


def test_registered_again_all_stay_as_they_are_and_one_that_was_disabled_stays_so(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client

    monkeypatch.setenv(alerts.VARIABLE, "http://127.0.0.1:9/hook")
    automations.register()
    before = registered()
    assert len(before) == 6 + ALERTS
    name = policies.retrained().name
    with get_client(sync_client=True) as client:
        (automation,) = client.read_automations_by_name(name)
        client.pause_automation(automation.id)
    monkeypatch.delenv(alerts.VARIABLE)
    assert automations.register().endswith("alerts go to the address that was named before.")
    assert registered() == before | {name: (before[name][0], False)}


def test_one_that_is_otherwise_by_now_takes_the_place_of_the_old_one(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client

    automations.register()
    before = registered()
    monkeypatch.setattr(policies, "COOLDOWN", timedelta(hours=2))
    automations.register()
    assert registered() == before
    with get_client(sync_client=True) as client:
        (automation,) = client.read_automations_by_name(policies.retrained().name)
    assert automation.trigger.within == timedelta(hours=2)


def test_without_a_server_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:

    with (
        settings.temporary_settings({settings.PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(CasebookError, match="No Prefect server answers at PREFECT_API_URL"),
    ):
        automations.register()


def test_a_run_may_lose_signs_of_life_before_it_is_taken_for_dead() -> None:
    assert policies.SIGNS >= 3
    retries = int(prefect_runtime.RUN["PREFECT_CLIENT_MAX_RETRIES"])
    requests = sum(2**attempt for attempt in range(1, retries + 1))
    signs = int(prefect_runtime.RUN["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    # a run outlasts every outage that is too short to have it taken for dead
    assert requests >= policies.SIGNS * signs


def test_a_run_that_is_killed_before_its_first_sign_of_life_has_crashed(
    fresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.states import Running

    monkeypatch.setattr(policies, "SIGNS", 10 / prefect_runtime.HEARTBEAT)  # 10 s at least
    with get_client(sync_client=True) as client:
        automations.keep(client, policies.silent())
        run = client.create_flow_run(flow(lambda: None, name="boston"))
        client.set_flow_run_state(run.id, Running())
    until_in(run.id, "Crashed")
    assert "no sign of life for 10 seconds" in str(read(run.id).state)


def test_only_our_runs_are_meant() -> None:
    names = policies.ours()["prefect.resource.name"]
    assert {"fraud", "monitor", "all"} <= set(names) and not [
        name for name in names if name.startswith("_")
    ]
