"""Rasa as the engine: one agent, with the actions running in the same process.

Rasa calls custom actions over HTTP and checks each result against a JSON schema that it compiles
anew every time; the check alone took three quarters of a turn (docs/decisions/0005). Here the
actions are called directly, by the same executor that ``rasa run actions`` uses.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.events import Event
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot.graph import PlannedRunner
from bot.nlu.featurizer import encode_ahead
from bot.once import Once
from bot.preflight import is_intact
from bot.settings import Settings
from bot.shared import Shared
from bot.storage.tracker_store import BoundedTrackerStore

logger = logging.getLogger(__name__)


class InProcessActions(EndpointConfig):
    """Stands where Rasa expects the address of an action server."""

    def __init__(self) -> None:
        super().__init__(url="in-process", enable_selective_domain=True)
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(self, *_: Any, json: dict[str, Any], **__: Any) -> dict[str, Any]:
        """Run an action and return its events and responses."""
        return await self._executor.run(json) or {"events": [], "responses": []}


def _trust(self: RemoteAction, result: dict[str, Any]) -> bool:
    """Results of our own actions in our own process need no schema check."""
    return True


_type_of_event = lru_cache(maxsize=None)(Event.resolve_by_type)
"""Rasa looks through all classes of events for each event that an action returns."""


class ModelMissing(RuntimeError):
    """There is no trained model to load."""


def latest_model(folder: Path) -> Path:
    """Return the newest model in a folder.

    Raises:
        ModelMissing: there is none.
    """
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise ModelMissing(f"In {folder} liegt kein trainiertes Modell. Abhilfe: „make train“.")
    return models[-1]


class LotseAgent(Agent):
    """Rasa's agent, with each message answered once, whichever process it reaches."""

    def __init__(self, store: BoundedTrackerStore, shared: Shared) -> None:
        super().__init__(
            tracker_store=store, lock_store=shared.locks, action_endpoint=InProcessActions()
        )
        self._once = Once(store, shared.locks, shared.closed)
        # one thread: the turn goes on in Python, which needs a core of its own
        self._encoding = ThreadPoolExecutor(1, "encoder")

    def load_model(self, model_path: str | Path, fingerprint: str | None = None) -> None:
        """Load a model, and plan the runs of its graph once."""
        super().load_model(model_path, fingerprint)
        self.processor.graph_runner = PlannedRunner(self.processor.graph_runner)

    async def handle_message(self, message: UserMessage) -> None:
        """Answer a message into its output channel."""
        await self._once.take(message, self._process)

    async def _process(self, message: UserMessage) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._encoding, encode_ahead, message.text or "")
        await self.processor.handle_message(message)

    @staticmethod
    def _create_tracker_store(store: TrackerStore, domain: Any) -> TrackerStore:
        """Return the store as it is.

        Rasa would put a wrapper around it that begins an empty conversation when the database
        does not answer, and writes it over the stored one as soon as it does.
        """
        store.domain = domain
        return store


async def create_agent(settings: Settings, shared: Shared | None = None) -> LotseAgent:
    """Load the newest model with its tracker store and the actions in this process.

    Args:
        settings: where models and conversations are.
        shared: with other processes; by default there are none.

    Raises:
        ModelMissing: there is no model, or it can't be loaded.
        StoreUnusable: the database can't be used.
    """
    RemoteAction._validate_action_result = _trust
    Event.resolve_by_type = staticmethod(_type_of_event)
    model = latest_model(settings.models_dir)
    if not is_intact(model):
        raise ModelMissing(
            f"{model} ist beschädigt. Abhilfe: die Datei löschen, dann „make train“; ist der "
            "Datenträger voll?"
        )
    store = BoundedTrackerStore(host=settings.database)
    agent = LotseAgent(store, shared or Shared(settings))
    try:
        agent.load_model(str(model))
    except Exception as error:
        logger.exception("Modell nicht geladen")
        raise ModelMissing(
            f"{model} lässt sich nicht laden; der Grund steht im Protokoll darüber. "
            "Abhilfe: „python -m bot train --force“."
        ) from error
    logger.info("Modell: %s", model.name)
    return agent
