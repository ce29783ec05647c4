"""What people are told, and by which webhook: automations of the Prefect server that post to an address of yours.

`CASEBOOK_ALERTS_URL` names it. What is posted is JSON whose `text` Slack, Mattermost and others show; a receiver of
another form takes what stands beside it, or `PAYLOAD` is filled in another way.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import SecretStr

from deployments import policies

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

VARIABLE = "CASEBOOK_ALERTS_URL"
BLOCK = "casebook-alerts"  # where the server keeps the address, which is a secret
PAYLOAD = """\
{%% set text %%}%s{%% endset %%}
{"text": {{ text | tojson }}, "event": {{ event.event | tojson }}, "link": {{ (flow_run | ui_url) | tojson }}}"""
RUN = {"prefect.resource.id": "prefect.flow-run.*"}

ENDED = "{{ flow.name }} {{ flow_run.state.name | lower }} ({{ flow_run.name }}): {{ flow_run.state.message }}"
WAITS = "{{ event.payload.case }} version {{ event.payload.version }} does not serve: {{ event.payload.why }}"
MOVED = (
    "{{ event.payload.case }} version {{ event.payload.version }} is asked other things than it was trained on: "
    "{{ event.payload.drifted | join(', ') }} ({{ event.payload.report }})"
)


def webhook(client: "SyncPrefectClient") -> UUID | None:
    """Have the server keep the address that the variable names, and return what it keeps it by.

    Without the variable it is the address that was kept before, or None.
    """
    from prefect.blocks.webhook import Webhook
    from prefect.exceptions import ObjectNotFound
    from prefect.types import SecretDict

    if url := os.environ.get(VARIABLE):
        header = SecretDict({"Content-Type": "application/json"})
        Webhook(url=SecretStr(url), headers=header).save(BLOCK, overwrite=True)
    try:
        return client.read_block_document_by_name(BLOCK, "webhook", include_secrets=False).id
    except ObjectNotFound:
        return None


def told(webhook: UUID | None) -> str:
    """Say where alerts go."""
    if webhook is None:
        return f"no alerts, as {VARIABLE} names no address to post them to."
    where = f"the address in {VARIABLE}" if os.environ.get(VARIABLE) else "the address that was named before"
    return f"alerts go to {where}."


def failed(webhook: UUID) -> "AutomationCore":
    """People are told of a run that failed or crashed."""
    trigger = {"expect": policies.BROKEN, "match": RUN, "match_related": policies.ours()}
    return alert("Alert: a run failed or crashed", trigger, webhook, ENDED)


def late(webhook: UUID) -> "AutomationCore":
    """People are told of a run that was cancelled because it was too late."""
    labels = RUN | {"prefect.state-message": policies.TOO_LATE}
    trigger = {"expect": {policies.CANCELLED}, "match": labels, "match_related": policies.ours()}
    return alert("Alert: a run was too late", trigger, webhook, ENDED)


def refused(webhook: UUID) -> "AutomationCore":
    """People are told of a new model that is not let serve."""
    return alert("Alert: a model does not serve", {"expect": {"casebook.promotion-refused"}}, webhook, WAITS)


def drifted(webhook: UUID) -> "AutomationCore":
    """People are told of a model that is asked other things than it was trained on."""
    return alert("Alert: the inputs of a model drift", {"expect": {"casebook.drift"}}, webhook, MOVED)


def alert(name: str, trigger: Mapping[str, Any], webhook: UUID, text: str) -> "AutomationCore":
    """Return an automation that posts a text of every event that the trigger covers."""
    from prefect.events.actions import CallWebhook
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    covers = EventTrigger(**trigger, posture=Posture.Reactive, threshold=1, within=timedelta(0))
    call = CallWebhook(block_document_id=webhook, payload=PAYLOAD % text)
    return AutomationCore(name=name, trigger=covers, actions=[call])
