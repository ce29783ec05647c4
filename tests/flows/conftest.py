"""Houses in which cases run."""

from pathlib import Path

import pytest

from tests.flows.house import SMOKE, House, house, house_after


@pytest.fixture(scope="session")
def smoke(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the fraud case ran once on the sample."""
    return house_after(tmp_path_factory.mktemp("smoke"), prefect_server, "flows.fraud", *SMOKE)


@pytest.fixture
def empty(prefect_server: str, tmp_path: Path) -> House:
    """A house in which nothing ran yet."""
    return house(tmp_path, prefect_server)
