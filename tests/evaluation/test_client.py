from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.answer import Outcome
from bot.evaluation.client import AssistantError, Conversation, conversations, in_order

OUTCOME = Outcome("answer", entries=("grundlagen-1",), confidence=0.5).to_json()


class Assistant(BaseHTTPRequestHandler):
    """Answers every message with the replies listed for it."""

    replies: dict[str, Any] = {
        "gut": [{"text": "…"}, {"custom": {"answer": OUTCOME}}],
        "keins": [{"text": "…", "custom": None}],
        "zwei": [{"custom": {"answer": OUTCOME}}] * 2,
        "falsch": [{"custom": {"answer": {**OUTCOME, "status": "vielleicht"}}}],
    }
    senders: list[str] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.senders.append(body["sender"])
        reply = self.replies.get(body["message"])
        self.send_response(200 if reply else 500)
        self.end_headers()
        self.wfile.write(json.dumps(reply or {}).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    Assistant.senders = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Assistant)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_one_outcome_of_a_turn_is_returned(url: str) -> None:
    assert Conversation(url).ask("gut") == Outcome.from_json(OUTCOME)


def test_every_conversation_has_a_sender_of_its_own_and_keeps_it(url: str) -> None:
    start = conversations(f"{url}/")
    ask = start()
    for say in (ask, ask, start()):
        say("gut")
    first, second, other = Assistant.senders
    assert first == second != other


@pytest.mark.parametrize("message", ["keins", "zwei", "falsch", "Serverfehler"])
def test_what_breaks_the_contract_is_an_error(url: str, message: str) -> None:
    with pytest.raises(AssistantError):
        Conversation(url).ask(message)


def test_an_assistant_that_is_not_there_is_an_error_with_its_remedy() -> None:
    with pytest.raises(AssistantError, match="make run"):
        Conversation("http://127.0.0.1:9").ask("gut")


def test_results_are_in_the_order_of_the_items_whoever_is_done_first() -> None:
    second_done = threading.Event()

    def slow_first(item: int) -> int:
        if item == 0:
            assert second_done.wait(5)
        else:
            second_done.set()
        return item * 10

    assert in_order(slow_first, range(4), workers=2) == [0, 10, 20, 30]


def test_no_more_than_the_workers_run_at_a_time() -> None:
    running, most, lock = 0, 0, threading.Lock()
    three = threading.Barrier(3)

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        three.wait(5)
        with lock:
            running -= 1

    in_order(work, range(9), workers=3)
    assert most == 3


def test_the_first_error_ends_it() -> None:
    begun: list[int] = []

    def fail(item: int) -> None:
        begun.append(item)
        raise AssistantError(str(item))

    with pytest.raises(AssistantError, match="0"):
        in_order(fail, range(1000), workers=1)
    assert len(begun) < 1000
