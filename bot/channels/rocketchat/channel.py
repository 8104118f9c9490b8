"""The channel: takes the webhook's messages on at once and answers them in the background."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.answer import Reply
from bot.channels.rocketchat.client import CallFailed, Client, Timing
from bot.channels.rocketchat.in_order import InOrder
from bot.channels.rocketchat.markup import Rendered, escape, render
from bot.channels.rocketchat.payload import Drop, Incoming, parse
from bot.channels.rocketchat.problems import Problem
from bot.channels.turn import Process, take_turn
from bot.dialogue.texts import get_texts
from bot.german.text import fold
from bot.settings import Settings, get_settings
from bot.shared.marks import Marks, MarksHere

logger = logging.getLogger(__name__)

STOP_PATIENCE = 8.0
"""Seconds in which what was begun is finished when the server stops; Docker kills after ten."""
_FIELD = re.compile(r"\w{1,30}", re.ASCII)
"""The name of a field that may be logged; anything else could be what somebody has written."""
_LOG_INTERVAL = 60.0
"""Seconds between two log lines about wrong tokens, which anyone can provoke."""


class Conversations(Protocol):
    """What is kept of conversations."""

    async def exists(self, conversation_id: str) -> bool:
        """Whether there is a conversation."""

    async def last_reply(self, sender_id: str) -> dict[str, Any] | None:
        """Return what was said last in a conversation."""


class RocketChatChannel(InputChannel):
    """Answers people in direct messages and rooms of one Rocket.Chat server."""

    def __init__(
        self, settings: Settings, seen: Marks | None = None, timing: Timing | None = None
    ) -> None:
        if not settings.rocketchat_url:
            raise ValueError(
                "Rocket.Chat ist nicht eingerichtet. Abhilfe: docs/rocketchat.md, Schritt 3."
            )
        self._settings = settings
        self._own_id = settings.rocketchat_user_id
        self._secret = settings.rocketchat_webhook_token.get_secret_value().encode()
        self._seen = seen or MarksHere()
        self._timing = timing
        self._client = self._new_client()
        self._jobs = InOrder()
        self._watch: asyncio.Task[None] | None = None
        self._lost = 0
        self._logged = 0.0

    @classmethod
    def name(cls) -> str:
        """The path below ``/webhooks``, and the input channel in the tracker."""
        return "rocketchat"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> RocketChatChannel:
        """Build from the settings; ``credentials.yml`` holds nothing secret.

        Raises:
            ValueError: the settings name no server.
        """
        return cls(get_settings())

    @classmethod
    def if_configured(cls, settings: Settings, seen: Marks) -> list[RocketChatChannel]:
        """Return the channel, or nothing when no server is set."""
        return [cls(settings, seen)] if settings.rocketchat_url else []

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Return the routes of the channel."""
        blueprint = Blueprint("lotse_rocketchat", __name__)

        @blueprint.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            kept = request.app.ctx.agent.tracker_store
            status, body = await self.receive(request.body, on_new_message, kept)
            return response.json(body, status)

        @blueprint.listener("before_server_start")
        async def start(*_: Any) -> None:
            await self.start()

        @blueprint.listener("before_server_stop")
        async def stop(*_: Any) -> None:
            await self.stop()

        return blueprint

    async def start(self) -> None:
        """Open the connection to Rocket.Chat, in the background."""
        self._client, self._jobs = self._new_client(), InOrder()
        self._watch = asyncio.create_task(self._client.watch())

    async def stop(self, patience: float = STOP_PATIENCE) -> None:
        """Answer what was taken on, then close the connection."""
        if left := await self._jobs.finish(patience):
            self._lost += left
            logger.error(
                "Beim Beenden blieben %d Nachrichten aus Rocket.Chat ohne Antwort. Abhilfe: die "
                "Meldungen davor zeigen, warum Rocket.Chat nicht erreichbar war.",
                left,
            )
        if self._watch:
            self._watch.cancel()
        await self._client.close()

    def health(self) -> dict[str, Any]:
        """Return the state for ``/health``."""
        return {**self._client.health(), "pending": self._jobs.pending, "lost": self._lost}

    async def receive(
        self, body: bytes, process: Process, kept: Conversations
    ) -> tuple[int, dict[str, Any]]:
        """Take on what the webhook sent, and return status and body of the receipt.

        Rocket.Chat repeats a call without a body in its receipt, and switches the webhook off for
        good at 410, so neither is ever sent. 503 makes it try again later, with the same id.
        """
        data = self._authentic(body)
        if data is None:
            return 401, {"error": "token"}
        incoming = parse(data, self._own_id, self._settings.allowed_rocketchat_rooms)
        if isinstance(incoming, Drop):
            if incoming is Drop.UNKNOWN:
                logger.warning(
                    "Rocket.Chat hat etwas Unbekanntes geschickt (Felder: %s); es bleibt ohne "
                    "Antwort. Abhilfe: das Ereignis des Webhooks muss „Nachricht gesendet“ sein.",
                    ", ".join(sorted(filter(_FIELD.fullmatch, data)))[:300],
                )
            return 200, {"ok": True}
        if not await self._seen.add(incoming.message_id):
            return 200, {"ok": True}
        conversation = self._conversation(incoming)
        job = partial(self._answer, incoming, conversation, process, kept)
        if self._jobs.add(conversation, job):
            return 200, {"ok": True}
        await self._seen.discard(incoming.message_id)
        return 503, {"error": "busy"}

    def _authentic(self, body: bytes) -> dict[str, Any] | None:
        """Return the decoded body when it carries the right token, else ``None``."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            data = None
        token = data.get("token") if isinstance(data, dict) else None
        given = token.encode("utf-8", "replace") if isinstance(token, str) else b""
        if hmac.compare_digest(given, self._secret):
            return dict(data)
        if time.monotonic() - self._logged > _LOG_INTERVAL or not self._logged:
            self._logged = time.monotonic()
            logger.warning(
                "Ein Aufruf des Rocket.Chat-Webhooks hatte nicht das richtige Token. Abhilfe: im "
                "Webhook und in LOTSE_ROCKETCHAT_WEBHOOK_TOKEN muss dasselbe stehen."
            )
        return None

    def _conversation(self, incoming: Incoming) -> str:
        """Return the id of the conversation: a person in a direct message, or in a thread.

        A question in a room opens the thread that it is answered in. The id is a keyed digest, so
        that what is stored does not tell who wrote.
        """
        place = "\0".join((incoming.room, incoming.answer_thread or "", incoming.user))
        digest = hmac.new(self._secret, place.encode(), hashlib.sha256).hexdigest()
        return f"{self.name()}-{digest[:32]}"

    async def _answer(
        self, incoming: Incoming, conversation: str, process: Process, kept: Conversations
    ) -> None:
        """Answer one message, if it is meant for the assistant."""
        text = await self._meant(incoming, conversation, kept)
        if text is None:
            return  # people talking with each other
        try:
            rendered = await self._reply(incoming, text, conversation, process, kept)
            for post in rendered.posts:
                await self._post(incoming, post)
        except CallFailed as failure:
            await self._give_up(incoming, failure)
        except Exception:
            logger.exception("Eine Nachricht aus Rocket.Chat ließ sich nicht beantworten")
            await self._apologise(incoming, "fehler")

    async def _meant(
        self, incoming: Incoming, conversation: str, kept: Conversations
    ) -> str | None:
        """Return what a message asks of the assistant, or ``None`` when it is not meant."""
        username = ""
        if not incoming.direct or "@" in incoming.text:
            username = await self._client.username() or ""
        text, addressed = incoming.wanted(username)
        if addressed or incoming.direct or not self._settings.rocketchat_mention_only:
            return text
        # whoever talks with the assistant in a thread need not mention it each time
        return text if incoming.thread and await kept.exists(conversation) else None

    async def _reply(
        self,
        incoming: Incoming,
        text: str,
        conversation: str,
        process: Process,
        kept: Conversations,
    ) -> Rendered:
        texts = get_texts()
        if not incoming.text.strip():
            return Rendered(({"text": escape(texts("rocketchat_datei"))},), {})
        last = await kept.last_reply(conversation)
        numbers = self._render(Reply.from_json(last)).numbers if last else {}
        text = _titled(text, numbers)
        reply = await take_turn(
            process,
            text,
            conversation,
            self.name(),
            issued=text in numbers.values(),
            message_id=incoming.message_id,
        )
        return self._render(reply)

    def _render(self, reply: Reply) -> Rendered:
        settings = self._settings
        limit = settings.rocketchat_text_limit
        return render(reply, get_texts(), limit=limit, public_url=settings.public_url)

    async def _post(self, incoming: Incoming, body: Mapping[str, Any]) -> None:
        await self._client.post(
            body, room=incoming.room, thread=incoming.answer_thread, after=incoming.sent
        )

    async def _give_up(self, incoming: Incoming, failure: CallFailed) -> None:
        """Tell administrator and person that an answer is lost."""
        self._lost += 1
        logger.error(
            "Eine Antwort an Rocket.Chat ging verloren (%s). %s",
            failure.detail,
            failure.problem.remedy,
        )
        if failure.problem in (Problem.UNAUTHORIZED, Problem.FORBIDDEN, Problem.RESTRICTED):
            return  # nothing at all can be posted there
        await self._apologise(incoming, "rocketchat_verloren")

    async def _apologise(self, incoming: Incoming, sentence: str) -> None:
        try:
            await self._post(incoming, {"text": escape(get_texts()(sentence))})
        except CallFailed:
            logger.error("Auch der Hinweis darauf ließ sich nicht zustellen.")

    def _new_client(self) -> Client:
        settings = self._settings
        token = settings.rocketchat_token.get_secret_value()
        return Client(settings.rocketchat_url, self._own_id, token, self._timing)


def _titled(text: str, numbers: Mapping[int, str]) -> str:
    """Return the title that a typed number stands for, or the text as it is."""
    number = re.fullmatch(r"(?:nummer |nr )?(\d{1,2})", fold(text))
    return numbers.get(int(number[1]), text) if number else text
