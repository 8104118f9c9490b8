"""The server with a scripted assistant in place of Rasa's agent: real HTTP, but no model."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import InMemoryLockStore
from sanic import Sanic

from bot import server
from bot.answer import (
    Choice,
    Heading,
    Link,
    Numbered,
    Outcome,
    Paragraph,
    Points,
    Progress,
    Reply,
    SourceLine,
)
from bot.dialogue import compose
from bot.dialogue.texts import get_texts
from bot.dialogue.turn import Context
from bot.knowledge import load_knowledge
from bot.protocol import StrictProtocol
from bot.settings import Settings

ATTACK = "<img src=x onerror=\"document.title='gehackt'\"><script>document.title='gehackt'</script>"


@lru_cache(maxsize=1)
def context() -> Context:
    settings = Settings()
    knowledge = load_knowledge(settings.knowledge_dir, settings.local_dir)
    return Context(knowledge, lambda *_: [], get_texts())


def live_knowledge() -> SimpleNamespace:
    """Stand for the live knowledge base: the real entries, and nothing to watch."""
    return SimpleNamespace(
        current=SimpleNamespace(knowledge=context().knowledge),
        status=SimpleNamespace(problems=(), to_json=lambda: {"status": "ok"}),
        taken=0,
        refused=0,
        start=lambda: None,
        stop=lambda: None,
    )


class Store:
    def __init__(self) -> None:
        self.conversations: dict[str, list[str]] = {}
        self.failing: Exception | None = None

    async def ping(self) -> None:
        if self.failing:
            raise self.failing

    async def delete(self, conversation: str) -> None:
        if self.failing:
            raise self.failing
        self.conversations.pop(conversation, None)


class ScriptedAgent:
    def __init__(self) -> None:
        self.store = Store()
        self.tracker_store = self.store
        self.lock_store = InMemoryLockStore()
        self.handled: list[str] = []
        self.slow = threading.Event()
        """Set it to let the answer to „langsam“ go on."""

    def is_ready(self) -> bool:
        return True

    async def handle_message(self, message: UserMessage) -> None:
        async with self.lock_store.lock(message.sender_id):
            self.handled.append(message.text)
            self.store.conversations.setdefault(message.sender_id, []).append(message.text)
            if "langsam" in message.text:
                while not self.slow.is_set():
                    await asyncio.sleep(0.01)
            earlier = self.store.conversations[message.sender_id]
            reply = reply_to(message.text, earlier)
            if "lösche" in message.text.lower():
                await self.store.delete(message.sender_id)
            await message.output_channel.send_custom_json(message.sender_id, reply.to_json())


def reply_to(text: str, earlier: list[str]) -> Reply:
    knowledge = context().knowledge
    for entry in knowledge.values():
        if entry.titel == text:
            return compose.answer(entry, context(), related=entry.siehe_auch)
    for word, make in SCRIPT.items():
        if word in text.lower():
            return make()
    return Reply(Outcome("dialog", topic="echo"), (Paragraph(f"{len(earlier)}: {text}"),))


def _broken() -> Reply:
    raise RuntimeError("wie bestellt")


def _guide() -> Reply:
    return Reply(
        Outcome("guide", topic="einstieg", entries=("grundlagen-1",)),
        (
            Progress("Schritt 2 von 5: Ihr Umfeld", 2, 5),
            Paragraph("Mit wem möchten Sie zuerst zusammenarbeiten?"),
        ),
        (Choice("Politik", "gruppe:politik"), Choice("Wirtschaft", "gruppe:wirtschaft")),
    )


def _plan() -> Reply:
    return Reply(
        Outcome("guide", topic="plan", entries=("grundlagen-1", "grundlagen-2")),
        (
            Progress("Schritt 5 von 5: Ihr Plan", 5, 5),
            Heading("Ihr Plan für die ersten 100 Tage"),
            Numbered(("Die Fraktionen kennenlernen", "Einen runden Tisch einladen")),
            Link("Plan als Textdatei herunterladen", "/health"),
            Link("Plan als Kalenderdatei herunterladen", "health"),
        ),
    )


def _attack() -> Reply:
    entries = ("grundlagen-1",)
    return Reply(
        Outcome("answer", topic=ATTACK, entries=entries, source=ATTACK),
        (
            Heading(ATTACK),
            Paragraph(f"{ATTACK} https://example.org/a?b=1. javascript:alert(1) a.b@example.org"),
            Points((ATTACK,), ATTACK),
            Numbered((ATTACK,)),
            Progress(ATTACK, 1, 2),
            SourceLine(ATTACK),
            Link("böse 1", "javascript:document.title='gehackt'"),
            Link("böse 2", "data:text/html,<script>alert(1)</script>"),
            Link("böse 3", "//evil.example/x"),
            Link("böse 4", "http://evil.example/x"),
            Link("gut", "https://example.org/"),
        ),
        (Choice(ATTACK, "eintrag:grundlagen-1"),),
    )


SCRIPT = {
    "kaputt": _broken,
    "wirtschaft": lambda: compose.overview("wirtschaft", "empfehlung", context()),
    "meinten": lambda: compose.clarify_entries(
        ["politik-empfehlung-1", "grundlagen-2"], 0.5, context()
    ),
    "kuchen": lambda: compose.no_answer(["grundlagen-1"], context()),
    "neu in dieser aufgabe": _guide,
    "plan": _plan,
    "angriff": _attack,
    "lösche": lambda: compose.dialog("daten_loeschen", context()),
}


@contextmanager
def serving(state: Path, **values: object) -> Iterator[tuple[str, ScriptedAgent]]:
    """Serve on a free port; give the address and the agent."""
    settings = Settings(**{"state_dir": state, **values})
    agent = ScriptedAgent()
    loop = asyncio.SelectorEventLoop()  # closes at once, where uvloop waits for connections
    started, address, servers = threading.Event(), [], []

    async def start() -> None:
        Sanic.test_mode = True  # several apps of one name in one process
        app = server.create_routes(settings)
        app.ctx.agent = agent
        free = socket.create_server(("127.0.0.1", 0))
        listening = await app.create_server(
            sock=free, protocol=StrictProtocol, return_asyncio_server=True, access_log=False
        )
        await listening.startup()
        await listening.start_serving()
        servers.append(listening)
        address.append(f"http://127.0.0.1:{free.getsockname()[1]}")
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(30), "the server did not start"
    try:
        yield address[0], agent
    finally:
        asyncio.run_coroutine_threadsafe(_stop(servers[0]), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(listening) -> None:
    listening.close()
    for connection in listening.connections:
        connection.abort()
    await asyncio.sleep(0)
