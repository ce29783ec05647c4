"""One connection: Gunicorn's, with deadlines, a limit on their number, and JSON errors.

Its end loses nothing. A connection is expendable while it waits for a request or for its client to
hang up: nobody loses an answer by its end. Where the maximum number of connections is reached, the
one that has been expendable for longest is closed, so silent clients block no others; where none is
expendable, the new client is told to come later.
"""

import json
from asyncio import Transport
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from gunicorn.asgi.protocol import ASGIProtocol

from serving import limits

if TYPE_CHECKING:
    from serving.worker import Worker


class Connection(ASGIProtocol):  # type: ignore[misc]
    """A client's connection.

    Attributes
    ----------
    since
        When it last changed to waiting, reading, or writing, by the loop's clock.
    """

    worker: "Worker"
    transport: Transport
    _closed: bool

    def __init__(self, worker: "Worker") -> None:
        super().__init__(worker)
        self.since = worker.loop.time()
        self._head = 0  # bytes of a request that has arrived in part
        self._lingers = self._eof = False
        self._unsent = 0

    def connection_made(self, transport: Transport) -> None:
        """Take a place, which another one may have to give up."""
        super().connection_made(transport)
        self.worker.connections.add(self)
        self._now_expendable()
        beyond = len(self.worker.connections) - self.worker.max_connections
        if beyond <= 0 or self.worker.make_room(beyond):
            return
        if beyond > limits.REFUSED:
            transport.abort()
        else:
            self._end(503, limits.BUSY, (("Retry-After", "1"),))

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up the place."""
        self.worker.connections.discard(self)
        self.worker.expendable.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what has arrived, unless it comes after the last answer."""
        if self._lingers:
            return
        waiting = self._waits()
        super().data_received(data)
        if waiting and self._waits():
            self._check_head(len(data))
        elif getattr(self._callback_parser, "_chunk_remaining", 0) > limits.BODY:
            self._check_chunk(self._callback_parser._chunk_remaining)

    def _check_head(self, more: int) -> None:
        if not self._head:
            self.since = self.worker.loop.time()
        self._head += more
        if self._head > limits.HEAD:
            self._end(431, f"the head of the request is longer than {limits.HEAD} bytes")

    def _check_chunk(self, size: int) -> None:
        if size >= 16**limits.DIGITS:
            self._end(400, f"the size of a chunk has more than {limits.DIGITS} digits")
        else:
            self._end(413, limits.TOO_LONG)

    def eof_received(self) -> bool:
        """Go on answering what a client has asked that will ask no more."""
        self._eof = True
        if self._lingers or self._waits():
            return False
        receiver = self._body_receiver
        if receiver is not None and not receiver._complete:
            receiver.signal_disconnect()  # no more of the body will come
        return True

    def check(self, now: float) -> None:
        """End what does not go on; asked about twice a second."""
        left = self.transport.get_write_buffer_size()
        if left and left != self._unsent:
            self._unsent, self.since = left, now
        quiet = now - self.since
        if left:
            if quiet > limits.STALLED:
                self.transport.abort()
        elif self._lingers:
            if quiet > limits.LINGER:
                self.transport.abort()
        elif self._waits() and quiet > limits.ARRIVAL:
            if self._head:
                self._end(408, limits.LATE)
            elif self.req_count == 1:
                self.transport.close()

    def hang_up(self) -> None:
        """End a connection at once, unless an answer is still on its way."""
        if not self.transport.get_write_buffer_size():
            self.transport.abort()

    def _waits(self) -> bool:
        """Tell whether the next request has not arrived, or only in part."""
        return not (self._closed or self._request_ready is None or self._request_ready.is_set())

    def _end(self, status: int, sentence: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._send_error_response(status, sentence, headers)
        self._close_transport()

    def _now_expendable(self) -> None:
        self.since = self.worker.loop.time()
        self._head = 0
        self.worker.expendable.pop(self, None)
        self.worker.expendable[self] = None

    # What follows is Gunicorn's own, changed.

    def _feed_callback_parser(self, data: bytes) -> bool:
        try:
            return bool(super()._feed_callback_parser(data))
        except ValueError:  # a length of more digits than Python takes
            self._end(400, "a number in the head of the request is no length")
            return False

    def _is_websocket_upgrade(self, request: Any) -> bool:
        return False

    def _arm_keepalive_timer(self) -> None:
        """Wait for another request, of which a part may be there."""
        if self._eof:
            self._close_transport()
            return
        self._now_expendable()
        parser = self._callback_parser
        self._head = len(parser._buffer) + (parser._state != "request_line")
        super()._arm_keepalive_timer()

    def _cancel_keepalive_timer(self) -> None:
        """Stop to wait: a request is there."""
        if not self._lingers:
            self.worker.expendable.pop(self, None)
        super()._cancel_keepalive_timer()

    def _build_http_scope(self, request: Any, sockname: Any, peername: Any) -> dict[str, Any]:
        scope = cast(dict[str, Any], super()._build_http_scope(request, sockname, peername))
        scope[limits.CLOSE] = lambda: setattr(request, "must_close", True)
        return scope

    def _will_close(self, request: Any, response_requires_close: bool) -> bool:
        """Tell whether the answer that begins now is the last."""
        return self.worker.stopping or bool(super()._will_close(request, response_requires_close))

    def _send_error_response(
        self, status: int, message: str, extra_headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Answer errors that the application never sees as JSON.

        A transfer coding we do not know is the client's fault.
        """
        status = 400 if status == 501 else status
        phrase = HTTPStatus(status).phrase
        body = json.dumps({"error": f"{phrase}: {message}", "details": []}).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("X-Content-Type-Options", "nosniff"),
            *extra_headers,
        ]
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n{lines}\r\n"
        )
        self._safe_write(head.encode() + body)

    def _close_transport(self) -> None:
        """Close after the client has read the last answer.

        What the client still sends would else destroy that answer.
        """
        if self.transport is None or self._closed:
            return
        self._closed = self._lingers = True
        self._now_expendable()
        self._resume_reading()
        self._request_ready.set()  # wakes whoever waits for a request
        try:
            self.transport.write_eof()
        except OSError:  # the client has gone
            self.transport.abort()
