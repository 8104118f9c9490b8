"""Is the server alive, is it ready? For service managers, load balancers and monitoring.

``/health/live`` says that the process answers. ``/health/ready`` looks at the parts that a person's
message needs and is 503 as long as one of them is missing, with the reason. What only some
messages need, or all can do without for a while – changed knowledge files, the connection to
Rocket.Chat, Redis – is named there as *degraded* and leaves it at 200: without this process nobody
would be better off.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy.exc import SQLAlchemyError

from bot.storage.problems import StoreProblem, note

STORE_SECONDS = 2.0
"""A database that takes longer is not ready."""
FRESH_SECONDS = 2.0
"""A look at the database holds for so long, however often somebody asks."""

State = Literal["ok", "degraded", "failed"]


@dataclass(frozen=True)
class Part:
    """How a part of the server is, and if it isn't well, why and what to do."""

    status: State = "ok"
    reason: str | None = None

    def to_json(self) -> dict[str, str]:
        """Return ``{"status": …}``, with ``reason`` where there is one."""
        return {"status": self.status, **({"reason": self.reason} if self.reason else {})}


class StoreCheck:
    """Asks the database for a sign of life, never twice at a time and not too often."""

    def __init__(
        self,
        ping: Callable[[], Awaitable[None]],
        patience: float = STORE_SECONDS,
        fresh: float = FRESH_SECONDS,
    ) -> None:
        self._ping = ping
        self._patience = patience
        self._fresh = fresh
        self._running: asyncio.Task[None] | None = None
        self._looked = -fresh
        self._found: StoreProblem | None = None

    async def look(self) -> StoreProblem | None:
        """Return what is wrong with the database, at the latest after ``patience`` seconds."""
        if self._running is None:
            if time.monotonic() - self._looked < self._fresh:
                return self._found
            self._running = asyncio.create_task(self._ask())
        done, _ = await asyncio.wait({self._running}, timeout=self._patience)
        if not done:
            return StoreProblem.SLOW
        return self._found

    async def _ask(self) -> None:
        try:
            await self._ping()
            self._found = None
        except SQLAlchemyError as error:
            self._found = note(error)
        finally:
            self._looked = time.monotonic()
            self._running = None


class Readiness:
    """Looks at all parts."""

    def __init__(
        self,
        model: Callable[[], bool],
        knowledge: Callable[[], Any],
        store: StoreCheck,
        channels: Callable[[], Mapping[str, Mapping[str, Any]]],
        redis: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        """Set up.

        Args:
            model: returns whether the model is loaded.
            knowledge: returns the live knowledge base.
            store: looks at the database.
            channels: returns the state of each channel that has one.
            redis: returns the state of Redis, ``None`` where none is used.
        """
        self._model = model
        self._knowledge = knowledge
        self._store = store
        self._channels = channels
        self._redis = redis

    async def parts(self) -> dict[str, Part]:
        """Return how each part is."""
        loaded = self._model()
        return {
            "model": Part() if loaded else Part("failed", "Das Modell wird noch geladen."),
            "knowledge": self._of_knowledge(),
            "store": self._of_store(await self._store.look()) if loaded else Part("failed"),
            "channels": self._of_channels(),
            **self._of_redis(),
        }

    def _of_knowledge(self) -> Part:
        state = self._knowledge().status.to_json()
        if state["status"] == "ok":
            return Part()
        reason = f"{len(state['errors'])} Fehler, siehe /health; es gilt der letzte gute Stand."
        return Part("degraded", reason)

    @staticmethod
    def _of_store(problem: StoreProblem | None) -> Part:
        return Part("failed", problem.remedy) if problem else Part()

    def _of_redis(self) -> dict[str, Part]:
        state = self._redis()
        if state is None:
            return {}
        well = state["status"] == "ok"
        return {"redis": Part() if well else Part("degraded", "Redis ist nicht erreichbar.")}

    def _of_channels(self) -> Part:
        remedies = [
            f"{name}: {state['remedy']}"
            for name, state in self._channels().items()
            if state["status"] == "degraded"
        ]
        return Part("degraded", " ".join(remedies)) if remedies else Part()


def add_health(app: Sanic, readiness: Readiness) -> None:
    """Serve ``/health/live`` and ``/health/ready``."""

    @app.get("/health/live")
    async def live(_: Request) -> HTTPResponse:
        return response.json({"status": "live"})

    @app.get("/health/ready")
    async def ready(_: Request) -> HTTPResponse:
        parts = await readiness.parts()
        well = all(part.status != "failed" for part in parts.values())
        return response.json(
            {
                "status": "ready" if well else "not_ready",
                "parts": {name: part.to_json() for name, part in parts.items()},
            },
            200 if well else 503,
        )
