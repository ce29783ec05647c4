"""Runs that a worker took and never began, and slots that no run holds.

A lost event or a killed server leaves such runs and slots behind. An automation of the server
handles such runs, but only those it has heard of. A server on SQLite that is busy may lose an
event, and a run that holds its deployment's one slot keeps all later ones waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prefect import states

from deployments import policies

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, StateType

PAGE = 200  # as many as the server answers at once


def end_unbegun(client: SyncPrefectClient) -> int:
    """Mark runs of deployments as crashed that were taken and not begun in time.

    Return the number of such runs.
    """
    from prefect.client.schemas.objects import StateType

    waiting = list(_runs(client, [StateType.PENDING]))
    latest = datetime.now(UTC) - policies.UNBEGUN
    stuck = [run for run in waiting if run.state and run.state.timestamp < latest]
    for run in stuck:
        client.set_flow_run_state(run.id, states.Crashed(message=policies.NOT_BEGUN), force=True)
    return len(stuck)


def release_slots(client: SyncPrefectClient) -> int:
    """Release the slots of deployments that no run holds, and return how many.

    No worker may be at work meanwhile.
    """
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
    from prefect.client.schemas.objects import StateType

    holding = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
    held = Counter(run.deployment_id for run in _runs(client, holding))
    released = 0
    for deployment in client.read_deployments():
        limit = deployment.global_concurrency_limit
        if limit and limit.active_slots > held[deployment.id]:
            released += limit.active_slots - held[deployment.id]
            right = GlobalConcurrencyLimitUpdate(active_slots=held[deployment.id])
            client.update_global_concurrency_limit(limit.name, right)
    return released


def _runs(client: SyncPrefectClient, types: list[StateType]) -> Iterator[FlowRun]:
    """Yield the runs of deployments in states of these types."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )

    state_filter = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)))
    offset = 0
    while runs := client.read_flow_runs(flow_run_filter=state_filter, limit=PAGE, offset=offset):
        yield from (run for run in runs if run.deployment_id)
        offset += PAGE
