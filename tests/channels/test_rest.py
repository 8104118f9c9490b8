"""The REST channel over real HTTP: whatever comes in, one outcome or one clear error.

The whole web application runs; only the agent behind it is a fake.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from bot import server
from bot.answer import STATUSES, STRUCTURED, Choice, Outcome, Paragraph, Reply
from bot.dialogue.texts import get_texts
from bot.settings import Settings

ANSWER = Reply(
    Outcome("answer", None, "politik", "empfehlung", ("politik-empfehlung-1",), 0.9, "Kapitel 2"),
    (Paragraph("Reden Sie mit dem Rat."),),
    (Choice("Mehr", "mehr"),),
)


@dataclass
class FakeAgent:
    """Stands for Rasa: takes messages and answers as it is told."""

    taken: list[Any] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=lambda: [ANSWER])
    error: Exception | None = None

    def is_ready(self) -> bool:
        return True

    async def parse_message(self, text: str) -> dict[str, Any]:
        return {}

    async def handle_message(self, message: Any) -> None:
        self.taken.append(message)
        for reply in self.replies:
            await message.output_channel.send_custom_json(message.sender_id, reply.to_json())
        if self.error:
            raise self.error


@dataclass
class Running:
    """The server under test."""

    url: str
    agent: FakeAgent

    def post(self, body: Any, **headers: str) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        all_headers = {"Content-Type": "application/json", **headers}
        url = f"{self.url}/webhooks/rest/webhook"
        return requests.post(url, data, headers=all_headers, timeout=20)

    def say(self, text: str, sender: str | None = "anna") -> list[dict[str, Any]]:
        body = {"message": text} if sender is None else {"message": text, "sender": sender}
        response = self.post(body)
        assert response.status_code == 200
        messages: list[dict[str, Any]] = response.json()
        assert len(outcomes(messages)) == 1
        return messages


def outcomes(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [m["custom"]["answer"] for m in messages if "answer" in m.get("custom", {})]


class FakeLive:
    """Stands for the knowledge base: two entries, and nothing to watch."""

    current = SimpleNamespace(knowledge=[1, 2])
    status = SimpleNamespace(to_json=lambda: {"status": "ok"})

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""


@pytest.fixture(scope="module")
def started() -> Iterator[Running]:
    """The web application in a thread of its own, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    agent = FakeAgent()

    async def fake_agent(*_: object) -> FakeAgent:
        return agent

    patch = pytest.MonkeyPatch()
    patch.setattr(server, "create_agent", fake_agent)
    patch.setattr(server, "get_live_knowledge", FakeLive)
    patch.setattr(server, "close_resources", _nothing)
    app = server.create_app(Settings(port=port))
    loop = asyncio.new_event_loop()
    up = threading.Event()

    async def start() -> Any:
        running = await app.create_server("127.0.0.1", port, return_asyncio_server=True)
        await running.startup()
        await running.before_start()
        await running.start_serving()
        up.set()
        return running

    running = loop.create_task(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert up.wait(20)
    yield Running(f"http://127.0.0.1:{port}", agent)
    asyncio.run_coroutine_threadsafe(_close(running.result()), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()
    patch.undo()


async def _nothing(*_: Any) -> None:
    """Stand for what there is nothing to close of."""


async def _close(running: Any) -> None:
    running.close()
    await running.wait_closed()


@pytest.fixture
def rest(started: Running) -> Running:
    """The running server with a fresh fake."""
    fresh = FakeAgent()
    started.agent.taken, started.agent.replies = fresh.taken, fresh.replies
    started.agent.error = None
    return started


def test_a_question_is_answered_with_text_buttons_and_one_outcome(rest: Running) -> None:
    text, outcome = rest.say("Was will der Rat?")
    assert text == {
        "recipient_id": "anna",
        "text": "Reden Sie mit dem Rat.",
        "buttons": [{"title": "Mehr", "payload": "Mehr"}],
    }
    assert outcome == {"recipient_id": "anna", "custom": {"answer": ANSWER.outcome.to_json()}}
    (message,) = rest.agent.taken
    assert (message.text, message.sender_id, message.input_channel) == (
        "Was will der Rat?",
        "anna",
        "rest",
    )
    assert message.metadata == {STRUCTURED: True}


def test_what_a_program_sends_beside_the_message_is_not_kept(rest: Running) -> None:
    body = {"sender": "anna", "message": "Was will der Rat?", "metadata": {"mail": "a@example.org"}}
    assert rest.post(body).status_code == 200
    (message,) = rest.agent.taken
    assert message.metadata == {STRUCTURED: True}


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b\ufeff", "\x00\x1b"])
def test_a_message_without_anything_visible_is_said_to_be_empty(rest: Running, text: str) -> None:
    messages = rest.say(text)
    assert messages[0]["text"] == get_texts()("leer")
    assert outcomes(messages)[0]["topic"] == "leer"
    assert rest.agent.taken == []


@pytest.mark.parametrize("length", [1001, 10_000])
def test_a_message_that_is_too_long_is_refused_with_the_limit(rest: Running, length: int) -> None:
    messages = rest.say("ä" * length)
    assert messages[0]["text"] == get_texts()("zu_lang", anzahl="1000")
    assert outcomes(messages)[0]["topic"] == "zu_lang"
    assert rest.agent.taken == []


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("🙂👨‍👩‍👧", None),
        ("你好，志愿者", "你好,志愿者"),
        ("／restart", "restart"),
        ("ﬁnden", "finden"),
        ("Как привлечь бизнес?", "Как привлечь бизнес?"),
        ("كيف", "كيف"),
        ("Guten\x00 Tag\x1b", "Guten Tag"),
        ("Gu\u0308te", "Güte"),
        ("/restart", "restart"),
        ('/anliegen{"gruppe": "politik"}', 'anliegen{"gruppe": "politik"}'),
        (" //  /anliegen", "anliegen"),
        ("/", "?"),
        ("ä" * 1000, "ä" * 1000),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("'; DROP TABLE unterhaltungen; --", "'; DROP TABLE unterhaltungen; --"),
        ("{gruppe} %s {0}", "{gruppe} %s {0}"),
    ],
)
def test_any_other_text_arrives_as_plain_text_never_as_a_command(
    rest: Running, typed: str, arrives: str | None
) -> None:
    rest.say(typed)
    (message,) = rest.agent.taken
    assert arrives is None or message.text == arrives
    assert not message.text.startswith("/")
    assert message.parse_data is None


def test_half_a_surrogate_pair_is_no_catastrophe(rest: Running) -> None:
    response = rest.post(b'{"sender": "anna", "message": "Tag \\ud83d"}')
    assert response.status_code == 200
    assert len(outcomes(response.json())) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b'{"message": ', 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[" * 60_000, 400, "invalid_json"),
        (b'{"a":' * 10_000, 400, "invalid_json"),
        (b"[]", 400, "invalid_json"),
        (b'"Guten Tag"', 400, "invalid_json"),
        (b"null", 400, "invalid_json"),
        ({}, 400, "message"),
        ({"sender": "anna"}, 400, "message"),
        ({"sender": "anna", "message": None}, 400, "message"),
        ({"sender": "anna", "message": 5}, 400, "message"),
        ({"sender": "anna", "message": ["Tag"]}, 400, "message"),
        ({"sender": "", "message": "Tag"}, 400, "sender"),
        ({"sender": 5, "message": "Tag"}, 400, "sender"),
        ({"sender": "a\nb", "message": "Tag"}, 400, "sender"),
        ({"sender": "x" * 201, "message": "Tag"}, 400, "sender"),
        ({"sender": "anna", "message": "Tag", "metadata": "x"}, 400, "metadata"),
        ({"sender": "anna", "message": "Tag", "x": "y" * 70_000}, 413, "too_large"),
    ],
)
def test_a_request_of_another_form_is_a_clear_error(
    rest: Running, body: Any, status: int, code: str
) -> None:
    response = rest.post(body)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["message"]
    assert "Traceback" not in response.text
    assert rest.agent.taken == []


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_a_clear_error(rest: Running, type_: str) -> None:
    response = rest.post({"sender": "anna", "message": "Tag"}, **{"Content-Type": type_})
    assert (response.status_code, response.json()["error"]["code"]) == (415, "content_type")


def test_a_content_type_with_a_character_set_or_in_capitals_is_fine(rest: Running) -> None:
    for type_ in ("application/json; charset=utf-8", "Application/JSON"):
        response = rest.post({"sender": "anna", "message": "Tag"}, **{"Content-Type": type_})
        assert response.status_code == 200


def test_two_callers_without_a_sender_never_share_a_conversation(rest: Running) -> None:
    first, second = rest.say("Tag", sender=None), rest.say("Tag", sender=None)
    ids = [message.sender_id for message in rest.agent.taken]
    assert len({*ids}) == 2
    assert [first[0]["recipient_id"], second[0]["recipient_id"]] == ids


def test_an_error_inside_is_one_apology_and_one_outcome(rest: Running) -> None:
    rest.agent.replies = []
    rest.agent.error = ZeroDivisionError("geheim")
    messages = rest.say("Tag")
    assert messages[0]["text"] == get_texts()("fehler")
    assert outcomes(messages)[0]["status"] == "no_answer"
    assert "geheim" not in json.dumps(messages)


def test_an_error_after_the_answer_keeps_the_answer(rest: Running) -> None:
    rest.agent.error = OSError("Platte voll")
    assert outcomes(rest.say("Tag"))[0]["status"] == "answer"


def test_an_engine_that_says_nothing_is_an_apology_and_not_an_empty_list(rest: Running) -> None:
    rest.agent.replies = []
    messages = rest.say("Tag")
    assert messages[0]["text"] == get_texts()("fehler")


def test_an_engine_that_says_too_much_is_cut_to_one_outcome(rest: Running) -> None:
    rest.agent.replies = [Reply(Outcome("no_answer"), (Paragraph("Nein."),)), ANSWER]
    assert outcomes(rest.say("Tag"))[0]["status"] == "answer"


def test_many_at_once_are_each_answered_once(rest: Running) -> None:
    results: list[list[dict[str, Any]]] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(rest.say("Tag", f"person-{n}")))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {messages[0]["recipient_id"] for messages in results} == {
        f"person-{n}" for n in range(20)
    }
    assert all(outcomes(messages)[0]["status"] in STATUSES for messages in results)


def test_other_paths_and_methods_are_clear_errors_without_a_stack_trace(rest: Running) -> None:
    for method, path, status in (
        ("GET", "/webhooks/rest/webhook", 405),
        ("DELETE", "/webhooks/rest/webhook", 405),
        ("GET", "/gibt/es/nicht", 404),
        ("GET", "/conversations/anna/tracker", 404),
    ):
        response = requests.request(method, rest.url + path, timeout=20)
        assert response.status_code == status
        assert "Traceback" not in response.text


def test_health_says_that_it_is_ready_and_what_it_runs_with(rest: Running) -> None:
    response = requests.get(f"{rest.url}/health", timeout=20)
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert set(response.json()) >= {"version", "german", "entries"}
    assert requests.get(f"{rest.url}/webhooks/rest/", timeout=20).status_code == 200
