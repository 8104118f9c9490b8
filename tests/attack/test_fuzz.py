"""Inputs made up at random: nothing breaks, hangs, or gets into the log."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage

from bot.channels.rocketchat.channel import RocketChatChannel
from bot.channels.rocketchat.client import Timing
from bot.channels.web.tokens import InvalidToken, Tokens
from bot.german.canonical import essence
from bot.german.text import clean, focus, fold, ungender
from bot.guide import link
from bot.settings import Settings
from tests.attack import corpus
from tests.attack.siege import siege
from tests.scripted import ScriptedAgent

quick = settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
text = st.text(max_size=200) | st.sampled_from(corpus.MESSAGES)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=5,
)
SIEGE_SECONDS = 8


def test_under_attack_from_all_sides_every_request_gets_an_answer_and_the_log_stays_clean(
    served: tuple[str, ScriptedAgent], caplog: pytest.LogCaptureFixture
) -> None:
    report = asyncio.run(siege(served[0], SIEGE_SECONDS, seed=7))
    assert report.faults == []
    assert report.total > 100
    assert corpus.MARKER not in caplog.text
    assert "Traceback" not in caplog.text


# --- Rocket.Chat ----------------------------------------------------------------------------------

WEBHOOK_TOKEN = "webhook-token"
fields = st.sampled_from(
    ["message_id", "channel_id", "channel_name", "user_id", "user_name", "text", "tmid", "bot",
     "isEdited", "timestamp", "trigger_word", "siteUrl", "alias"]
)  # fmt: skip


def channel() -> RocketChatChannel:
    """A channel whose Rocket.Chat is not there: no call would go anywhere but to this machine."""
    return RocketChatChannel(
        Settings(
            rocketchat_url="http://127.0.0.1:9",
            rocketchat_user_id="bot",
            rocketchat_token="token",
            rocketchat_webhook_token=WEBHOOK_TOKEN,
        ),
        timing=Timing(attempts=1),
    )


def receive(body: bytes, heard: list[str]) -> tuple[int, dict[str, Any]]:
    async def process(message: UserMessage) -> None:
        heard.append(message.text)

    async def known(_: str) -> bool:
        return False

    async def once() -> tuple[int, dict[str, Any]]:
        taking = channel()
        taking._answer = lambda *_: _nothing()  # type: ignore[method-assign]
        return await taking.receive(body, process, known)

    return asyncio.run(once())


async def _nothing() -> None:
    """Stand for an answer."""


@settings(quick, max_examples=60)
@given(st.dictionaries(fields | text, json_values, max_size=8))
def test_every_payload_of_rocketchat_gets_a_receipt(payload: dict[str, Any]) -> None:
    body = json.dumps({**payload, "token": WEBHOOK_TOKEN}).encode("utf-8", "replace")
    assert receive(body, []) == (200, {"ok": True})


@quick
@given(st.binary(max_size=300) | json_values.map(lambda v: json.dumps(v).encode()))
def test_without_the_token_rocketchats_webhook_does_nothing(body: bytes) -> None:
    heard: list[str] = []
    assert receive(body, heard) == (401, {"error": "token"})
    assert heard == []


def test_a_payload_cannot_send_the_assistant_to_another_server() -> None:
    asked: list[str] = []
    taking = channel()

    async def call(method: str, path: str, **_: Any) -> dict[str, Any]:
        asked.append(taking._client._base + path)
        return {"success": True, "username": "lotse", "_id": "bot"}

    taking._client.call = call  # type: ignore[method-assign]

    async def process(message: UserMessage) -> None:
        """Leave the message unanswered, so that the channel says so itself."""

    async def deliver() -> None:
        evil = "http://169.254.169.254/latest"
        for number, name in enumerate(("siteUrl", "channel_id", "tmid", "user_id", "alias")):
            payload = {
                "token": WEBHOOK_TOKEN, "message_id": f"m{number}", "channel_id": "raum",
                "user_id": "mensch", "text": f"{evil} [x]({evil})", name: evil,
            }  # fmt: skip
            body = json.dumps(payload).encode()
            await taking.receive(body, process, SimpleNamespace())  # type: ignore[arg-type]
        await taking._jobs.finish(10)

    asyncio.run(deliver())
    assert len(asked) >= 5
    assert all(address.startswith("http://127.0.0.1:9/api/v1/") for address in asked)


# --- tokens ---------------------------------------------------------------------------------------


@quick
@given(text)
def test_no_text_passes_for_a_token_a_choice_or_a_plan(forged: str) -> None:
    tokens = Tokens(b"s" * 32, 60)
    with pytest.raises(InvalidToken):
        tokens.read(forged)
    with pytest.raises(InvalidToken):
        tokens.choice_title("web-1", forged)
    with pytest.raises(link.LinkInvalid):
        link.read(forged, b"s" * 32)


@quick
@given(st.data())
def test_no_changed_token_passes(data: st.DataObject) -> None:
    tokens = Tokens(b"s" * 32, 60)
    token = tokens.issue().token
    at = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.text(max_size=2).filter(lambda new: new != token[at]))
    with pytest.raises(InvalidToken):
        tokens.read(token[:at] + put + token[at + 1 :])


@quick
@given(text)
def test_a_choice_keeps_its_title_and_its_conversation(title: str) -> None:
    tokens = Tokens(b"s" * 32, 60)
    title = title.encode("utf-8", "replace").decode()
    choice = tokens.choice_id("web-1", title)
    assert tokens.choice_title("web-1", choice) == title
    with pytest.raises(InvalidToken):
        tokens.choice_title("web-2", choice)


# --- patterns -------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [clean, ungender, focus, fold, essence])
def test_no_text_of_the_allowed_length_keeps_a_pattern_busy(read: Any) -> None:
    for message in corpus.MESSAGES:
        start = time.process_time()
        read(message.encode("utf-8", "replace").decode()[:1000])
        assert time.process_time() - start < 0.5, message[:40]
