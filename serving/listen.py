"""The HTTP server around the application: waitress, with JSON errors and an end that drops no request.

Waitress reads requests in one thread and hands them to others. Where an answer takes less than that handing over, this
server answers in the first thread, which doubled the requests per second: see `python -m benchmarks servers`.
"""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

from flask import Flask
from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask
from waitress.utilities import Error

LARGEST = 32 * 2**20  # bytes read before the connection is cut; below it the application says 413 politely
PATIENCE = 10.0  # seconds that requests in flight have to end
ARRIVAL = 30.0  # seconds that a request has to arrive in full
PIECE = 2**18  # bytes read at once: a body of many rows takes a round of the loop for each
IN_MEMORY = 2**21  # bytes of a body; what is longer waits in a file
CONNECTIONS = 1000  # open at once, idle ones included
LAST = 10  # rounds after a stop in which connections and requests that have already arrived are still taken

Brief = Callable[[str, int], bool]


class RequestTimeout(Error):  # type: ignore[misc]
    """A request that did not arrive in time."""

    code = 408
    reason = "Request Timeout"


class JsonErrorTask(ErrorTask):  # type: ignore[misc]
    """Answers what is no HTTP request the application could see."""

    def execute(self) -> None:
        """Write the error as JSON; a transfer coding we do not know (501) is the client's fault like the others."""
        error = self.request.error
        code, reason = (400, "Bad Request") if error.code == 501 else (error.code, error.reason)
        body = json.dumps({"error": f"{reason}: {error.body}", "details": []}).encode()
        self.status = f"{code} {reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection whose protocol errors are JSON, and whose requests are answered at once where that is brief."""

    error_task_class = JsonErrorTask
    at_once = False  # whether the next request is answered by the thread that read it
    request: HTTPRequestParser | None = None  # which has arrived in part
    began = 0.0  # when the request that has arrived in part began to

    def handle_read(self) -> None:
        """Read what has arrived, and answer it if it was found to be brief."""
        super().handle_read()
        while self.at_once:
            self.at_once = False
            self.service()
        self.began = (self.began or time.monotonic()) if self.request else 0.0

    def readable(self) -> bool:
        """Tell whether more can be read; asked once a second at least, it also ends what does not go on."""
        if self.request and self.began and time.monotonic() - self.began > ARRIVAL and not self.requests:
            self.request.error = RequestTimeout(f"the request did not arrive in full within {ARRIVAL:.0f} seconds")
            self.requests.append(self.request)
            self.began, self.request = 0.0, None
            self.server.add_task(self)
        return bool(super().readable())


class Server:
    """A server that accepts from listening sockets, which other processes may share; SIGTERM or SIGINT stops it.

    Parameters
    ----------
    app
        What answers.
    listening
        The sockets to accept from.
    brief
        Tells by a request's path and the length of its body whether its answer takes less than a millisecond.
    """

    def __init__(self, app: Flask, listening: Sequence[socket.socket], brief: Brief) -> None:
        threads = max(4, min(16, 2 * (os.cpu_count() or 1)))
        self._sockets: dict[int, object] = {}
        limits = {"threads": threads, "max_request_body_size": LARGEST, "connection_limit": CONNECTIONS}
        limits |= {"recv_bytes": PIECE, "inbuf_overflow": IN_MEMORY}
        create_server(app, map=self._sockets, sockets=listening, ident=None, **limits)
        self._listeners = [each for each in self._sockets.values() if isinstance(each, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = Channel
            listener.add_task = partial(_take, brief, listener.add_task)
        self._stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def run(self) -> None:
        """Serve until told to stop, then stop listening, answer what is in flight, and return."""
        while not self._stopping:
            wasyncore.loop(timeout=1.0, use_poll=True, map=self._sockets, count=1)
        wasyncore.loop(timeout=0.0, use_poll=True, map=self._sockets, count=LAST)
        for listener in self._listeners:
            wasyncore.dispatcher.close(listener)
        end = time.monotonic() + PATIENCE
        while any(map(_busy, list(self._sockets.values()))) and time.monotonic() < end:
            wasyncore.loop(timeout=0.05, use_poll=True, map=self._sockets, count=1)
        for listener in self._listeners:
            listener.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            return  # a terminal's Ctrl-C comes from it and from the parent
        self._stopping = True
        self._listeners[0].pull_trigger()  # wakes the loop, which else would sleep on


def _take(brief: Brief, hand_over: Callable[[Channel], object], channel: Channel) -> None:
    """Leave a channel's next request to the thread that is just reading it, or hand it over to another."""
    request = channel.requests[0]
    reading = threading.current_thread() is threading.main_thread()
    if reading and not request.error and brief(request.path, _size(request)):
        channel.at_once = True
    else:
        hand_over(channel)


def _size(request: HTTPRequestParser) -> int:
    """Return the bytes of a request's body, which need not have said them before."""
    return 0 if request.body_rcv is None else len(request.body_rcv)


def _busy(each: object) -> bool:
    """Tell whether a connection has a request half read, in work, or an answer not yet sent."""
    return isinstance(each, Channel) and bool(each.request or each.requests or each.total_outbufs_len)
