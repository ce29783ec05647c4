"""Send a run's outcome to MLflow, if `MLFLOW_TRACKING_URI` is set.

Without that variable MLflow isn't imported.

A run is sent when it has ended, from the files it left. So it can also be sent later, and sent
again: its MLflow run is found by the tag `casebook.run_id`, and what is there already stays as it
is.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from casebook.errors import CasebookError
from casebook.outcome import Outcome, outcome

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Metric

log = logging.getLogger("casebook")
ADDRESS = "MLFLOW_TRACKING_URI"
ID = "casebook.run_id"
DIGEST = 36  # characters of a hash that MLflow keeps
AT_ONCE = 1000  # metrics that MLflow takes in one request
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # by its own settings MLflow waits four minutes for a server that is down
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


def is_enabled() -> bool:
    """Say whether runs are to be tracked."""
    return bool(os.environ.get(ADDRESS))


def prepare() -> set[str]:
    """Prepare for tracking, if it is requested, before any work is done.

    Return the libraries that it needs.

    Raises
    ------
    CasebookError
        MLflow isn't installed.
    """
    if not is_enabled():
        return set()
    if find_spec("mlflow") is None:
        raise CasebookError(
            f"{ADDRESS} is set, but MLflow is not installed. Install it (`pip install "
            f"mlflow-skinny`, which is the extra `tracking`), or unset {ADDRESS}: then runs are "
            "not tracked."
        )
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    return {"mlflow"}


def track_ended(case: str, run: str) -> None:
    """Send a run that has just ended, if runs are to be tracked.

    An error is reported, and does no harm to the run.
    """
    if not is_enabled():
        return
    try:
        log.info("%s", track(case, run))
    except CasebookError as problem:
        log.warning("%s", problem)
    except Exception:
        log.warning(
            "Run %s of %s is not in MLflow, by a fault that was not foreseen.",
            run,
            case,
            exc_info=True,
        )


def track(case: str, run: str) -> str:
    """Send a run to MLflow, and return where it is found there.

    Its parameters, metrics, curves, files and published version are sent.

    Raises
    ------
    CasebookError
        There is no such run or it has not ended, no address is set, MLflow isn't installed, or it
        didn't take the run.
    """
    if not is_enabled():
        raise CasebookError(
            f"{ADDRESS} is not set. Set it to MLflow's address, such as http://127.0.0.1:5000."
        )
    prepare()
    run_outcome = outcome(case, run)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient()
        experiment = _experiment(client, f"casebook/{run_outcome.group}")
        sent = _send(client, experiment, run_outcome)
    except (
        MlflowException,
        OSError,
        ImportError,
    ) as problem:  # the last where a driver for the address is missing
        raise CasebookError(
            f"Run {run_outcome.name} of {case} is not in MLflow, or not all of it: "
            f"{_without_password(str(problem))}. The run itself is kept; `python -m flows.track "
            f"{case} {run_outcome.name}` sends it again."
        ) from problem
    without = (
        f", without {' and '.join(run_outcome.lacks)}: cleaned up before"
        if run_outcome.lacks
        else ""
    )
    return (
        f"{run_outcome.name} is in MLflow's experiment casebook/{run_outcome.group} as run "
        f"{sent}{without}."
    )


def _experiment(client: MlflowClient, name: str) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment and experiment.lifecycle_stage == "active":
        return str(experiment.experiment_id)
    return client.create_experiment(name)


def _send(client: MlflowClient, experiment: str, run_outcome: Outcome, parent: str = "") -> str:
    """Send an outcome and, as its child runs, the trainings of a search.

    Return the id of its MLflow run.
    """
    from mlflow.entities import Param

    existing_runs = client.search_runs(
        [experiment], f"tags.`{ID}` = '{run_outcome.name}'", max_results=1
    )
    run = (
        existing_runs[0]
        if existing_runs
        else client.create_run(
            experiment, _time(run_outcome.began), _tags(run_outcome, parent), _title(run_outcome)
        )
    )
    sent, metrics = str(run.info.run_id), list(_metrics(run_outcome))
    client.log_batch(
        sent, params=[Param(name, str(value)) for name, value in run_outcome.parameters.items()]
    )
    for first in range(0, len(metrics), AT_ONCE):
        client.log_batch(sent, metrics[first : first + AT_ONCE])
    client.log_inputs(sent, list(_data(run_outcome)))
    for place, folder in run_outcome.folders.items():
        client.log_artifacts(sent, str(folder), place or None)
    for trial in run_outcome.trials:
        _send(client, experiment, trial, sent)
    client.set_terminated(
        sent, "FAILED" if run_outcome.failed else "FINISHED", _time(run_outcome.ended)
    )
    return sent


def _title(run_outcome: Outcome) -> str:
    return run_outcome.name.rpartition("/")[2]


def _tags(run_outcome: Outcome, parent: str) -> dict[str, str]:
    """Return our tags, and those that MLflow's pages read."""
    commit = run_outcome.tags.get("casebook.code_version", "").partition("+")[0]
    for_pages = {
        "mlflow.parentRunId": parent,
        "mlflow.note.content": run_outcome.note,
        "mlflow.source.name": f"flows.{run_outcome.tags['casebook.case']}",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
    }
    return {
        ID: run_outcome.name,
        **run_outcome.tags,
        **{name: value for name, value in for_pages.items() if value},
    }


def _data(run_outcome: Outcome) -> Iterator[DatasetInput]:
    """Yield the data of a run; MLflow's pages tell runs apart by its hash.

    A run that failed early has none.
    """
    from mlflow.entities import Dataset, DatasetInput

    if "data.sha256" in run_outcome.tags:
        name, digest = (
            run_outcome.tags.get("searched", run_outcome.tags["casebook.case"]),
            run_outcome.tags["data.sha256"][:DIGEST],
        )
        yield DatasetInput(
            Dataset(name, digest, run_outcome.tags["data.source"], run_outcome.tags["data.origin"])
        )


def _metrics(run_outcome: Outcome) -> Iterator[Metric]:
    from mlflow.entities import Metric

    at = _time(
        run_outcome.ended
    )  # the same whenever it is sent: MLflow keeps a value once per time and step
    for name, value in run_outcome.figures.items():
        yield Metric(_allowed(name), value, at, 0)
    for name, curve in run_outcome.curves.items():
        yield from (Metric(_allowed(name), value, at, epoch) for epoch, value in curve)


def _allowed(name: str) -> str:
    """Return a name with the characters that MLflow allows on every system."""
    return re.sub(r"[^\w/. -]", "_", name)


def _time(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _without_password(text: str) -> str:
    """Return a message without the user and password that an address may hold."""
    secret = urlsplit(os.environ[ADDRESS]).netloc.rpartition("@")[0]
    return (text.replace(f"{secret}@", "") if secret else text).strip(" .")
