"""A stand-in for a Rocket.Chat server, as faithful as a bot can tell.

It keeps rooms and messages, delivers each message to the outgoing webhook and repeats that as the
original does, and offers the part of the REST API that a bot needs, with its validation, its rate
limit and its error shapes. Faults are injected by :attr:`RocketChatServer.fault`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import aiohttp
from aiohttp import web

BOT = "botUser1234567890"
BOT_NAME = "lotse"
TOKEN = "persoenliches-zugangstoken"
WEBHOOK_TOKEN = "webhook-token-ümlaut"

_POST_KEYS = {
    "roomId": str,
    "channel": str,
    "text": str,
    "alias": str,
    "emoji": str,
    "avatar": str,
    "attachments": list,
    "tmid": str,
    "customFields": dict,
    "parseUrls": bool,
}
_ACTION_KEYS = {"type", "text", "msg", "msg_in_chat_window", "msg_processing_type"}


@dataclass
class Room:
    """A room; without a name it is a direct message."""

    id: str
    name: str | None = None
    archived: bool = False
    gone: bool = False


@dataclass
class Message:
    """A message as the server keeps it."""

    id: str
    room: Room
    user: str
    text: str
    thread: str | None
    sent: str
    attachments: list[dict[str, Any]] = field(default_factory=list)
    at: float = field(default_factory=time.perf_counter)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [action for a in self.attachments for action in a.get("actions", [])]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call of the REST API."""

    status: int = 0
    body: dict[str, Any] | None = None
    slow: float = 0.0
    """Seconds before anything is done or answered."""
    after: bool = False
    """The call has its effect first; only the response goes wrong."""
    cut: bool = False
    """The connection is cut instead of a response."""


class RocketChatServer:
    """Use as an asynchronous context manager; ``webhook_url`` is where messages are delivered."""

    def __init__(self) -> None:
        self.webhook_url = ""
        self.webhook_token = WEBHOOK_TOKEN
        self.retries_on = True
        self.retry_pauses = (0.01, 0.05, 0.1, 0.2, 0.4, 0.8)
        self.run_on_edits = True
        self.disabled = False
        self.trigger_words: tuple[str, ...] = ()
        self.roles = ["user", "bot"]
        self.calls_a_minute = 10
        self.rate_window = 60.0
        self.size_limit = 5000
        self.restricted = False
        self.rooms: dict[str, Room] = {}
        self.messages: list[Message] = []
        self.receipts: list[int] = []
        self.calls: dict[str, int] = defaultdict(int)
        self.fault: Callable[[str, dict[str, Any]], Fault | None] = lambda path, body: None
        self._windows: dict[str, tuple[float, int]] = {}
        self._ids = (f"m{number:016d}" for number in itertools.count(1))
        self._changed = asyncio.Condition()
        self._deliveries: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> RocketChatServer:
        app = web.Application()
        app.router.add_get("/api/v1/me", self._guarded(self._me))
        app.router.add_get("/api/v1/rooms.info", self._guarded(self._room_info))
        app.router.add_get("/api/v1/chat.syncMessages", self._guarded(self._sync))
        app.router.add_post("/api/v1/chat.postMessage", self._guarded(self._post_message))
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in set(self._deliveries):
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self._client.close()
        await self._runner.cleanup()

    # What people do

    def room(self, name: str | None, room_id: str) -> Room:
        """Return a room, made when it is new; ``None`` as name makes a direct message."""
        return self.rooms.setdefault(room_id, Room(room_id, name))

    async def say(self, user: str, room: Room, text: str, thread: str | None = None) -> Message:
        """Write a message; it is delivered to the webhook in the background."""
        message = await self._store(room, user, text, thread, [])
        self.deliver(message)
        return message

    async def click(self, user: str, post: Message, title: str) -> Message | None:
        """Click a button below a post: its ``msg`` is written visibly as the user."""
        action = next(action for action in post.buttons if action["text"] == title)
        if action["msg"].startswith("/"):
            return None  # taken for a slash command and swallowed
        return await self.say(user, post.room, action["msg"], post.thread)

    def edit(self, message: Message, text: str) -> None:
        """Change a message; it is delivered again with the same id."""
        message.text = text
        if self.run_on_edits:
            self.deliver(message, {"isEdited": True})

    def deliver_raw(self, body: dict[str, Any]) -> None:
        """Deliver any payload, with the token of the webhook."""
        task = asyncio.create_task(self._delivery({"token": self.webhook_token, **body}))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    # What tests ask

    def posts(self, room: Room | None = None, thread: str | None = None) -> list[Message]:
        """Return what the bot has posted, oldest first."""
        return [
            message
            for message in self.messages
            if message.user == BOT
            and room in (None, message.room)
            and thread in (None, message.thread)
        ]

    async def until(self, condition: Callable[[], bool], patience: float = 20.0) -> None:
        """Wait until a condition about this server holds."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(condition), patience)

    async def answer(self, user: str, room: Room, text: str, thread: str | None = None) -> Message:
        """Write a message and return the last post of the answer: the one after it."""
        before = len(self.posts(room))
        message = await self.say(user, room, text, thread)
        root = thread or (message.id if room.name else None)
        await self.until(lambda: any(post.thread == root for post in self.posts(room)[before:]))
        return [post for post in self.posts(room)[before:] if post.thread == root][-1]

    async def settled(self) -> None:
        """Wait until all deliveries, with their repetitions, are over."""
        while self._deliveries:
            await asyncio.wait(set(self._deliveries))

    # The outgoing webhook

    def deliver(self, message: Message, more: dict[str, Any] | None = None) -> None:
        """Deliver a message; again, when it has been before."""
        trigger = next((w for w in self.trigger_words if message.text.startswith(w)), None)
        if self.trigger_words and not trigger:
            return
        self.deliver_raw(
            {
                "bot": False,  # also for what a bot posted over REST
                "channel_id": message.room.id,
                **({"channel_name": message.room.name} if message.room.name else {}),
                "message_id": message.id,
                "timestamp": message.sent,
                "user_id": message.user,
                "user_name": BOT_NAME if message.user == BOT else message.user,
                "text": message.text,
                "siteUrl": self.url,
                **({"trigger_word": trigger} if trigger else {}),
                **({"tmid": message.thread} if message.thread else {}),
                **(more or {}),
            }
        )

    async def _delivery(self, payload: dict[str, Any]) -> None:
        for pause in (*self.retry_pauses, None):
            if self.disabled or not self.webhook_url:
                return
            try:
                async with self._client.post(self.webhook_url, json=payload) as response:
                    body = await response.read()
            except (aiohttp.ClientError, asyncio.TimeoutError):
                await self._note_receipt(0)
                return  # logged there, not repeated
            await self._note_receipt(response.status)
            if response.status == 410 and body:
                self.disabled = True
            if body and response.status in (200, 201, 202, 410, 500):
                return
            if pause is None or not self.retries_on:
                return
            await asyncio.sleep(pause)

    async def _note_receipt(self, status: int) -> None:
        async with self._changed:
            self.receipts.append(status)
            self._changed.notify_all()

    # The REST API

    def _guarded(self, handler: Callable[[web.Request, dict[str, Any]], Any]) -> Any:
        async def guarded(request: web.Request) -> web.StreamResponse:
            body = await request.json() if request.method == "POST" else dict(request.query)
            self.calls[request.path.removeprefix("/api/v1/")] += 1
            if (limited := self._limited(request)) is not None:
                return limited
            if request.headers.get("X-Auth-Token") != TOKEN or (
                request.headers.get("X-User-Id") != BOT
            ):
                return web.json_response(
                    {"status": "error", "message": "You must be logged in to do this."}, status=401
                )
            fault = self.fault(request.path.removeprefix("/api/v1/"), body)
            if fault is None:
                return await handler(request, body)
            if fault.after:
                response = await handler(request, body)
            if fault.slow:
                await asyncio.sleep(fault.slow)
            if fault.cut and request.transport is not None:
                request.transport.close()
                return web.Response()
            if fault.status:
                return web.json_response(
                    fault.body if fault.body is not None else {"success": False, "error": "fault"},
                    status=fault.status,
                )
            return response if fault.after else await handler(request, body)

        return guarded

    def _limited(self, request: web.Request) -> web.Response | None:
        if "bot" in self.roles:
            return None
        start, count = self._windows.get(request.path, (0.0, 0))
        now = time.time()
        if now - start >= self.rate_window:
            start, count = now, 0
        self._windows[request.path] = (start, count + 1)
        if count < self.calls_a_minute:
            return None
        reset = int((start + self.rate_window) * 1000)
        return web.json_response(
            {"success": False, "error": "Error, too many requests. [error-too-many-requests]"},
            status=429,
            headers={"X-RateLimit-Reset": str(reset), "X-RateLimit-Remaining": "0"},
        )

    async def _me(self, _: web.Request, __: dict[str, Any]) -> web.Response:
        return web.json_response(
            {"_id": BOT, "username": BOT_NAME, "roles": self.roles, "success": True}
        )

    async def _room_info(self, _: web.Request, query: dict[str, Any]) -> web.Response:
        for room in self.rooms.values():
            if room.name and room.name == query.get("roomName") and not room.gone:
                info = {"_id": room.id, "name": room.name, "archived": room.archived}
                return web.json_response({"room": info, "success": True})
        return _refused("error-room-not-found")

    async def _sync(self, _: web.Request, query: dict[str, Any]) -> web.Response:
        if not {"roomId", "lastUpdate"} <= {*query}:
            return _refused("error-param-required")
        since = _moment(query["lastUpdate"])
        updated = [
            {
                "_id": message.id,
                "rid": message.room.id,
                "msg": message.text,
                "u": {"_id": message.user},
                "ts": message.sent,
                **({"tmid": message.thread} if message.thread else {}),
            }
            for message in self.messages
            if message.room.id == query["roomId"] and _moment(message.sent) > since
        ]
        return web.json_response({"result": {"updated": updated, "deleted": []}, "success": True})

    async def _post_message(self, _: web.Request, body: dict[str, Any]) -> web.Response:
        if error := _invalid(body):
            return _refused(error, "error-invalid-params")
        if self.restricted:
            return _refused("The workspace is restricted", "restricted-workspace")
        room = self.rooms.get(body.get("roomId", "")) or next(
            (r for r in self.rooms.values() if r.name and f"#{r.name}" == body.get("channel")), None
        )
        if body.get("channel", "").startswith("@"):
            room = self.room(None, f"direct-{body['channel']}")
        if room is None or room.gone:
            return _refused("The required room was not found", "error-room-not-found")
        if room.archived:
            return _refused("Room is archived", "error-not-allowed")
        text = body.get("text", "")
        if len(text.encode("utf-16-le")) // 2 > self.size_limit:
            return _refused("Message too long", "error-message-size-exceeded")
        message = await self._store(room, BOT, text, body.get("tmid"), body.get("attachments", []))
        self.deliver(message)
        return web.json_response(
            {
                "ts": int(time.time() * 1000),
                "channel": room.id,
                "message": {"_id": message.id, "rid": room.id, "msg": message.text},
                "success": True,
            }
        )

    async def _store(
        self,
        room: Room,
        user: str,
        text: str,
        thread: str | None,
        attachments: list[dict[str, Any]],
    ) -> Message:
        message = Message(next(self._ids), room, user, text, thread, _now(), attachments)
        async with self._changed:
            self.messages.append(message)
            self._changed.notify_all()
        return message


def _invalid(body: dict[str, Any]) -> str | None:
    """Return what the schema of ``chat.postMessage`` has against a body."""
    if unknown := {*body} - {*_POST_KEYS}:
        return f"must NOT have additional properties: {', '.join(sorted(unknown))}"
    for key, value in body.items():
        if not isinstance(value, _POST_KEYS[key]):
            return f"{key} must be {_POST_KEYS[key].__name__}"
    if ("roomId" in body) == ("channel" in body):
        return "must match exactly one schema in oneOf"
    if "channel" in body and "tmid" in body:
        return "must NOT have additional properties: tmid"
    return _invalid_attachments(body.get("attachments", []))


def _invalid_attachments(attachments: Iterable[dict[str, Any]]) -> str | None:
    for attachment in attachments:
        if {*attachment} - {"button_alignment", "actions"}:
            return "unknown attachment"
        if attachment.get("button_alignment") not in ("horizontal", "vertical"):
            return "button_alignment"
        for action in attachment["actions"]:
            if {*action} != _ACTION_KEYS or action["type"] != "button":
                return "action"
            if action["msg_processing_type"] != "sendMessage" or not action["msg"]:
                return "action"
    return None


def _refused(error: str, kind: str | None = None) -> web.Response:
    more = {"errorType": kind} if kind else {}
    return web.json_response({"success": False, "error": error, **more}, status=400)


def _now() -> str:
    # three digits as JavaScript writes them
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    return datetime.fromisoformat(text.replace(" ", "+"))
