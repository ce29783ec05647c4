"""What all tests share: one Prefect server per test run, and artifacts of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook import engine


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Prefect's own test harness once, and give the address of its server."""
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    engine.prepare()
    from prefect.logging.configuration import setup_logging
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    # it closes all handlers that there are; absl's then closes the stream it writes to unless that is sys.stderr now
    setup_logging()
    with prefect_test_harness(server_startup_timeout=120):
        yield str(PREFECT_API_URL.value())


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty artifacts folder, and neither cache nor mirror with real data."""
    monkeypatch.setenv("CASEBOOK_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("CASEBOOK_RAW", str(tmp_path / "raw"))
    monkeypatch.delenv("CASEBOOK_DATA_MIRROR", raising=False)
    return tmp_path / "artifacts"
