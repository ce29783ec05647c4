"""The whole stand, once for all tests: a server, a worker, and every deployment."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from casebook import paths
from tests.deployments.stand import Stand, started_from, two_ports


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run `python -m deployments ui` as a person does.

    Its services poll more often than every minute.
    """
    folder, port = tmp_path_factory.mktemp("stand"), two_ports()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CASEBOOK_", "PREFECT_"))
    }
    environment |= {
        "CASEBOOK_ARTIFACTS": str(folder / "artifacts"),
        "CASEBOOK_RAW": str(folder / "raw"),
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
    }
    command = [sys.executable, "-m", "deployments", "ui", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=paths.project(),
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield started_from(process, port, folder, environment)
    finally:
        process.terminate()
        process.wait()
