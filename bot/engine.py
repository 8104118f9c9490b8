"""Rasa as the engine: one agent, with the actions running in the same process.

Rasa calls custom actions over HTTP and checks each result against a JSON schema that it compiles
anew every time; the check alone took three quarters of a turn (docs/decisions/0005). Here the
actions are called directly, by the same executor that ``rasa run actions`` uses.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, cast

from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent, load_agent
from rasa.core.utils import AvailableEndpoints
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot.preflight import is_intact
from bot.settings import Settings
from bot.storage.tracker_store import BoundedTrackerStore, Nowhere

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


async def create_agent(settings: Settings) -> Agent:
    """Load the newest model with its tracker store and the actions in this process.

    Raises:
        ModelMissing: there is no model, or it can't be loaded.
    """
    RemoteAction._validate_action_result = _trust
    model = latest_model(settings.models_dir)
    if not is_intact(model):
        raise ModelMissing(
            f"{model} ist beschädigt. Abhilfe: die Datei löschen, dann „make train“; ist der "
            "Datenträger voll?"
        )
    endpoints = AvailableEndpoints(
        action=InProcessActions(),
        tracker_store=EndpointConfig(type="bot.storage.tracker_store.BoundedTrackerStore"),
    )
    agent = await load_agent(model_path=str(model), endpoints=endpoints)
    if not agent.is_ready():
        raise ModelMissing(
            f"{model} lässt sich nicht laden; der Grund steht im Protokoll darüber. "
            "Abhilfe: „python -m bot train --force“."
        )
    agent.tracker_store._fallback_tracker_store = Nowhere(agent.domain)
    logger.info("Modell: %s", model.name)
    return agent


def conversation_store(agent: Agent) -> BoundedTrackerStore:
    """Return our store, out of the wrappers that Rasa puts around it and that can't delete."""
    store: Any = agent.tracker_store
    while hasattr(store, "_tracker_store"):
        store = store._tracker_store
    return cast(BoundedTrackerStore, store)
