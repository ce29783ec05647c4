"""The service as one process, where a system cannot fork.

It uses Uvicorn in place of Gunicorn, which needs to fork.
"""

from collections.abc import Callable, Sequence
from socket import socket

from serving import limits


def serve_alone(listening: Sequence[socket], key: str, ready: Callable[[int], object]) -> None:
    """Answer from this process until stopped."""
    from uvicorn import Config, Server

    from serving.service import Service

    service = Service(key)
    config = Config(
        service.gateway,
        lifespan="off",
        log_config=None,
        access_log=False,
        limit_concurrency=limits.CONNECTIONS,
        timeout_keep_alive=limits.IDLE,
        timeout_graceful_shutdown=int(limits.PATIENCE),
    )
    ready(service.models)
    Server(config).run(list(listening))
    service.close()
