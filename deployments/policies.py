"""What becomes of runs that die or are late, and of models whose inputs drift: automations of the Prefect server."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import flows
from casebook import engine

if TYPE_CHECKING:
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore

Labels = dict[str, str | list[str]]

# A run gives a sign of life every `engine.HEARTBEAT` seconds. Three may be lost or late, on a busy machine or while the
# server is started anew, before the run is taken for dead. With fewer than two to three, healthy runs are.
SIGNS = 4
UNBEGUN = timedelta(minutes=10)  # from being taken by a worker to the beginning: seconds, if no image is fetched
RETRIES = 2  # what crashes for the third time does so for a reason
LATE = timedelta(hours=12)  # what was to run at night and hasn't begun by noon makes way for the next night
COOLDOWN = timedelta(days=1)  # a monitor of every hour must not train every hour

TOO_LATE = f"It did not begin within {LATE.total_seconds() / 3600:.0f} hours."

SIGN, PENDING, RUNNING, CRASHED, IS_LATE, CANCELLED = (
    f"prefect.flow-run.{name}" for name in ("heartbeat", "Pending", "Running", "Crashed", "Late", "Cancelled")
)
BROKEN = {CRASHED, "prefect.flow-run.Failed", "prefect.flow-run.TimedOut"}
ENDS = BROKEN | {CANCELLED, "prefect.flow-run.Completed"}
DEPLOYED: Labels = {"prefect.resource.role": "deployment"}  # what was run by command, no worker can run again


def ours() -> Labels:
    """Return what tells runs of our flows, by command or by deployment, from others that the server may know."""
    names = sorted(path.stem for folder in flows.__path__ for path in Path(folder).glob("[!_]*.py"))
    return {"prefect.resource.role": "flow", "prefect.resource.name": names}


def silent() -> "AutomationCore":
    """A run that gives no sign of life any more has crashed: nobody is left who could say so."""
    window = timedelta(seconds=SIGNS * engine.HEARTBEAT)
    told = f"It gave no sign of life for {window.total_seconds():.0f} seconds: its process or its machine is gone."
    return overdue("A run without a sign of life has crashed", SIGN, {SIGN, *ENDS}, window, crash(told))


def unbegun() -> "AutomationCore":
    """A run that a worker took and never began has crashed, most likely with that worker."""
    return overdue(
        "A run that was taken and not begun has crashed", PENDING, {RUNNING, *ENDS}, UNBEGUN,
        crash("A worker took it and did not begin it."),
    )  # fmt: skip


def late() -> "AutomationCore":
    """A run that is too late is cancelled, so that runs don't pile up where no worker is."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState

    cancel = ChangeFlowRunState(state=StateType.CANCELLED, message=TOO_LATE)
    return overdue("A run that is too late is cancelled", IS_LATE, {PENDING, RUNNING, *ENDS}, LATE, cancel)


def resumed() -> "AutomationCore":
    """A run that crashed is begun again, at most `RETRIES` times: it takes what its finished stages have left.

    The event tells how often the run was begun, so nothing has to be counted. A run that fails by itself, for example
    of a bad parameter, has not crashed.
    """
    counts = [str(number) for number in range(1, RETRIES + 1)]
    return again("A run that crashed is begun again", counts, timedelta(0))


def begun_once_more() -> "AutomationCore":
    """A run that crashed before it began is begun again, once in a day."""
    return again("A run that crashed before it began is begun again", ["0"], timedelta(days=1))


def retrained() -> "AutomationCore":
    """A model that is asked other things than it was trained on is trained again, by its case's deployment.

    Once in a window of `COOLDOWN`: while it lasts the event is not looked at.
    """
    from prefect.events.actions import RunDeployment
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        expect={"casebook.drift"}, match_related={"prefect.resource.role": "trained-by"},
        for_each={"prefect.resource.id"}, posture=Posture.Reactive, threshold=1, within=COOLDOWN,
    )  # fmt: skip
    train = RunDeployment(source="inferred", parameters={"params": {"source": "real"}})
    return AutomationCore(name="A model whose inputs drift is trained again", trigger=trigger, actions=[train])


def overdue(
    name: str, after: str, expected: set[str], within: timedelta, action: "ChangeFlowRunState"
) -> "AutomationCore":
    """Return an automation that acts on one of our runs where nothing expected follows an event in time."""
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        after={after}, expect=expected, match={"prefect.resource.id": "prefect.flow-run.*"}, match_related=ours(),
        for_each={"prefect.resource.id"}, posture=Posture.Proactive, threshold=1, within=within,
    )  # fmt: skip
    return AutomationCore(name=name, trigger=trigger, actions=[action])


def again(name: str, begun: Sequence[str], once_in: timedelta) -> "AutomationCore":
    """Return an automation that begins a crashed run of a deployment again if it was begun so many times."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    trigger = EventTrigger(
        expect={CRASHED}, match={"prefect.resource.id": "prefect.flow-run.*", "prefect.run-count": [*begun]},
        match_related=[ours(), DEPLOYED], for_each={"prefect.resource.id"}, posture=Posture.Reactive, threshold=1,
        within=once_in,
    )  # fmt: skip
    state = ChangeFlowRunState(state=StateType.SCHEDULED, name="AwaitingRetry", message="It crashed and begins again.")
    return AutomationCore(name=name, trigger=trigger, actions=[state])


def crash(why: str) -> "ChangeFlowRunState":
    """Return the action that marks a run as crashed."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState

    return ChangeFlowRunState(state=StateType.CRASHED, message=why)
