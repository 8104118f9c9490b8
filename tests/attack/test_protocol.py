"""Requests that no HTTP client would send: smuggled, endless, half, or far too many."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import http, protocol
from tests.attack.wire import Wire, exchange, status
from tests.scripted import serving

BODY = b'{"sender": "anna", "message": "Guten Tag"}'
JSON = b"Host: lotse\r\nContent-Type: application/json\r\n"
SAY = b"POST /webhooks/rest/webhook HTTP/1.1\r\n" + JSON
CLOSE = b"Connection: close\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
PIECES = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)


def get(path: bytes = b"/health", more: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: lotse\r\n" + CLOSE + more + b"\r\n"


GOOD = {
    "a page": get(),
    "a message": SAY + CLOSE + LENGTH + b"\r\n" + BODY,
    "the old version": b"GET /health HTTP/1.0\r\n\r\n",
    "a hundred headers": get(more=b"X: y\r\n" * 98),
    "umlauts in a header": get(more="X: Bürgermeisterei\r\n".encode()),
    "a web socket that is none": get(more=b"Upgrade: websocket\r\n"),
}
BAD = {
    "a length below zero": SAY + b"Content-Length: -1\r\n\r\n" + BODY,
    "a length with a sign": SAY + b"Content-Length: +42\r\n\r\n" + BODY,
    "a length with an underscore": SAY + b"Content-Length: 4_2\r\n\r\n" + BODY,
    "a length in words": SAY + b"Content-Length: viel\r\n\r\n" + BODY,
    "a length without end": SAY + b"Content-Length: " + b"9" * 6000 + b"\r\n\r\n" + BODY,
    "two lengths": SAY + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY,
    "two hosts": get(more=b"Host: anderswo\r\n"),
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "a host with a path": b"GET /health HTTP/1.1\r\nHost: a/b@c\r\n\r\n",
    "two origins": get(more=b"Origin: http://a\r\nOrigin: http://b\r\n"),
    "a space before the colon": SAY + b"Transfer-Encoding : chunked\r\n" + LENGTH + b"\r\n" + BODY,
    "a folded header": get(more=b"X: a\r\n b\r\n"),
    "a header without a colon": get(more=b"abc\r\n"),
    "a header without a name": get(more=b": abc\r\n"),
    "a NUL in a header": get(more=b"X: a\x00b\r\n"),
    "a bare carriage return": get(more=b"X: a\rY: b\r\n"),
    "a bare line feed": get(more=b"X: a\nY: b\r\n"),
    "no UTF-8 in a header": get(more=b"X: \xff\xfe\r\n"),
    "too many headers": get(more=b"X: y\r\n" * 99),
    "no UTF-8 in the address": get(b"/\xff"),
    "raw letters in the address": get("/ä".encode()),
    "a NUL in the address": get(b"/\x00"),
    "another server in the address": get(b"http://evil.example/health"),
    "half an address": get(b"http://[::1"),
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: lotse\r\n\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\nHost: lotse\r\n\r\n",
    "a method without end": b"A" * 7000 + b" / HTTP/1.1\r\nHost: lotse\r\n\r\n",
    "the first version": b"GET /\r\n\r\n",
    "another version": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\r\n\r\n",
}
IN_PIECES = {
    "pieces": SAY + b"Transfer-Encoding: chunked\r\n\r\n" + PIECES,
    "pieces and a length": SAY + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + PIECES,
    "another spelling": SAY + b"transfer-encoding: xChunked\r\n" + LENGTH + b"\r\n" + BODY,
    "pieces below zero": SAY + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
    "compressed": SAY + b"Transfer-Encoding: gzip\r\n" + LENGTH + b"\r\n" + BODY,
}


@pytest.mark.parametrize("request_", GOOD.values(), ids=GOOD)
def test_a_proper_request_is_answered(url: str, request_: bytes) -> None:
    assert status(exchange(url, request_)) == 200


@pytest.mark.parametrize("request_", BAD.values(), ids=BAD)
def test_a_request_that_breaks_the_rules_is_refused_and_the_connection_closed(
    url: str, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = exchange(url, request_)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1, "nothing behind it is taken for a request"
    assert not caplog.records


@pytest.mark.parametrize("request_", IN_PIECES.values(), ids=IN_PIECES)
def test_a_body_in_pieces_is_refused(url: str, request_: bytes) -> None:
    answer = exchange(url, request_)
    assert status(answer) == 411
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_request_hidden_in_the_body_of_another_stays_a_body(url: str) -> None:
    hidden = b"GET /health HTTP/1.1\r\nHost: lotse\r\n\r\n"
    request = SAY + CLOSE + b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden
    answer = exchange(url, request)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("body", [b"abcd", b"GET /health HTTP/1.1\r\nHost: lotse\r\n\r\n"])
def test_the_body_of_a_request_that_has_none_is_passed_over(
    url: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: lotse\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = exchange(url, request + body)
    assert status(answer) == 200
    assert answer.count(b"HTTP/1.1 ") == 1
    assert not caplog.records


def test_requests_in_a_row_are_answered_in_a_row(url: str) -> None:
    row = SAY + LENGTH + b"\r\n" + BODY
    answer = exchange(url, row * 20 + get())
    assert answer.count(b"HTTP/1.1 200") == 21


def test_a_header_of_twenty_thousand_characters_is_too_large(url: str) -> None:
    assert status(exchange(url, get(more=b"X: " + b"a" * 20_000 + b"\r\n"))) == 413


def test_an_enormous_body_is_refused_before_it_is_sent(url: str) -> None:
    answer = exchange(url, SAY + b"Content-Length: 999999999999\r\n\r\n" + BODY)
    assert status(answer) == 413


# --- slow, half-open and many ---------------------------------------------------------------------


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that waits for a request for a second only."""
    monkeypatch.setattr(http, "ARRIVAL_SECONDS", 1.0)
    with serving(tmp_path) as (address, _):
        yield address


@pytest.mark.parametrize(
    ("begun", "dripping"),
    [
        (b"GET /health HTTP/1.1\r\n", b"X-a: b\r\n"),
        (SAY + b"Content-Length: 1000\r\n\r\n{", b" "),
        (SAY + b"Upgrade: websocket\r\nContent-Length: 1000\r\n\r\n{", b" "),
        (b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{", b" "),
    ],
    ids=["head", "body", "alleged web socket", "body for nobody"],
)
def test_a_request_that_drips_in_is_given_up(impatient: str, begun: bytes, dripping: bytes) -> None:
    with Wire(impatient) as wire:
        wire.send(begun)
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(0.1):
                try:
                    wire.send(dripping)
                except OSError:
                    return

        dripper = threading.Thread(target=drip)
        dripper.start()
        start = time.monotonic()
        answer = wire.to_the_end()
        ended.set()
        dripper.join()
    assert time.monotonic() - start < 8
    assert status(answer) in (408, 404)


def test_a_connection_without_a_request_is_closed(url: str) -> None:
    with Wire(url) as wire:
        assert wire.to_the_end() == b""


def test_half_open_requests_leave_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS", 20)
    with serving(tmp_path) as (address, _):
        halves = [Wire(address) for _ in range(60)]
        for half in halves:
            half.send(b"GET /health HTTP/1.1\r\nHost:")
        assert status(exchange(address, SAY + CLOSE + LENGTH + b"\r\n" + BODY)) == 200
        for half in halves:
            half.socket.close()


def test_connections_that_wait_for_an_answer_are_not_given_up_for_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS", 3)
    slow = b'{"sender": "anna", "message": "langsam"}'
    request = SAY + CLOSE + b"Content-Length: %d\r\n\r\n" % len(slow) + slow
    with serving(tmp_path) as (address, agent):
        waiting = [Wire(address) for _ in range(3)]
        for wire in waiting:
            wire.send(request)
        deadline = time.monotonic() + 10
        while not agent.handled and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        for _ in range(5):
            exchange(address, get())
        agent.slow.set()
        assert [status(wire.to_the_end()) for wire in waiting] == [200] * 3


def test_a_client_that_goes_away_in_the_middle_leaves_no_error_in_the_log(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for begun in (b"GET /hea", SAY + b"Content-Length: 1000\r\n\r\n{", SAY + LENGTH + b"\r\n"):
        with Wire(url) as wire:
            wire.send(begun)
    assert status(exchange(url, get())) == 200
    assert not caplog.records
