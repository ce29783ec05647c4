"""Automations of the Prefect server for runs that die or are late, and for models that drift."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import flows
from casebook import prefect_runtime

if TYPE_CHECKING:
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore

Labels = dict[str, str | list[str]]

# A run gives a sign of life every `prefect_runtime.HEARTBEAT` seconds. Three may be lost or late,
# on a busy machine or while the server is restarted, before the run is taken for dead. With fewer
# than two to three, healthy runs are.
SIGNS = 4
# A server that was away must still know what it had waited for (by default it forgets that within a
# minute) and who holds a deployment's slot (by default it keeps that in memory, and a slot that was
# held then is never free).
SERVER = {
    "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER": "P1D",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
}
# from being taken by a worker to the beginning: seconds, if no image is fetched
UNBEGUN = timedelta(minutes=10)
RETRIES = 2  # what crashes for the third time does so for a reason
# a worker reports a crash once more, seconds after the run's own process did
PAUSE = timedelta(minutes=1)
# what was to run at night and hasn't begun by noon makes way for the next night
LATE = timedelta(hours=12)
COOLDOWN = timedelta(days=1)  # a monitor of every hour must not train every hour

NOT_BEGUN = "A worker took it and did not begin it."
TOO_LATE = f"It did not begin within {LATE.total_seconds() / 3600:.0f} hours."

SIGN, PENDING, RUNNING, CRASHED, IS_LATE, CANCELLED = (
    f"prefect.flow-run.{name}"
    for name in ("heartbeat", "Pending", "Running", "Crashed", "Late", "Cancelled")
)
BROKEN = {CRASHED, "prefect.flow-run.Failed", "prefect.flow-run.TimedOut"}
ENDS = BROKEN | {CANCELLED, "prefect.flow-run.Completed"}
BEGINS = {"prefect.flow-run.Scheduled", "prefect.flow-run.AwaitingRetry", PENDING, RUNNING}
RUN: Labels = {"prefect.resource.id": "prefect.flow-run.*"}
# what was run by command, no worker can run again
DEPLOYED: Labels = {"prefect.resource.role": "deployment"}


def ours() -> Labels:
    """Return the labels that tell our runs from others that the server may know.

    They match runs by command as well as by deployment.
    """
    names = sorted(path.stem for folder in flows.__path__ for path in Path(folder).glob("[!_]*.py"))
    return {"prefect.resource.role": "flow", "prefect.resource.name": names}


def silent() -> AutomationCore:
    """A run that gives no sign of life any more has crashed: nobody is left who could say so."""
    window = timedelta(seconds=SIGNS * prefect_runtime.HEARTBEAT)
    message = (
        f"It gave no sign of life for {window.total_seconds():.0f} seconds: its process or its "
        "machine is gone."
    )
    return overdue(
        "A run without a sign of life has crashed",
        {RUNNING, SIGN},  # it may be killed before its first one arrives
        {SIGN, *ENDS},
        window,
        crash(message),
    )


def unbegun() -> AutomationCore:
    """A run that a worker took and never began has crashed, most likely with that worker."""
    return overdue(
        "A run that was taken and not begun has crashed",
        {PENDING},
        {RUNNING, *ENDS},
        UNBEGUN,
        crash(NOT_BEGUN),
    )


def late() -> AutomationCore:
    """A run that is too late is cancelled, so that runs don't pile up where no worker is."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState

    cancel = ChangeFlowRunState(state=StateType.CANCELLED, message=TOO_LATE)
    return overdue(
        "A run that is too late is cancelled", {IS_LATE}, {PENDING, RUNNING, *ENDS}, LATE, cancel
    )


def resumed() -> AutomationCore:
    """Restart a crashed run, at most `RETRIES` times.

    It reuses the results of the stages that were finished.

    The event reports how often the run was started, so nothing has to be counted. A run that fails
    by itself, for example because of a bad parameter, has not crashed. Nor is a run restarted of
    which more is heard meanwhile: somebody did that, or it lives, and only its signs of life were
    lost with a server.
    """
    counts = [str(number) for number in range(1, RETRIES + 1)]
    return overdue(
        "A run that crashed is begun again",
        {CRASHED},
        BEGINS | ENDS - {CRASHED},
        PAUSE,
        again(),
        RUN | {"prefect.run-count": counts},
        DEPLOYED,
    )


def begun_once_more() -> AutomationCore:
    """A run that crashed before it began is begun again, once in a day."""
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        expect={CRASHED},
        match=RUN | {"prefect.run-count": "0"},
        match_related=[ours(), DEPLOYED],
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(days=1),
    )
    return AutomationCore(
        name="A run that crashed before it began is begun again", trigger=trigger, actions=[again()]
    )


def retrained() -> AutomationCore:
    """Retrain a model whose inputs drift from its training data, by its case's deployment.

    This happens once in a window of `COOLDOWN`: while it lasts the event is ignored.
    """
    from prefect.events.actions import RunDeployment
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        expect={"casebook.drift"},
        match_related={"prefect.resource.role": "trained-by"},
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
        within=COOLDOWN,
    )
    train = RunDeployment(source="inferred", parameters={"params": {"source": "real"}})
    return AutomationCore(
        name="A model whose inputs drift is trained again", trigger=trigger, actions=[train]
    )


def overdue(
    name: str,
    after: set[str],
    expected: set[str],
    within: timedelta,
    action: ChangeFlowRunState,
    run: Labels = RUN,
    *related: Labels,
) -> AutomationCore:
    """Return an automation that acts on one of our runs when an expected event is overdue.

    It is overdue if none of the events in `expected` follows one in `after` within `within`.
    """
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        after=after,
        expect=expected,
        match=run,
        match_related=[ours(), *related],
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=within,
    )
    return AutomationCore(name=name, trigger=trigger, actions=[action])


def again() -> ChangeFlowRunState:
    """Return the action that has a run begun again by whichever worker is free."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState

    return ChangeFlowRunState(
        state=StateType.SCHEDULED, name="AwaitingRetry", message="It crashed and begins again."
    )


def crash(why: str) -> ChangeFlowRunState:
    """Return the action that marks a run as crashed."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState

    return ChangeFlowRunState(state=StateType.CRASHED, message=why)
