"""The REST channel: ``POST /webhooks/rest/webhook`` with ``{"sender": …, "message": …}``.

Rasa's own REST channel answers ``200 []`` when something goes wrong, takes a typed ``/intent`` for
a command, and lets callers without a sender share one conversation. This one answers every
well-formed request with exactly one outcome, and everything else with a clear error.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Optional
from uuid import uuid4

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.answer import Outcome
from bot.dialogue.texts import get_texts
from bot.german.text import clean
from bot.settings import get_settings

logger = logging.getLogger(__name__)

SENDER_LIMIT = 200
BODY_LIMIT = 64 * 1024


class RequestError(ValueError):
    """A request that can't be answered, with what the caller has to mend."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class RestChannel(InputChannel):
    """Answers JSON with a JSON list of messages; the last one carries the outcome."""

    @classmethod
    def name(cls) -> str:
        """The path below ``/webhooks``, and the input channel in the tracker."""
        return "rest"

    @classmethod
    def from_credentials(cls, credentials: Optional[dict[str, Any]]) -> RestChannel:
        """There are no credentials: the channel is for loopback only."""
        return cls()

    def blueprint(
        self, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> Blueprint:
        """Return the routes of the channel."""
        blueprint = Blueprint("lotse_rest", __name__)

        @blueprint.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            try:
                sender, text, metadata = parse(request)
            except RequestError as error:
                return response.json(
                    {"error": {"code": error.code, "message": str(error)}}, error.status
                )
            if reply := refuse(text):
                return response.json([{"recipient_id": sender, **part} for part in reply])
            collector = CollectingOutputChannel()
            # a leading slash would make Rasa take typed text for an intent
            typed = clean(text).lstrip("/").strip() or "?"
            message = UserMessage(
                typed, collector, sender, input_channel=self.name(), metadata=metadata
            )
            try:
                await on_new_message(message)
            except Exception:
                logger.exception("Eine Nachricht ließ sich nicht beantworten")
            return response.json(one_outcome(collector.messages, sender))

        return blueprint


def parse(request: Request) -> tuple[str, str, dict[str, Any] | None]:
    """Return sender, text and metadata of a request.

    Raises:
        RequestError: wrong content type, size, JSON, or fields.
    """
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise RequestError(415, "content_type", "Content-Type: application/json is required")
    if len(request.body) > BODY_LIMIT:
        raise RequestError(413, "too_large", f"the body is larger than {BODY_LIMIT} bytes")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise RequestError(400, "invalid_json", "the body is not valid JSON") from None
    if not isinstance(body, dict):
        raise RequestError(400, "invalid_json", "the body is not a JSON object")
    sender, text, metadata = body.get("sender"), body.get("message"), body.get("metadata")
    if not isinstance(text, str):
        raise RequestError(400, "message", '"message" must be a string')
    if sender is None:
        sender = uuid4().hex  # never a shared conversation
    if not isinstance(sender, str) or not 0 < len(sender) <= SENDER_LIMIT or not sender.isprintable():
        text_ = f'"sender" must be a printable string of at most {SENDER_LIMIT} characters'
        raise RequestError(400, "sender", text_)
    if metadata is not None and not isinstance(metadata, dict):
        raise RequestError(400, "metadata", '"metadata" must be an object')
    return sender, text.encode("utf-8", "replace").decode(), metadata


def refuse(text: str) -> list[dict[str, Any]] | None:
    """Return the reply to a text that is empty or too long, or ``None`` when it is neither."""
    limit = get_settings().message_limit
    if not clean(text):
        topic, sentence = "leer", get_texts()("leer")
    elif len(text) > limit:
        topic, sentence = "zu_lang", get_texts()("zu_lang", anzahl=str(limit))
    else:
        return None
    outcome = Outcome("dialog", topic=topic)
    return [{"text": sentence}, {"custom": {"answer": outcome.to_json()}}]


def one_outcome(messages: list[dict[str, Any]], sender: str) -> list[dict[str, Any]]:
    """Return the messages with exactly one outcome; an error that left none becomes one."""
    outcomes = [m for m in messages if "answer" in (m.get("custom") or {})]
    if outcomes:
        return [m for m in messages if m not in outcomes] + outcomes[-1:]
    failed = Outcome("no_answer", confidence=0.0)
    return [
        {"recipient_id": sender, "text": get_texts()("fehler")},
        {"recipient_id": sender, "custom": {"answer": failed.to_json()}},
    ]
