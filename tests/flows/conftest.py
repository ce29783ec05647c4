"""Houses in which cases run."""

from pathlib import Path

import pytest

from tests.flows.house import SMOKE, House, house


@pytest.fixture(scope="session")
def smoke(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the fraud case ran once on the sample."""
    made = house(tmp_path_factory.mktemp("smoke"), prefect_server)
    done = made.here("flows.fraud", *SMOKE)
    assert done.code == 0, done.err
    return made


@pytest.fixture
def empty(prefect_server: str, tmp_path: Path) -> House:
    """A house in which nothing ran yet."""
    return house(tmp_path, prefect_server)
