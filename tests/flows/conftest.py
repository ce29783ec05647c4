"""Houses in which cases run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from casebook.prefect_runtime import answers, free_port
from tests.flows.house import SMOKE, House, house, house_after


@pytest.fixture(scope="session")
def smoke(prefect_server: str, tmp_path_factory: pytest.TempPathFactory, of_all: Path) -> House:
    """A house in which the fraud case ran once on the sample.

    It ran once for all processes, and each has a copy.
    """
    own = tmp_path_factory.mktemp("smoke")
    with FileLock(of_all / "smoke.lock"):
        if not (of_all / "smoke.done").exists():
            house_after(of_all / "smoke-of-all", prefect_server, "flows.fraud", *SMOKE)
            (of_all / "smoke.done").touch()
    shutil.copytree(of_all / "smoke-of-all" / "artifacts", own / "artifacts")
    return house(own, prefect_server)


@pytest.fixture
def empty(prefect_server: str, tmp_path: Path) -> House:
    """A house in which nothing ran yet."""
    return house(tmp_path, prefect_server)


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run MLflow's own server, and yield its address.

    Its runs are in SQLite, and its artifacts in a folder behind it.
    """
    folder, address = tmp_path_factory.mktemp("mlflow"), f"http://127.0.0.1:{free_port()}"
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--port",
        address.rpartition(":")[2],
        "--workers",
        "1",
    ]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/runs.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **quiet},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        while not answers(address):
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the server proper is a process of this one
        process.wait()


@pytest.fixture
def artifacts_of(prefect_server: str) -> Callable[[str], Any]:
    """Return a function that reads the rows of the newest Prefect table artifact with a key."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    def read(key: str) -> Any:
        filter = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        with get_client(sync_client=True) as client:
            newest = client.read_artifacts(
                artifact_filter=filter, sort=ArtifactSort.CREATED_DESC, limit=1
            )
        return json.loads(str(newest[0].data))

    return read
