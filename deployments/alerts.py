"""Alerts for people, and the webhook that sends them.

They are automations of the Prefect server that post to an address of yours.

`CASEBOOK_ALERTS_URL` names it. What is posted is JSON whose `text` Slack, Mattermost and others
show; a receiver of another form takes the fields beside it, or `PAYLOAD` is filled in another way.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from prefect import exceptions, types
from pydantic import SecretStr

from deployments import policies

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

VARIABLE = "CASEBOOK_ALERTS_URL"
BLOCK = "casebook-alerts"  # where the server keeps the address, which is a secret
PAYLOAD = (
    "{%% set text %%}%s{%% endset %%}\n"
    '{"text": {{ text | tojson }}, "event": {{ event.event | tojson }}, '
    '"link": {{ (flow_run | ui_url) | tojson }}}'
)
# A server on SQLite looks at an event again where its database was busy meanwhile: what was told is
# not told again.
ONCE_IN = timedelta(minutes=10)

ENDED = (
    "{{ flow.name }} {{ flow_run.state.name | lower }} ({{ flow_run.name }}): "
    "{{ flow_run.state.message }}"
)
WAITS = (
    "{{ event.payload.case }} version {{ event.payload.version }} does not serve: "
    "{{ event.payload.why }}"
)
MOVED = (
    "{{ event.payload.case }} version {{ event.payload.version }} is asked other things than it "
    "was trained on: {{ event.payload.drifted | join(', ') }} ({{ event.payload.report }})"
)


def webhook(client: SyncPrefectClient) -> UUID | None:
    """Have the server keep the address that the variable names, and return what it keeps it by.

    Without the variable it is the address that was kept before, or None.
    """
    from prefect.blocks.webhook import Webhook

    if url := os.environ.get(VARIABLE):
        header = types.SecretDict({"Content-Type": "application/json"})
        Webhook(url=SecretStr(url), headers=header).save(BLOCK, overwrite=True)
    try:
        return client.read_block_document_by_name(BLOCK, "webhook", include_secrets=False).id
    except exceptions.ObjectNotFound:
        return None


def describe(webhook: UUID | None) -> str:
    """Say where alerts go."""
    if webhook is None:
        return f"no alerts, as {VARIABLE} names no address to post them to."
    where = (
        f"the address in {VARIABLE}"
        if os.environ.get(VARIABLE)
        else "the address that was named before"
    )
    return f"alerts go to {where}."


def failed(webhook: UUID) -> AutomationCore:
    """People are told of a run that failed or crashed, of each attempt by itself."""
    from prefect.events.schemas.automations import EventTrigger, Posture

    trigger = EventTrigger(
        expect=policies.BROKEN,
        match=policies.RUN,
        match_related=policies.ours(),
        for_each={"prefect.resource.id", "prefect.run-count"},
        posture=Posture.Reactive,
        threshold=1,
        within=ONCE_IN,
    )
    return alert("Alert: a run failed or crashed", trigger, webhook, ENDED)


def late(webhook: UUID) -> AutomationCore:
    """People are told of a run that was cancelled because it was too late."""
    from prefect.events.schemas.automations import EventTrigger, Posture

    trigger = EventTrigger(
        expect={policies.CANCELLED},
        match=policies.RUN | {"prefect.state-message": policies.TOO_LATE},
        match_related=policies.ours(),
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
        within=ONCE_IN,
    )
    return alert("Alert: a run was too late", trigger, webhook, ENDED)


def refused(webhook: UUID) -> AutomationCore:
    """People are told of a new model that is not let serve."""
    return alert(
        "Alert: a model does not serve", of_model("casebook.promotion-refused"), webhook, WAITS
    )


def drifted(webhook: UUID) -> AutomationCore:
    """People are told of a model that is asked other things than it was trained on."""
    return alert("Alert: the inputs of a model drift", of_model("casebook.drift"), webhook, MOVED)


def of_model(event: str) -> EventTrigger:
    """Return what is triggered by an event of ours, for each version of a model by itself."""
    from prefect.events.schemas.automations import EventTrigger, Posture

    return EventTrigger(
        expect={event},
        for_each={"prefect.resource.id", "casebook.version"},
        posture=Posture.Reactive,
        threshold=1,
        within=ONCE_IN,
    )


def alert(name: str, trigger: EventTrigger, webhook: UUID, text: str) -> AutomationCore:
    """Return an automation that posts a text of what triggers it."""
    from prefect.events.actions import CallWebhook
    from prefect.events.schemas.automations import AutomationCore

    call = CallWebhook(block_document_id=webhook, payload=PAYLOAD % text)
    return AutomationCore(name=name, trigger=trigger, actions=[call])
