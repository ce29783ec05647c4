"""One process of the service, as Gunicorn runs it.

It loads the models, accepts connections, answers, and loses no answer.
"""

import asyncio
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice, takewhile
from pathlib import Path
from traceback import extract_tb
from typing import Any

from gunicorn.workers.gasgi import ASGIWorker

from serving import limits
from serving.connection import Connection

SPARE = 32  # descriptors that are left for files, and for those who are told that there is no room
# seconds after a stop in which kept connections may bring another request, which is told to be the
# last
LAST = 1.0
FRESH = 0.1  # seconds in which a request may have come that is not read yet
BEAT = 0.5  # seconds between signs of life
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


class Worker(ASGIWorker):  # type: ignore[misc]
    """A process that answers requests.

    Attributes
    ----------
    connections
        Those that are open.
    expendable
        Those whose end loses nothing, the one for which that has been so for longest first.
    max_connections
        How many may be open.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.notify()  # else one that hangs before its own first sign is never taken for hung
        self.connections: set[Connection] = set()
        self.expendable: dict[Connection, None] = {}
        self.max_connections = limits.CONNECTIONS
        self._stopping = asyncio.Event()
        self._beginning: set[asyncio.Task[None]] = set()

    @property
    def stopping(self) -> bool:
        """Whether answers that begin now are the last of their connections.

        Gunicorn's own ``alive`` stays true: it would end a connection after an answer that promised
        to keep it.
        """
        return self._stopping.is_set()

    def init_signals(self) -> None:
        """Let a stop end the process at once for as long as it answers nothing."""
        for number in (*STOPS, signal.SIGABRT, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def load_wsgi(self) -> None:
        """Load the models, which may take long."""
        try:
            with self._alive():
                self.service = self.app.wsgi()
        except Exception as error:
            place = extract_tb(error.__traceback__)[-1]
            message = f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
            self.log.error("a process cannot start: %s", message)
            raise SystemExit(1) from None
        self.asgi = self.service.gateway

    def make_room(self, count: int) -> bool:
        """End the connections that have been expendable for longest; tell whether there is one."""
        until = self.loop.time() - FRESH
        old = takewhile(lambda connection: connection.since < until, list(self.expendable))
        chosen = list(
            islice(
                (
                    connection
                    for connection in old
                    if not connection.transport.get_write_buffer_size()
                ),
                count,
            )
        )
        for connection in chosen:
            connection.transport.abort()
        return bool(chosen)

    def run(self) -> None:
        """Answer until stopped."""
        try:
            self.loop.run_until_complete(self._serve())
        finally:
            self.service.close()
            self.app.left(self.ppid)

    async def _serve(self) -> None:
        for number in STOPS:
            self.loop.add_signal_handler(number, self._stopping.set)
        self.max_connections = max(1, min(limits.CONNECTIONS, _descriptors() - SPARE))
        listening = [listener.sock for listener in self.sockets]
        for sock in listening:
            sock.setblocking(False)
            self.loop.add_reader(sock, self._accept, sock)
        self.app.ready(self)
        while not self.stopping and self.ppid == os.getppid():
            self._look()
            await self._pause(BEAT)
        self._stopping.set()
        await self._drain(listening)

    async def _drain(self, listening: list[socket.socket]) -> None:
        """Stop accepting and finish what is in flight.

        Accept what has come, tell every client that its next answer is the last, and wait for the
        answers in flight.
        """
        for _ in range(3):
            await asyncio.sleep(0)
        for sock in listening:
            self.loop.remove_reader(sock)
            sock.close()
        began = self.loop.time()
        while self.connections and self.loop.time() - began < limits.PATIENCE:
            self._look()
            for connection in list(self.expendable):
                if self.loop.time() - max(began, connection.since) > LAST:
                    connection.hang_up()
            await asyncio.sleep(0.05)

    def _look(self) -> None:
        """Give a sign of life, and end the connections that do not go on."""
        self.notify()
        now = self.loop.time()
        for connection in list(self.connections):
            connection.check(now)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _accept(self, listening: socket.socket) -> None:
        """Accept some connections.

        Few are accepted where few are open, so that the other processes get their share.
        """
        room = self.max_connections - len(self.connections) - len(self._beginning)
        for _ in range(max(1, min(room, 1 + len(self.connections)))):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptor is left
                self._accept_later(listening, error)
                return
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            beginning = self.loop.create_task(self._begin(accepted))
            self._beginning.add(beginning)
            beginning.add_done_callback(self._beginning.discard)

    async def _begin(self, accepted: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(lambda: Connection(self), accepted)
        except OSError:
            accepted.close()  # the client has gone again

    def _accept_later(self, listening: socket.socket, error: OSError) -> None:
        """Make room, and let a moment pass."""
        self.log.warning("cannot accept a connection: %s", error)
        for connection in list(self.expendable)[:1]:
            connection.transport.abort()
        self.loop.remove_reader(listening)
        self.loop.call_later(1.0, self._accept_again, listening)

    def _accept_again(self, listening: socket.socket) -> None:
        if not self.stopping:
            self.loop.add_reader(listening, self._accept, listening)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Give signs of life in another thread meanwhile."""
        over = threading.Event()
        beating = threading.Thread(target=_beat, args=(over, self.notify), daemon=True)
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()


def _beat(over: threading.Event, notify: Callable[[], object]) -> None:
    while not over.wait(BEAT):
        notify()


def _descriptors() -> int:
    """Return how many more files and connections this process may open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit - len(list(Path("/dev/fd").iterdir()))
