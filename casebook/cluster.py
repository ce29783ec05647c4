"""Run the stages that a flow submits on a Dask cluster, beside the process that runs the flow.

Workers must see the same artifacts and have the same code. Each runs one stage at a time: two
networks trained in threads of one process would disturb each other's random numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from casebook import paths, share
from casebook.errors import CasebookError

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

LOCAL = "local"
PATTERN = r"^(local|dask://[^\s/:]+:\d+)$"
PATIENCE = 10.0  # seconds that a scheduler and its first worker have to answer
# in the checkout, in the same environment
START = "python -m dask worker tcp://HOST:PORT --nthreads 1 --no-dashboard"


def check_runner(runner: str) -> None:
    """Refuse what names neither this machine nor a scheduler.

    Raises
    ------
    CasebookError
        It does not.
    """
    if not re.fullmatch(PATTERN, runner):
        raise CasebookError(
            f"--runner {runner}: must be local, or dask://host:port as of a Dask scheduler."
        )


@contextmanager
def connected(runner: str, proof: str) -> Iterator[DaskTaskRunner | None]:
    """Connect to the scheduler at `dask://host:port`, and leave it as it is afterwards.

    The runner `local` needs no scheduler.

    Parameters
    ----------
    runner
        As the parameter of a case.
    proof
        A file in the artifacts folder that workers must see, too.

    Raises
    ------
    CasebookError
        No scheduler answers, it has no worker, or a worker would not do: other code or artifacts,
        or several threads.
    """
    if runner == LOCAL:
        yield None
        return
    with _runner(f"tcp://{urlsplit(runner).netloc}") as cluster:
        try:
            client = cluster.client
            client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, TimeoutError) as error:
            raise CasebookError(
                f"--runner {runner}: no scheduler with a worker answers within {PATIENCE:.0f} "
                f"seconds ({error}). Start `python -m dask scheduler`, and in this checkout on "
                f"each machine `{START}`."
            ) from error
        _check(runner, client, proof)
        yield cluster


def _runner(address: str) -> DaskTaskRunner:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise CasebookError(
            "--runner dask://... needs the extra `cluster`: pip install prefect-dask."
        ) from error
    return DaskTaskRunner(address=address, client_kwargs={"timeout": PATIENCE})


def _check(runner: str, client: Any, proof: str) -> None:
    """Hold the workers against what they must be."""
    several = [name for name, threads in client.nthreads().items() if threads > 1]
    if several:
        raise CasebookError(
            f"--runner {runner}: {', '.join(several)} has several threads. Start it by `{START}`."
        )
    try:
        seen = client.run(sees, proof)
    except ImportError as error:
        raise CasebookError(
            f"--runner {runner}: a worker lacks the project's code ({error}): `{START}`."
        ) from error
    blind = [name for name, visible in seen.items() if not visible]
    if blind:
        raise CasebookError(
            f"--runner {runner}: {', '.join(blind)} doesn't see this run's {proof}. Set "
            "CASEBOOK_ARTIFACTS to the same shared folder or URL here and there."
        )


def sees(proof: str) -> bool:
    """Say, on a worker, whether a file of the artifacts is there, or where machines share them."""
    path = paths.artifacts() / proof
    return path.is_file() or share.read(path) is not None
