"""The REST channel: ``POST /webhooks/rest/webhook`` with ``{"sender": …, "message": …}``.

Rasa's own REST channel answers ``200 []`` when something goes wrong, takes a typed ``/intent`` for
a command, and lets callers without a sender share one conversation. This one answers every
well-formed request with exactly one outcome, and everything else with a clear error.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.answer import Reply, render_text
from bot.channels.turn import take_turn
from bot.http import is_local

SENDER_LIMIT = 200
BODY_LIMIT = 64 * 1024
_OF_BROWSERS = ("origin", "sec-fetch-mode")
"""Headers of pages, which may be anybody's."""
_OTHER_CHANNELS = ("web-", "rocketchat-")
"""Begin the ids of conversations that people have elsewhere."""


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
    def from_credentials(cls, credentials: dict[str, Any] | None) -> RestChannel:
        """There are no credentials: the channel is for loopback only."""
        return cls()

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Return the routes of the channel."""
        blueprint = Blueprint("lotse_rest", __name__)

        @blueprint.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            try:
                check_loopback(request)
                sender, text = parse(request)
            except RequestError as error:
                return response.json(
                    {"error": {"code": error.code, "message": str(error)}}, error.status
                )
            reply = await take_turn(on_new_message, text, sender, self.name())
            return response.json([{"recipient_id": sender, **part} for part in as_messages(reply)])

        return blueprint


def check_loopback(request: Request) -> None:
    """Let only programs on this machine use the channel: it takes any caller's word for who speaks.

    Raises:
        RequestError: 403, the caller is somewhere else, hidden behind a proxy, or a web page.
    """
    if not is_local(request) or any(name in request.headers for name in _OF_BROWSERS):
        raise RequestError(403, "loopback", "the REST channel is for programs on this machine only")


def parse(request: Request) -> tuple[str, str]:
    """Return sender and text of a request.

    Its ``metadata`` may be there, as for Rasa's own channel, and is not kept: nothing needs it, and
    nobody would look for personal data in it.

    Raises:
        RequestError: wrong content type, size, JSON, or fields.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
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
    if (
        not isinstance(sender, str)
        or not 0 < len(sender) <= SENDER_LIMIT
        or not sender.isprintable()
    ):
        text_ = f'"sender" must be a printable string of at most {SENDER_LIMIT} characters'
        raise RequestError(400, "sender", text_)
    if sender.startswith(_OTHER_CHANNELS):
        raise RequestError(400, "sender", "conversations of other channels are not reached here")
    if metadata is not None and not isinstance(metadata, dict):
        raise RequestError(400, "metadata", '"metadata" must be an object')
    return sender, text.encode("utf-8", "replace").decode()


def as_messages(reply: Reply) -> list[dict[str, Any]]:
    """Return a reply in the form of Rasa's REST channel: text with buttons, then the outcome."""
    buttons = [{"title": choice.title, "payload": choice.title} for choice in reply.choices]
    text = {"text": render_text(reply.parts)}
    return [
        {**text, "buttons": buttons} if buttons else text,
        {"custom": {"answer": reply.outcome.to_json()}},
    ]
