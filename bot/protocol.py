"""HTTP/1.1 taken at its word, in front of Sanic's own parser.

Sanic 21.12, which Rasa pins, believes what a request says about itself: ``Content-Length: -1``
alone keeps its event loop busy for good, and a client that sends a byte now and then holds a
connection as long as it likes. Here a request is read by the letter of :rfc:`9112` before Sanic
sees it, has a fixed time to arrive, and the number of connections is bounded
(docs/decisions/0019).
"""

from __future__ import annotations

import logging
import re
from asyncio import Transport
from time import monotonic
from typing import Any

from httptools import HttpParserError, parse_url
from sanic.exceptions import (
    InvalidUsage,
    PayloadTooLarge,
    RequestTimeout,
    SanicException,
    ServiceUnavailable,
)
from sanic.http import Http, Stage
from sanic.server import HttpProtocol

logger = logging.getLogger(__name__)

HEADERS = 100
"""No request of any channel has more header lines than this."""
CONNECTIONS = 800
"""So many connections are open at a time; Linux gives a process 1024 files by default."""
LINGER_SECONDS = 2.0
"""How long a client has to take the answer to a request that was broken off."""
_REQUEST_LINE = re.compile(rb"[A-Z]{3,10} (/[\x21-\x7e]*) HTTP/1\.([01])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)")
_HOST = re.compile(rb"[A-Za-z0-9._:\[\]-]*")
_LENGTH = re.compile(rb"\d{1,12}")
_WITHOUT_BODY = ("GET", "HEAD", "DELETE", "OPTIONS")
_ONCE = (b"authorization", b"content-length", b"content-type", b"host", b"origin")


class LengthRequired(SanicException):
    """A body in pieces: no client of ours sends one, and its framing is what smuggling lives on."""

    status_code = 411
    quiet = True


def check_head(head: bytes) -> None:
    """Check request line and headers of a request, without the empty line that ends them.

    Raises:
        InvalidUsage: 400, they are not what the RFC allows or could be read in two ways.
        LengthRequired: 411, the body comes in pieces.
    """
    request_line, *lines = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(request_line)
    if not match or len(lines) > HEADERS:
        raise InvalidUsage("Bad Request")
    try:
        parse_url(match[1])
        head.decode()
    except (HttpParserError, UnicodeDecodeError):
        raise InvalidUsage("Bad Request") from None
    fields: dict[bytes, bytes] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if not field or ((name := field[1].lower()) in fields and name in _ONCE):
            raise InvalidUsage("Bad Request")
        fields[name] = field[2].rstrip(b"\t ")
    if not _HOST.fullmatch(fields.get(b"host", b"" if match[2] == b"0" else b"?")):
        raise InvalidUsage("Bad Request")
    if b"transfer-encoding" in fields:
        raise LengthRequired("Send the body in one piece with Content-Length")
    if not _LENGTH.fullmatch(fields.get(b"content-length", b"0")):
        raise InvalidUsage("Bad Request")


class StrictHttp(Http):
    """Sanic's handling of a connection, for requests that :func:`check_head` lets through."""

    request_body: Any
    keep_alive: bool

    def __init__(self, protocol: HttpProtocol) -> None:
        super().__init__(protocol)
        self.init_for_request()  # so that its state can be asked for from the beginning

    async def http1_request_header(self) -> None:
        """Receive and check the head of a request before Sanic parses it."""
        buffer = self.recv_buffer
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) >= self.HEADER_MAX_SIZE:
                raise PayloadTooLarge("Request header exceeds the size limit")
            await self._receive_more()
        check_head(bytes(buffer[:end]))
        await super().http1_request_header()
        # Sanic would lift all time limits from a request that only says that it is a web socket
        self.upgrade_websocket = False
        if self.request_body and self.request.method in _WITHOUT_BODY:
            # Sanic would leave it unread, and log the address of the request
            self.request_body, self.keep_alive = None, False


class StrictProtocol(HttpProtocol):
    """A connection that has to be of use: what takes too long, or is one too many, is closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._http: Any = None  # Sanic sets it when the connection's task begins

    def _setup_connection(self) -> None:
        self._http = StrictHttp(self)
        self._time = monotonic()
        self.check_timeouts()

    @property
    def waits_for_client(self) -> bool:
        """Whether it is the client's turn: to send a request, or the rest of one."""
        http = self._http
        return http is None or http.stage in (Stage.IDLE, Stage.REQUEST) or bool(http.request_body)

    def connection_made(self, transport: Transport) -> None:
        """Take a connection; where there are too many, the one that idles longest has to go."""
        if len(self.connections) >= CONNECTIONS:
            idle = [known for known in self.connections if known.waits_for_client]
            if not idle:
                transport.abort()
                return
            min(idle, key=lambda known: known._time).abort()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take data; only the first of a request starts the clock."""
        began, http = self._time, self._http
        super().data_received(data)
        if http is not None and (http.stage is not Stage.IDLE or http.request_body):
            self._time = began

    def check_timeouts(self) -> None:
        """Break off what takes too long; called again and again while the connection is open."""
        http = self._http
        if self._task is None or http is None:
            return
        limit, error = self._patience(http)
        if monotonic() - self._time <= limit:
            self.loop.call_later(0.5, self.check_timeouts)
            return
        if isinstance(error, ServiceUnavailable):
            logger.warning("Eine Antwort hat zu lange gedauert und wurde abgebrochen")
        http.exception = error
        http.request_body = None  # or Sanic would wait for the rest of it, without any limit
        self._task.cancel()
        self.loop.call_later(LINGER_SECONDS, self.abort)

    def _patience(self, http: Any) -> tuple[float, Exception | None]:
        """Return the seconds that the present stage may take, and what to say afterwards."""
        if http.stage is Stage.IDLE and not http.request_body:
            return self.keep_alive_timeout, None
        if http.stage is Stage.REQUEST or http.request_body:
            return self.request_timeout, RequestTimeout("The request took too long to arrive")
        return self.response_timeout, ServiceUnavailable("The answer took too long")
