"""The web channel: what the chat widget talks to, below ``/api/v1``.

A person's conversation is bound to a token that this server has signed. Everything else is refused
before it reaches the assistant: foreign sites, wrong tokens, wrong bodies, too much at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import SQLAlchemyError

from bot.answer import FAILED, Reply
from bot.channels.turn import DELETED_TOPIC, Process, take_turn
from bot.channels.web.contract import document, read_body
from bot.channels.web.limits import Answer, RateLimit, Session, Sessions, TooMany
from bot.channels.web.tokens import InvalidToken, Tokens
from bot.german.text import clean
from bot.http import Problem, address, check_origin, preflight
from bot.once import ConversationClosed, MessageReused
from bot.privacy import mask
from bot.secret import key
from bot.settings import Settings
from bot.shared import Shared
from bot.shared.rates import Rate
from bot.storage.feedback import Feedback, FeedbackStore

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5
"""When to try again after the assistant took too long."""

Handler = Callable[[Request], Awaitable[HTTPResponse]]


class WebChannel(InputChannel):
    """Conversations of the chat widget."""

    def __init__(
        self, settings: Settings, entries: Callable[[], Any], shared: Shared | None = None
    ) -> None:
        """Set up.

        Args:
            settings: limits, origins and the signing key.
            entries: returns what knows the ids of all entries; asked when feedback comes.
            shared: with other processes; by default there are none.
        """
        shared = shared or Shared(settings)
        self._settings = settings
        self._entries = entries
        self._key = key(settings, "web")
        self._tokens = Tokens(self._key, settings.session_hours * 3600)
        self._sessions = Sessions(settings.open_conversations)
        self._closed = shared.closed
        openings = max(1, settings.rate_address // 10)
        self._per_address = shared.rate("adresse", RateLimit(settings.rate_address))
        self._openings = shared.rate("neu", RateLimit(openings))
        self._per_conversation = shared.rate("gespraech", RateLimit(settings.rate_conversation))
        self._feedback = FeedbackStore(settings.database)

    def forget_idle(self) -> None:
        """Forget answers, conversations and addresses that are of no use any more."""
        self._sessions.forget_idle()
        for limit in (self._per_address, self._openings, self._per_conversation):
            limit.forget_idle()

    @classmethod
    def name(cls) -> str:
        """The input channel in the tracker."""
        return "web"

    def url_prefix(self) -> str:
        """The path that the routes are below; absolute, so not below ``/webhooks``."""
        return "/api/v1"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Return the routes of the channel."""
        blueprint = Blueprint("lotse_web", __name__)

        async def send(request: Request) -> HTTPResponse:
            return await self._send(request, on_new_message)

        def add(path: str, method: str, handler: Handler) -> None:
            async def guarded(request: Request) -> HTTPResponse:
                check_origin(request, self._settings.origins)
                await self._within(self._per_address, address(request))
                return await handler(request)

            async def ask_first(request: Request) -> HTTPResponse:
                return preflight(request, self._settings.origins, method)

            name = path.strip("/")
            blueprint.add_route(guarded, path, methods=[method], name=name)
            blueprint.add_route(ask_first, path, methods=["OPTIONS"], name=f"{name}_preflight")

        add("/conversations", "POST", self._open)
        add("/messages", "POST", send)
        add("/feedback", "POST", self._give_feedback)
        add("/conversation", "DELETE", self._delete)

        @blueprint.get("/openapi.json")
        async def openapi(_: Request) -> HTTPResponse:
            return response.json(document())

        return blueprint

    async def _open(self, request: Request) -> HTTPResponse:
        await self._within(self._openings, address(request))
        ticket = self._tokens.issue()
        self._session(ticket.conversation)
        return response.json({"token": ticket.token, "expires": ticket.expires}, 201)

    async def _send(self, request: Request, process: Process) -> HTTPResponse:
        conversation = await self._conversation(request)
        body = read_body(request, "Message")
        text, issued = self._text(conversation, body), "choice" in body
        digest = hmac.digest(self._key, f"{body['id']}:{text}".encode(), hashlib.sha256).hex()
        session = self._session(conversation)
        if body["id"] not in session.answers:
            await self._within(self._per_conversation, conversation)
        try:
            task = session.answer(
                body["id"],
                digest,
                lambda: self._answer(process, text, conversation, body["id"], digest, issued),
            )
            # shielded: the answer is finished also for someone who has gone and comes back for it
            answer = await asyncio.wait_for(asyncio.shield(task), self._settings.answer_seconds)
        except MessageReused:
            detail = "another message had this id; use a new id for each message"
            raise Problem(409, "id_reused", detail) from None
        except asyncio.TimeoutError:
            logger.warning("Eine Antwort dauert länger als LOTSE_ANSWER_SECONDS")
            detail = "the answer is not ready; send the same message again to get it"
            raise Problem(503, "timeout", detail, retry_after=RETRY_SECONDS) from None
        except ConversationClosed:
            raise _unauthorised() from None
        if answer["answer"]["topic"] == DELETED_TOPIC:
            session.answers.clear()
        elif answer["answer"]["topic"] == FAILED:
            session.answers.pop(body["id"], None)  # so that sending it again is another try
        return response.json(answer)

    async def _answer(
        self,
        process: Process,
        text: str,
        conversation: str,
        message: str,
        digest: str,
        issued: bool,
    ) -> Answer:
        reply = await take_turn(
            process,
            text,
            conversation,
            self.name(),
            issued=issued,
            message_id=message,
            digest=digest,
        )
        return {"id": message, **self._serialise(reply, conversation)}

    def _serialise(self, reply: Reply, conversation: str) -> Answer:
        """Return a reply for the wire: a choice is its title and a signed id, never its target."""
        choices = [
            {"id": self._tokens.choice_id(conversation, choice.title), "title": choice.title}
            for choice in reply.choices
        ]
        return {**reply.to_json(), "choices": choices}

    async def _give_feedback(self, request: Request) -> HTTPResponse:
        conversation = await self._conversation(request)
        body = read_body(request, "Feedback")
        await self._within(self._per_conversation, conversation)
        if body["entry"] not in self._entries():
            raise Problem(422, "unknown_entry", "there is no entry with this id")
        reason = mask(clean(_printable(body.get("reason", "")))).text
        said = Feedback(body["entry"], body["helpful"], reason)
        await asyncio.to_thread(self._feedback.add, said)
        return response.empty()

    async def _delete(self, request: Request) -> HTTPResponse:
        conversation = await self._conversation(request)
        self._sessions.close(conversation)
        await self._closed.add(conversation)
        agent = request.app.ctx.agent
        # after a turn that is being taken, or it would be saved again
        async with agent.lock_store.lock(conversation):
            try:
                await agent.tracker_store.delete(conversation)
            except SQLAlchemyError:
                await self._closed.discard(conversation)  # so that the person can try again
                raise
        return response.empty()

    async def _conversation(self, request: Request) -> str:
        """Return the conversation of the request's token.

        Raises:
            Problem: 401, there is no valid token of an open conversation.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            conversation = self._tokens.read(token.strip())
        except InvalidToken:
            raise _unauthorised() from None
        if scheme.lower() != "bearer" or await self._closed.has(conversation):
            raise _unauthorised()
        return conversation

    def _session(self, conversation: str) -> Session:
        try:
            return self._sessions.open(conversation)
        except TooMany as error:
            detail = "too many conversations are open"
            raise Problem(429, "full", detail, retry_after=error.retry_after) from None

    def _text(self, conversation: str, body: dict[str, Any]) -> str:
        """Return the text of a message, or the title of the choice that it takes up."""
        if "choice" in body:
            try:
                return self._tokens.choice_title(conversation, body["choice"])
            except InvalidToken:
                detail = "this choice was not issued in this conversation"
                raise Problem(422, "choice", detail) from None
        text, limit = _printable(body["text"]), self._settings.message_limit
        if len(text) > limit:
            raise Problem(422, "text_too_long", f"a text may have {limit} characters at most")
        if not clean(text):
            raise Problem(422, "text_empty", "the text is empty")
        return text

    @staticmethod
    async def _within(limit: Rate, key: str) -> None:
        if wait := await limit.wait(key):
            raise Problem(429, "rate", f"too many requests; wait {wait} s", retry_after=wait)


def _printable(text: str) -> str:
    """Return a text without halves of characters, which no encoding and no store can hold."""
    return text.encode("utf-8", "replace").decode()


def _unauthorised() -> Problem:
    detail = "open a conversation and send its token as „Authorization: Bearer …“"
    return Problem(401, "token", detail, headers={"WWW-Authenticate": "Bearer"})
