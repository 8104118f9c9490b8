"""The channel over real HTTP between a stand-in Rocket.Chat and a stand-in for Rasa."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from bot.answer import Choice, Numbered, Outcome, Paragraph, Reply
from bot.channels.rocketchat.channel import RocketChatChannel
from bot.channels.rocketchat.client import Timing
from bot.settings import PROJECT, Settings
from tests.channels.rocketchat_server import (
    BOT,
    TOKEN,
    WEBHOOK_TOKEN,
    RocketChatServer,
)

QUICK = Timing(
    attempts=5,
    first_pause=0.01,
    longest_pause=0.05,
    request=0.3,
    after_timeout=0.05,
    rate_limit=5.0,
    watch_bad=0.05,
    watch_good=30.0,
)
START_PATIENCE = 1200.0
"""Seconds for the real assistant to start, when it has to be trained first."""
_numbers = count(1)
Sanic.test_mode = True  # several servers, one after the other, in one process


class FakeRasa:
    """Echoes each message with the id of its conversation, or does what ``reply`` says."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.reply: Callable[[UserMessage], Awaitable[Reply]] = echo
        self.said: dict[str, dict[str, Any]] = {}

    async def __call__(self, message: UserMessage) -> None:
        self.heard.append((message.sender_id, message.text))
        reply = await self.reply(message)
        self.said[message.sender_id] = reply.to_json()
        await message.output_channel.send_custom_json(message.sender_id, reply.to_json())

    async def last_reply(self, conversation: str) -> dict[str, Any] | None:
        return self.said.get(conversation)

    async def exists(self, conversation: str) -> bool:
        return any(sender == conversation for sender, _ in self.heard)

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.heard]


async def echo(message: UserMessage) -> Reply:
    return Reply(Outcome("answer"), (Paragraph(f"Antwort auf: {message.text}"),))


async def with_choices(_: UserMessage) -> Reply:
    """Give an overview as the assistant does: four listed, three of them and two more to choose."""
    listed = ("Erstes", "Zweites", "Drittes", "Viertes")
    choices = [Choice(title, f"eintrag:{title}") for title in listed[:3]]
    choices += [Choice("Weitere zeigen (3)", "mehr"), Choice("/Was Sie tun können", "x")]
    return Reply(Outcome("overview"), (Numbered(listed),), tuple(choices))


def rocketchat_settings(server: RocketChatServer, **more: Any) -> Settings:
    return Settings(
        rocketchat_url=server.url,
        rocketchat_user_id=BOT,
        rocketchat_token=TOKEN,
        rocketchat_webhook_token=WEBHOOK_TOKEN,
        **more,
    )


@contextlib.asynccontextmanager
async def running(
    channel: RocketChatChannel, rasa: FakeRasa, server: RocketChatServer
) -> AsyncIterator[str]:
    """Serve the channel on a free port, as the webhook of the server; yield its address."""
    app = Sanic(f"rocketchat_test_{next(_numbers)}", configure_logging=False)
    app.ctx.agent = SimpleNamespace(tracker_store=rasa)
    app.blueprint(channel.blueprint(rasa), url_prefix="/webhooks/rocketchat")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks/rocketchat"
    serving = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
    await serving.startup()
    await serving.before_start()
    await serving.start_serving()
    server.webhook_url = f"{url}/webhook"
    try:
        yield url
    finally:
        await serving.before_stop()
        serving.close()
        await serving.wait_closed()
        for connection in set(serving.connections):
            connection.close()


@contextlib.asynccontextmanager
async def rig(
    timing: Timing = QUICK, **settings: Any
) -> AsyncIterator[tuple[RocketChatServer, FakeRasa, RocketChatChannel]]:
    """Start all three."""
    async with RocketChatServer() as server:
        rasa = FakeRasa()
        channel = RocketChatChannel(rocketchat_settings(server, **settings), timing=timing)
        async with running(channel, rasa, server):
            yield server, rasa, channel


@contextlib.asynccontextmanager
async def assistant(server: RocketChatServer, folder: Path) -> AsyncIterator[str]:
    """Serve the real assistant in its own process; yield its address.

    Args:
        server: where it answers; messages are delivered to it.
        folder: where it keeps its conversations, so that a second start finds them.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "LOTSE_PORT": str(port),
        "LOTSE_DATABASE_URL": f"sqlite:///{folder / 'unterhaltungen.db'}",
        "LOTSE_ROCKETCHAT_URL": server.url,
        "LOTSE_ROCKETCHAT_USER_ID": BOT,
        "LOTSE_ROCKETCHAT_TOKEN": TOKEN,
        "LOTSE_ROCKETCHAT_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
    }
    log = (folder / "log.txt").open("a", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "serve"),
        env={**os.environ, **settings},
        cwd=PROJECT,
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await asyncio.wait_for(_ready(process, url), START_PATIENCE)
        server.webhook_url = f"{url}/webhooks/rocketchat/webhook"
        yield url
    finally:
        server.webhook_url = ""
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        log.close()


async def get_json(url: str) -> dict[str, Any]:
    """Return what an address answers."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return dict(await response.json())


async def _ready(process: asyncio.subprocess.Process, url: str) -> None:
    while process.returncode is None:
        with contextlib.suppress(aiohttp.ClientError):
            if (await get_json(f"{url}/health"))["status"] == "ok":
                return
        await asyncio.sleep(0.2)
    raise RuntimeError("the assistant did not start; see its log")
