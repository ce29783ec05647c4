"""Start the whole set, use it, kill it in the middle, and check that nothing is lost.

`python -m tests.rehearsal` runs PostgreSQL, Prefect's server on it, a worker and the service
on this machine's loopback address as they would run in operation. The case is fraud, on its
embedded sample. It takes some ten minutes, and needs PostgreSQL and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

from casebook import paths, prefect_runtime
from casebook.cli import guarded
from casebook.errors import CasebookError
from deployments import stand
from tests.rehearsal import browse
from tests.rehearsal.postgres import postgres
from tests.rehearsal.scene import Scene

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

CASE = "fraud"
SMALL = {"source": "sample", "profile": "smoke"}
LONG = {
    "source": "sample",
    "sample_rows": 60_000,
    "candidates": ["course", "ensemble"],
    "peers": ["dummy"],
}
# the training that is finished, and the one that is under way, then
KEPT, CUT = (
    "train-course-0",
    "train-ensemble-0",
)


def main() -> int:
    """Rehearse, and return the exit code: 0 all was seen, 1 something was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.rehearsal", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, help="for logs and all that is made (default: a new temporary one)"
    )
    folder = parser.parse_args().folder or Path(tempfile.mkdtemp(prefix="casebook-"))
    stand.leave_on_signals()
    return guarded(lambda: rehearse(folder.resolve()))


def rehearse(folder: Path) -> None:
    """Go through all of it.

    Raises
    ------
    CasebookError
        Something was not as it is to be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise CasebookError(f"{folder} is not empty: name a new one in --folder, or none.")
    folder.chmod(0o755)  # PostgreSQL may run by another account
    scene = Scene(folder)
    scene.tell(f"logs are in {folder}")
    with postgres(folder / "postgres") as database, closing(scene):
        scene.tell("PostgreSQL takes connections")
        ui, service = begin(scene, database)
        from prefect.client.orchestration import get_client

        with get_client(sync_client=True) as client:
            click(scene, client, ui)
            promote(scene, service, 1)
            schedule(scene, client)
            run = kill(scene, client)
            resume(scene, client, run)
            promote(scene, service, 2)
    scene.tell("all ended; everything was seen")


def begin(scene: Scene, database: str) -> tuple[str, str]:
    """Start server, worker and service, and return the addresses of UI and service.

    Whatever can be run is registered.
    """
    ui = f"http://127.0.0.1:{prefect_runtime.free_port()}"
    os.environ |= {
        "CASEBOOK_ARTIFACTS": str(scene.folder / "artifacts"),
        "CASEBOOK_RAW": str(scene.folder / "raw"),
        "PREFECT_HOME": str(scene.folder / "prefect"),
        "PREFECT_API_URL": f"{ui}/api",
        "PREFECT_API_DATABASE_CONNECTION_URL": database,
        # a new schedule waits for this: a minute by default
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
    }
    prefect_runtime.prepare(stand.SETTINGS)
    scene.start(
        "server",
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        ui.rsplit(":", 1)[1],
    )
    scene.until(lambda: prefect_runtime.answers(f"{ui}/api"), "Prefect's server does not answer")
    scene.tell("Prefect's server answers, and keeps what it knows in PostgreSQL")
    scene.tell(scene.run("-m", "deployments", "register").splitlines()[0])
    work(scene, "worker")
    scene.start("service", "-m", "serving", "--port", "0", "--log", "warning")
    service = scene.until(
        lambda: scene.says("service", r"http://127\.0\.0\.1:\d+"), "the service does not start"
    )
    must(served(service) is None, "the service has no model of fraud yet")
    scene.tell("the service answers, and has no model of fraud yet")
    return ui, service


def work(scene: Scene, name: str) -> None:
    """Start a worker; its name is that of its log."""
    scene.start(name, "-m", "prefect", "worker", "start", "--pool", "local", "--type", "process")
    scene.until(lambda: scene.says(name, "started!"), "the worker does not start")
    scene.tell(f"the {name.replace('-', ' ')} waits for runs")


def click(scene: Scene, client: SyncPrefectClient, ui: str) -> None:
    """Start a run by a click, and check that it ends with a version that waits.

    The version waits because its data is a sample.
    """
    with browse.page() as page:
        run = browse.start_run(
            page, ui, CASE, {"Source": SMALL["source"]}, {"Profile": SMALL["profile"]}
        )
        scene.tell("fraud was started in the UI, its form filled in Chromium")
        ended = completed(scene, client, run)
        must(
            ended.parameters["params"]["profile"] == "smoke",
            "the form's parameters reached the run",
        )
        page.get_by_text("Completed").first.wait_for()
    scene.tell(f"it completed in {ended.total_run_time.seconds} s, and the UI says so: {stages()}")


def schedule(scene: Scene, client: SyncPrefectClient) -> None:
    """Give the deployment a schedule, and check that a run of it starts by itself.

    The run has the same parameters as before, so it recomputes nothing. The nightly schedules
    are paused: they need real data.
    """
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import IntervalSchedule

    for registered in client.read_deployments():
        for existing in registered.schedules:
            client.update_deployment_schedule(registered.id, existing.id, active=False)
    deployment = client.read_deployment_by_name(f"{CASE}/{CASE}")
    soon = datetime.now(UTC) + timedelta(seconds=15)
    hourly = IntervalSchedule(interval=timedelta(hours=1), anchor_date=soon)
    new_schedule = DeploymentScheduleCreate(schedule=hourly, parameters={"params": SMALL})
    created = client.create_deployment_schedules(deployment.id, [new_schedule])
    scene.tell(f"a schedule begins at {soon:%H:%M:%S} UTC")
    run = scene.until(lambda: scheduled(client, deployment.id), "no run was scheduled")
    ended = completed(scene, client, run)
    client.delete_deployment_schedule(deployment.id, created[0].id)
    must(set(statuses().values()) == {"reuse"}, "the same run again makes no stage anew")
    late = ended.estimated_start_time_delta.total_seconds()
    scene.tell(f"the scheduled run began {late:.0f} s after its time, and completed: {stages()}")


def scheduled(client: SyncPrefectClient, deployment: UUID) -> UUID | None:
    """Return the first run of a deployment that a schedule requested."""
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
    from prefect.client.schemas.sorting import FlowRunSort

    only = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
    runs = client.read_flow_runs(deployment_filter=only, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
    return next((run.id for run in runs if run.auto_scheduled), None)


def kill(scene: Scene, client: SyncPrefectClient) -> UUID:
    """Start a longer run, and kill the worker and the run in the middle of a training."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    deployment = client.read_deployment_by_name(f"{CASE}/{CASE}")
    run = client.create_flow_run_from_deployment(deployment.id, parameters={"params": LONG}).id
    only = FlowRunFilter(id=FlowRunFilterId(any_=[run]))

    def training() -> bool:
        tasks = client.read_task_runs(flow_run_filter=only)
        return any(
            task.name.startswith(CUT) and task.state and task.state.is_running() for task in tasks
        )

    scene.until(training, f"{CUT} does not begin")
    killed = scene.kill("worker")
    must(statuses()[CUT] == "run" and not version_there(2), f"{CUT} was under way")
    scene.tell(
        f"in the middle of {CUT} worker and run were killed, by SIGKILL: processes "
        f"{', '.join(map(str, killed))}"
    )
    return run


def resume(scene: Scene, client: SyncPrefectClient, run: UUID) -> None:
    """Start a worker again, and see the run completed, with what its finished stages had left."""
    work(scene, "second-worker")

    def crashed() -> bool:
        state = client.read_flow_run(run).state
        return state is not None and not state.is_running()

    must(not crashed(), "nobody has told the server yet that the run is dead")
    scene.until(crashed, "the run without a sign of life is not found")
    scene.tell("the server found the run dead by its lack of heartbeats")
    ended = completed(scene, client, run)
    by_stage = statuses()
    must(
        by_stage[KEPT] == "reuse" and by_stage[CUT] == "run",
        "finished stages are reused, the others run",
    )
    scene.tell(f"the same run, begun {ended.run_count} times, completed: {stages()}")


def promote(scene: Scene, service: str, version: int) -> None:
    """Promote a version by its deployment, and see the service answer with it."""
    must(
        version_there(version) and served(service) != version,
        f"version {version} is there and does not serve",
    )
    parameters = ("--param", f"case={CASE}", "--param", f"version={version}")
    scene.run("-m", "prefect", "deployment", "run", "promote/promote", *parameters, "--watch")
    scene.until(
        lambda: served(service) == version, f"the service does not take up version {version}"
    )
    scene.tell(
        f"version {version} was promoted, and the service answers: {answer(service, version)}"
    )


def completed(scene: Scene, client: SyncPrefectClient, run: UUID) -> FlowRun:
    """Wait for a run to complete, and return it.

    Raises
    ------
    CasebookError
        It ended in another way.
    """

    def ended() -> FlowRun | None:
        current = client.read_flow_run(run)
        return (
            current
            if current.state and (current.state.is_completed() or current.state.is_failed())
            else None
        )

    flow_run = scene.until(ended, f"run {run} does not end")
    must(
        flow_run.state is not None and flow_run.state.is_completed(),
        f"run {run} completes; it is {flow_run.state}",
    )
    return flow_run


def statuses() -> dict[str, str]:
    """Return for each stage of the latest run whether it was run or reused."""
    latest = max(paths.runs(CASE).iterdir())
    record = json.loads((latest / "run.json").read_text(encoding="utf-8"))
    return {stage["stage"]: stage["status"] for stage in record["stages"] if stage["key"]}


def stages() -> str:
    """Say how many stages the latest run ran, and how many it reused."""
    outcomes = list(statuses().values())
    return f"{outcomes.count('run')} stages run, {outcomes.count('reuse')} reused"


def version_there(version: int) -> bool:
    """Say whether a version is published."""
    return (paths.models(CASE) / str(version)).is_dir()


def served(service: str) -> int | None:
    """Return the version that the service answers with, if it does."""
    try:
        with urlopen(f"{service}/v1/models/{CASE}", timeout=30) as response:
            return int(json.load(response)["version"])
    except HTTPError as error:
        if error.code != 404:
            raise
        return None


def answer(service: str, version: int) -> str:
    """Send a version's sample request, and return the first prediction and the reported model."""
    rows = (paths.models(CASE) / str(version) / "sample_request.json").read_bytes()
    request = Request(
        f"{service}/v1/models/{CASE}:predict", rows, {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=30) as response:
        content: dict[str, Any] = json.load(response)
    must(content["model"]["version"] == version, f"the answer names version {version}")
    return f"{content['predictions'][0]} from {content['model']}"


def must(seen: bool, what: str) -> None:
    """Go on only if something was seen.

    Raises
    ------
    CasebookError
        It was not.
    """
    if not seen:
        raise CasebookError(f"This was not seen: {what}.")


if __name__ == "__main__":
    raise SystemExit(main())
