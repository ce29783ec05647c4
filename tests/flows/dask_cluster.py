"""A real Dask scheduler with workers in processes of their own, which see one house's artifacts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from casebook.prefect_runtime import free_port
from tests.flows.house import House

DASK = (sys.executable, "-m", "dask")


@dataclass
class Cluster:
    """A scheduler's port and its processes."""

    port: int
    house: House
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def runner(self) -> str:
        return f"dask://127.0.0.1:{self.port}"

    def begin(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*DASK, *words, "--no-dashboard"],
            env={**self.house.environment, **more},
            cwd=self.house.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a worker without a nanny, so that killing the process is losing the worker."""
        threads = () if "--nthreads" in words else ("--nthreads", "1")
        return self.begin(
            "worker", f"tcp://127.0.0.1:{self.port}", "--no-nanny", *threads, *words, **more
        )

    def wait_for_workers(self, number: int) -> None:
        from distributed import Client

        with Client(f"tcp://127.0.0.1:{self.port}", set_as_default=False) as client:
            client.wait_for_workers(number)


@contextmanager
def dask_cluster(house: House) -> Iterator[Cluster]:
    """Run a scheduler inside the block, and end it and its workers afterwards."""
    cluster = Cluster(free_port(), house)
    cluster.begin("scheduler", "--host", "127.0.0.1", "--port", str(cluster.port))
    try:
        yield cluster
    finally:
        for process in cluster.processes:
            for member in (*psutil.Process(process.pid).children(recursive=True), process):
                member.kill()
        for process in cluster.processes:
            process.wait()
