"""The worker process does what it is told beside the main one, and doesn't outlive its use."""

import os
import time
from collections.abc import Iterator

import psutil
import pytest

from casebook import worker_process
from casebook.worker_process import WorkerProcess


@pytest.fixture
def helper() -> Iterator[WorkerProcess]:
    helper = WorkerProcess()
    yield helper
    helper.close()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


def soon(pid: int) -> bool:
    """Say whether a process ends within ten seconds."""
    end = time.monotonic() + 120
    while not gone(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return gone(pid)


def test_calls_run_in_one_other_process(helper: WorkerProcess) -> None:
    first = helper.run(os.getpid)
    assert first != os.getpid()
    assert helper.run(os.getpid) == first


def test_what_a_call_raises_arrives_here(helper: WorkerProcess) -> None:
    with pytest.raises(ZeroDivisionError):
        helper.run(divmod, 1, 0)
    assert helper.run(divmod, 7, 2) == (3, 1)


def test_left_idle_it_ends_and_the_next_call_starts_another(
    helper: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "IDLE", 0.2)
    first = helper.run(os.getpid)
    assert soon(first)
    assert helper.run(os.getpid) != first


def test_closing_ends_it(helper: WorkerProcess) -> None:
    pid = helper.run(os.getpid)
    helper.close()
    assert soon(pid)
