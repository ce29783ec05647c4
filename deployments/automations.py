"""Automations of the Prefect server for whatever dies, waits or drifts.

`python -m deployments.automations` registers them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from prefect import settings

from casebook import prefect_runtime
from casebook.cli import guarded
from casebook.errors import CasebookError
from deployments import alerts, policies

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore


def main() -> int:
    """Register all automations, and say so."""
    prefect_runtime.prepare()
    return guarded(lambda: print(register()))


def register() -> str:
    """Bring all automations to the server that `PREFECT_API_URL` names.

    Raises
    ------
    CasebookError
        None answers there.
    """
    from prefect.client.orchestration import get_client

    url = settings.get_current_settings().api.url
    if not url or not prefect_runtime.answers(url):
        raise CasebookError(
            f"No Prefect server answers at PREFECT_API_URL ({url or 'not set'}). Start one and set "
            "it."
        )
    with get_client(sync_client=True) as client:
        webhook = alerts.webhook(client)
        kept = [keep(client, automation) for automation in all_automations(webhook)]
    return f"{len(kept)} automations are registered at {url}; {alerts.describe(webhook)}"


def keep(client: SyncPrefectClient, automation: AutomationCore) -> UUID:
    """Register an automation, in place of one of its name; one that is disabled in the UI stays so.

    An unchanged one is left alone: it goes on with what it has seen, such as the beginning of a
    cooldown.
    """
    for existing in client.read_automations_by_name(automation.name):
        updated = automation.model_copy(update={"enabled": existing.enabled})
        if updated.model_dump(mode="json") != existing.model_dump(mode="json", exclude={"id"}):
            client.update_automation(existing.id, updated)
        return existing.id
    return client.create_automation(automation)


def all_automations(webhook: UUID | None) -> Iterator[AutomationCore]:
    """Yield all automations.

    Those that alert people are included if there is a webhook for it.
    """
    yield policies.silent()
    yield policies.unbegun()
    yield policies.resumed()
    yield policies.begun_once_more()
    yield policies.late()
    yield policies.retrained()
    if webhook:
        yield alerts.failed(webhook)
        yield alerts.late(webhook)
        yield alerts.refused(webhook)
        yield alerts.drifted(webhook)


if __name__ == "__main__":
    raise SystemExit(main())
