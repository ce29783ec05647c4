"""Bring everything to a Prefect server: work pools, automations, deployments."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from prefect import exceptions

from casebook import paths, prefect_runtime
from casebook.errors import CasebookError
from deployments import automations, listing, stuck

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

ABREAST = 2  # cases that run at once on the pool `local`: each takes up to a few GB
BEHIND = "A nightly run that would have to wait for another run is cancelled"


def register() -> str:
    """Register all of it, in place of what was registered before.

    What was set in the UI stays: limits of pools and queues, schedules that were added or paused,
    disabled automations.

    Raises
    ------
    CasebookError
        There is no server, or it refused something.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url or not prefect_runtime.answers(url):
        raise CasebookError(
            f"No Prefect server answers at PREFECT_API_URL ({url or 'not set'}). `python -m "
            "deployments ui` starts one."
        )
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        make_pools(client)
        name_schedules(client)
        cancel_behind(client)
        stuck.end_unbegun(client)
    automations.register()
    deploy()
    count = sum(len(listing.entries(root)) for root in paths.written_roots())
    return f"{count} deployments are registered at {url}."


def make_pools(client: SyncPrefectClient) -> None:
    """Make the pools, and a queue of cases, unless they are there.

    Operations, such as a promotion, are in another queue than cases: they needn't wait for a
    training to end.
    """
    from prefect.client.schemas.actions import WorkPoolCreate

    for name, about, limit in (
        ("local", "All but trainings on a GPU", None),
        ("gpu", "Trainings on a GPU", 1),
    ):
        try:
            client.read_work_pool(name)
        except exceptions.ObjectNotFound:
            pool = WorkPoolCreate(
                name=name, type="process", description=about, concurrency_limit=limit
            )
            client.create_work_pool(pool)
    try:
        client.read_work_queue_by_name("cases", work_pool_name="local")
    except exceptions.ObjectNotFound:
        client.create_work_queue("cases", concurrency_limit=ABREAST, work_pool_name="local")


def name_schedules(client: SyncPrefectClient) -> None:
    """Name the schedules that were added in the UI.

    If one has no name, the server replaces all schedules by those of the file.
    """
    for deployment in client.read_deployments():
        for schedule in deployment.schedules:
            if schedule.slug is None:
                place = {"id": deployment.id, "schedule_id": schedule.id}
                named = {"slug": f"added-{schedule.id}"}
                client.request(
                    "PATCH",
                    "/deployments/{id}/schedules/{schedule_id}",
                    path_params=place,
                    json=named,
                )


def cancel_behind(client: SyncPrefectClient) -> None:
    """Have the server cancel a scheduled run that finds its deployment busy.

    A run that somebody requested waits instead.
    """
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger
    from prefect.events.schemas.events import ResourceSpecification

    scheduled = {
        "prefect.resource.role": "tag",
        "prefect.resource.id": "prefect.tag.auto-scheduled",
    }
    trigger = EventTrigger(
        expect={"prefect.flow-run.AwaitingConcurrencySlot"},
        match_related=ResourceSpecification(scheduled),
        posture="Reactive",
        threshold=1,
    )
    cancel = ChangeFlowRunState(
        state=StateType.CANCELLED, message="Another run of this deployment was under way."
    )
    automation = AutomationCore(name=BEHIND, trigger=trigger, actions=[cancel])
    for existing in client.read_automations_by_name(BEHIND):
        client.update_automation(
            existing.id, automation.model_copy(update={"enabled": existing.enabled})
        )
        return
    client.create_automation(automation)


def deploy() -> None:
    """Have Prefect's own command register every prefect.yaml."""
    for root in paths.written_roots():
        file = listing.place(root)
        command = [
            sys.executable,
            "-m",
            "prefect",
            "--no-prompt",
            "deploy",
            "--all",
            "--prefect-file",
            str(file),
        ]
        done = subprocess.run(command, cwd=paths.project(), capture_output=True, text=True)
        if done.returncode:
            raise CasebookError(
                f"Prefect did not register {file}: {(done.stderr or done.stdout).strip()[-500:]}"
            )
