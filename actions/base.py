"""What all actions share: read the tracker, let the dialogue answer, write reply and state back."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.answer import FAILED, STRUCTURED, Outcome, Paragraph, Reply, render_text
from bot.dialogue import compose
from bot.dialogue.respond import respond
from bot.dialogue.state import State
from bot.dialogue.texts import get_texts
from bot.dialogue.turn import Context, Turn
from bot.german.groups import Mention, named_groups
from bot.knowledge.live import LiveKnowledge
from bot.knowledge.search.encoder import get_encoder
from bot.settings import get_settings

logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def get_live_knowledge() -> LiveKnowledge:
    """Load the knowledge base and its search, once for each process."""
    settings = get_settings()
    return LiveKnowledge(settings.knowledge_dir, settings.local_dir, get_encoder())


def get_context() -> Context:
    """Return knowledge base, search and texts as they are now; a turn works with one of these."""
    current = get_live_knowledge().current
    index = current.index
    return Context(current.knowledge, index.rank, get_texts(), index.rank_new)


class LotseAction(Action, ABC):
    """An action that answers with one handler of the dialogue."""

    action_name: ClassVar[str]

    @staticmethod
    @abstractmethod
    def handler(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
        """Answer a message; every action names its handler of the dialogue here."""

    def name(self) -> str:
        """Return the name of the action in ``domain.yml``."""
        return self.action_name

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the latest message. Whatever goes wrong, there is one reply and one outcome."""
        context = get_context()
        before = remembered(tracker.slots)
        after = before or State()
        try:
            turn = understood(tracker.latest_message)
            reply, after = respond(turn, after.known(context.knowledge), context, self.handler)
        except Exception:
            logger.exception("Die Aktion %s ist fehlgeschlagen", self.name())
            reply = failure(context)
        utter(reply, dispatcher, tracker.latest_message.get("metadata") or {})
        # A turn is one action. Said so, Rasa need not ask its policies what comes after it.
        listen = FollowupAction("action_listen")
        return [*changes(before, after), *self.extra_events(reply), listen]

    def extra_events(self, reply: Reply) -> list[dict[str, Any]]:
        """Return events beyond the changed state."""
        return []


def remembered(slots: Mapping[str, Any]) -> State | None:
    """Return the state that the slots hold; ``None`` when it is of a form that is out of use."""
    try:
        return State.from_slots(slots)
    except (AttributeError, TypeError, ValueError):
        logger.warning("Ein Gespräch mit veraltetem Stand beginnt von vorn")
        return None


def understood(message: Mapping[str, Any]) -> Turn:
    """Build the turn from Rasa's parse result."""
    mentions = [
        Mention(e["value"], "", e.get("start", 0), e.get("end", 0), bool(e.get("role")))
        for e in message.get("entities") or []
        if e.get("entity") == "akteursgruppe"
    ]
    return Turn.from_message(message, named_groups(mentions))


def utter(reply: Reply, dispatcher: CollectingDispatcher, metadata: Mapping[str, Any]) -> None:
    """Send a reply: in one piece to our own channels, as text and outcome to Rasa's."""
    if metadata.get(STRUCTURED):
        dispatcher.utter_message(json_message=reply.to_json())
        return
    buttons = [{"title": choice.title, "payload": choice.title} for choice in reply.choices]
    dispatcher.utter_message(text=render_text(reply.parts), buttons=buttons)
    dispatcher.utter_message(json_message={"answer": reply.outcome.to_json()})


def changes(before: State | None, after: State) -> list[dict[str, Any]]:
    """Return the slot events that lead from one state (``None``: unknown) to the other."""
    new = after.to_slots()
    old = before.to_slots() if before else {}
    return [
        SlotSet(name, value) for name, value in new.items() if name not in old or value != old[name]
    ]


def failure(context: Context) -> Reply:
    """Return the reply to a message whose answer went wrong."""
    return Reply(
        Outcome("no_answer", topic=FAILED, confidence=0.0),
        (Paragraph(context.texts("fehler")), compose.contact(context)),
        compose.group_choices(context, basics=True),
    )
