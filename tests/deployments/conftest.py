"""The whole stand, once for all tests: a server, a worker, and every deployment.

There is one of a case beside ours, too, that goes on until it may end.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flows
from casebook import paths
from deployments import listing
from tests.deployments.parts import PATIENT
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
        "CASEBOOK_CASES": str(patient_case(folder / "theirs")),
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


def patient_case(root: Path) -> Path:
    """Write a folder with the case, which no night asks for, and return it."""
    for name in ("flows", "deployments"):
        (root / name).mkdir(parents=True)
    (root / "flows" / "patient.py").write_text(PATIENT, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASEBOOK_CASES", str(root))
        patch.setattr(flows, "__path__", [*flows.__path__, str(root / "flows")])
        text = listing.listing(root).partition("    schedules:")[0]
    del sys.modules["flows.patient"]
    listing.place(root).write_text(text, encoding="utf-8")
    return root
