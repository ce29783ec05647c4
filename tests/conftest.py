"""What all tests share: one Prefect server per test run, and artifacts of their own."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from casebook import prefect_runtime
from tests import needs
from tests.flows.runner import runner

# no test judges the clock: first calls import libraries, and other processes want the cores as well
settings.register_profile("no_clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no_clock")
# threads that wait for each other would spin, and hold up those who have work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# what takes longest begins first, so that no process is left with it at the end
LONG = (
    "deployments/test_dying.py",
    "deployments/test_stand.py",
    "flows/test_cluster.py",
    "flows/test_shared_storage.py",
    "deployments/test_outages.py",
    "flows/test_crash.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that CI sets."""
    parser.addoption(
        "--demand-everything",
        action="store_true",
        help="a test that is skipped fails: nothing that the tests need may be missing",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first."""
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get("/".join(item.path.parts[-2:]), len(order)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose mark names what is not here."""
    for mark, need in needs.BY_MARK.items():
        if item.get_closest_marker(mark):
            need()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failure of a skip where everything is demanded."""
    report = yield
    demanded = item.config.getoption("demand_everything")
    if demanded and report.skipped and not hasattr(report, "wasxfail"):
        why = needs.reason(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"--demand-everything was given, but this test was skipped. {why}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end how many tests were skipped, why, and how to have them run."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("skipped")
        for line in needs.summary_lines(needs.reason(report.longrepr) for report in skipped):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def of_all(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Give the folder of what is made once for all processes of the tests."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def prefect_database(of_all: Path) -> Path:
    """Give a database of Prefect's with its tables: a server takes long to make them."""
    home = of_all / "prefect-of-all"
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = {**kept, **prefect_runtime.SETTINGS, "PREFECT_HOME": str(home)}
    with FileLock(of_all / "prefect.lock"):
        if not home.exists():
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return home / "prefect.db"


@pytest.fixture(scope="session")
def prefect_server(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[str]:
    """Start Prefect's own test harness once, and give the address of its server."""
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    folder = tmp_path_factory.mktemp("harness")
    shutil.copy(prefect_database, folder / "prefect-test.db")
    prefect_runtime.prepare()
    from prefect.logging.configuration import setup_logging
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    # it closes all handlers that there are; absl's then closes the stream it writes to unless that
    # is sys.stderr now
    setup_logging()
    with (
        patch("prefect.testing.utilities.mkdtemp", return_value=str(folder)),
        prefect_test_harness(server_startup_timeout=600),
    ):
        yield str(PREFECT_API_URL.value())
        runner().close()  # at its end it tells the server the rest, for minutes if that is gone


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty artifacts folder, and neither cache nor mirror with real data."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("CASEBOOK_RAW", str(tmp_path / "raw"))
    monkeypatch.delenv("CASEBOOK_DATA_MIRROR", raising=False)
    return tmp_path / "artifacts"


@contextmanager
def object_store(port: int = 0) -> Iterator[dict[str, str]]:
    """Serve S3's interface on the loopback address, and yield the environment variables for it.

    They are those that a user would set. The content outlives the server, but not the process.
    """
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server.stop()


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """Serve S3's interface for all tests."""
    with object_store() as environment:
        yield environment


@pytest.fixture
def bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the name of an empty bucket, with the environment set to reach it."""
    import boto3

    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    name = f"casebook-{uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name
