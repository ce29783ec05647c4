"""Runs that are killed, and runs beside each other, end with the figures of an undisturbed one."""

import os
import random
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.flows.house import SMOKE, House, house

KILLS = int(os.environ.get("CASEBOOK_KILLS", "1"))  # the longer proof: CASEBOOK_KILLS=20
COURSE = (*SMOKE, "--candidates", "course", "--peers")


@pytest.fixture(scope="module")
def beside(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which one run began while another was under way."""
    workspace = house(tmp_path_factory.mktemp("beside"), prefect_server)
    other = workspace.start("flows.fraud", *COURSE)
    while other.poll() is None and not workspace.runs():
        time.sleep(0.05)
    done = workspace.here("flows.fraud", *COURSE)
    assert done.code == 0, done.err
    assert other.wait() == 0
    return workspace


def figures(house: House, which: int) -> Any:
    return house.record(house.runs()[which], "metrics.json")["candidates"]


def test_two_runs_at_the_same_time_do_not_harm_each_other(beside: House) -> None:
    assert len(beside.runs()) == 2
    assert figures(beside, 0) == figures(beside, 1)


def test_a_run_killed_at_random_moments_ends_with_the_same_metrics(
    beside: House, empty: House
) -> None:
    rng = random.Random(0)
    for _ in range(KILLS):
        process = empty.start("flows.fraud", *COURSE)
        try:
            process.wait(timeout=rng.uniform(3, 25))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    done = empty.here("flows.fraud", *COURSE)
    assert done.code == 0, done.err
    assert figures(empty, -1) == figures(beside, 0)
