"""Servers that run while something is measured."""

import http.client
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.processes import child, environment, python
from casebook.prefect_runtime import free_port

START_LIMIT = 120.0


@contextmanager
def served(command: Sequence[str], variables: Mapping[str, str], data: str) -> Iterator[int]:
    """Keep a server running inside the block, and yield its process id.

    The block begins when the address `data` is answered with 200.

    Raises
    ------
    Failed
        It ends, or does not answer within two minutes.
    """
    with child(command, variables) as running:
        limit = time.monotonic() + START_LIMIT
        while not _answers(data):
            if running.process.poll() is not None or time.monotonic() > limit:
                raise running.failure("did not begin to serve")
            time.sleep(0.1)
        yield running.process.pid


@contextmanager
def prefect_server(home: Path) -> Iterator[str]:
    """Keep a Prefect server, with its database in `home`, running inside the block.

    Yield the address of its API.
    """
    port = str(free_port())
    command = python("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port)
    quiet = {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_CLI_PROMPT": "false",
    }
    url = f"http://127.0.0.1:{port}/api"
    with served(command, environment(PREFECT_HOME=str(home), **quiet), f"{url}/health"):
        yield url


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
