"""The HTTP server around the application: waitress, with JSON errors and an end that drops no request."""

import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from types import FrameType

from flask import Flask
from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

LARGEST = 32 * 2**20  # bytes read before the connection is cut; below it the application says 413 politely
PATIENCE = 10.0  # seconds that requests in flight have to end
LAST = 10  # rounds after a stop in which connections and requests that have already arrived are still taken


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
    """A connection whose protocol errors are JSON."""

    error_task_class = JsonErrorTask


class Server:
    """A server that accepts from listening sockets, which other processes may share; SIGTERM or SIGINT stops it."""

    def __init__(self, app: Flask, listening: Sequence[socket.socket]) -> None:
        threads = max(4, min(16, 2 * (os.cpu_count() or 1)))
        self._sockets: dict[int, object] = {}
        limits = {"threads": threads, "max_request_body_size": LARGEST}
        create_server(app, map=self._sockets, sockets=listening, ident=None, **limits)
        self._listeners = [each for each in self._sockets.values() if isinstance(each, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = Channel
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


def _busy(each: object) -> bool:
    """Tell whether a connection has a request half read, in work, or an answer not yet sent."""
    return isinstance(each, Channel) and bool(each.request or each.requests or each.total_outbufs_len)
