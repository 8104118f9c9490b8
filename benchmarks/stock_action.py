"""The action of the stock assistant: says the entry that the intent is named after."""

import json
from pathlib import Path
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

ANSWERS = json.loads(Path(__file__).with_name("antworten.json").read_text(encoding="utf-8"))


class Answer(Action):
    """Looks the answer up; nothing is searched."""

    def name(self) -> str:
        """Return the name of the action in ``domain.yml``."""
        return "action_antworten"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Say the entry that was asked for."""
        dispatcher.utter_message(**ANSWERS[tracker.get_intent_of_latest_message()])
        return []
