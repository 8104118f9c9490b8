"""Bytes on the wire: what no HTTP client would send."""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import urlsplit


class Wire:
    """One TCP connection to a server."""

    def __init__(self, url: str, patience: float = 10.0) -> None:
        parts = urlsplit(url)
        assert parts.hostname == "127.0.0.1"
        self.socket = socket.create_connection((parts.hostname, parts.port or 80), patience)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def to_the_end(self) -> bytes:
        """Return all that comes until the server closes."""
        got = b""
        while True:
            try:
                piece = self.socket.recv(65_536)
            except ConnectionResetError:
                return got
            if not piece:
                return got
            got += piece


def exchange(url: str, data: bytes, patience: float = 10.0) -> bytes:
    """Send bytes and return what comes back until the server closes.

    Raises:
        TimeoutError: it does not close in time.
    """
    with Wire(url, patience) as wire:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            wire.send(data)
        return wire.to_the_end()


def status(answer: bytes) -> int | None:
    """Return the status of the (first) answer, ``None`` when there is none."""
    words = answer.split(b" ", 2)
    return int(words[1]) if words[0].startswith(b"HTTP/1.") else None
