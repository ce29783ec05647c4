"""A run outlasts a server that is started anew, and a database that is away for some seconds."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from prefect import settings

from casebook import prefect_runtime
from tests import needs
from tests.deployments.parts import Stand, deploy, read, stand_in, trigger, until, until_in

AWAY = 8.0  # seconds
USER = "postgres"  # of the distribution's package: the database refuses to run as root


@dataclass
class Postgres:
    """A database of Debian's package, in a folder of its own."""

    binaries: Path
    folder: Path
    port: int = field(default_factory=prefect_runtime.free_port)

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://prefect@127.0.0.1:{self.port}/prefect"

    def make(self) -> None:
        self.call("initdb", "-D", f"{self.folder}/data", "-U", "prefect", "--auth=trust")
        self.start()
        self.call("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "prefect", "prefect")

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        )
        self.call(
            "pg_ctl",
            "-D",
            f"{self.folder}/data",
            "-l",
            f"{self.folder}/log",
            "-w",
            "-o",
            options,
            "start",
        )

    def kill(self) -> None:
        """Stop without telling anybody, as a crash does."""
        self.call("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", "immediate", "stop")

    def call(self, name: str, *words: str) -> None:
        user = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.folder / "said").open("w") as said:
            subprocess.run(
                [self.binaries / name, *words],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                check=True,
                **user,
            )


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A running database, where the package is installed."""
    programs = needs.postgresql()
    with tempfile.TemporaryDirectory(prefix="casebook-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        database = Postgres(programs, Path(folder))
        database.make()
        yield database
        database.kill()


@contextmanager
def standing(folder: Path, database: Path, **more: str) -> Iterator[Stand]:
    """Run a server and a worker."""

    stand = stand_in(folder, database, **more)
    with settings.temporary_settings({settings.PREFECT_API_URL: stand.url}):
        try:
            stand.serve()
            stand.work()
            yield stand
        finally:
            stand.close()


def waiting(stand: Stand) -> tuple[UUID, Path]:
    """Start a run, and come back when it is in the middle; it goes on when the file is there."""
    go = stand.folder / "go"
    run = trigger(deploy("patient"), go=str(go))
    until(lambda: Path(f"{go}.waiting").exists())
    return run, go


def finished(stand: Stand, run: UUID) -> None:
    until_in(run, "Completed")
    assert read(run).run_count == 1
    (record,) = stand.runs("patient")
    assert record["status"] == "completed"


def test_a_server_that_is_killed_and_comes_back(tmp_path: Path, prefect_database: Path) -> None:
    with standing(tmp_path, prefect_database) as stand:
        run, go = waiting(stand)
        stand.kill("server")
        go.touch()  # the run's end, of which it has to tell the server, comes while there is none
        until(lambda: stand.runs("patient")[0]["status"] == "completed")
        stand.serve()
        finished(stand, run)


def test_a_database_that_is_killed_and_comes_back(
    tmp_path: Path, prefect_database: Path, postgres: Postgres
) -> None:
    elsewhere = {"PREFECT_API_DATABASE_CONNECTION_URL": postgres.url}
    with standing(tmp_path, prefect_database, **elsewhere) as stand:
        run, go = waiting(stand)
        postgres.kill()
        go.touch()
        until(lambda: stand.runs("patient")[0]["status"] == "completed")
        time.sleep(AWAY)  # the server answers that it can't, and the run asks again
        assert stand.started["server"].poll() is None
        postgres.start()
        finished(stand, run)
