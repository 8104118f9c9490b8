"""Small talk, help, and the guided dialogues."""

from typing import Any

from rasa_sdk.events import SlotSet

from actions.base import LotseAction
from bot.answer import Reply
from bot.dialogue import guided, small_talk


class SmallTalk(LotseAction):
    """„Guten Tag!“, „Was können Sie?“, „Löschen Sie meine Daten.“"""

    action_name = "action_gespraech"
    handler = staticmethod(small_talk.small_talk)

    def extra_events(self, reply: Reply) -> list[dict[str, Any]]:
        """Have the conversation deleted when the person asked for that."""
        return [SlotSet("loeschen", True)] if reply.outcome.topic == "daten_loeschen" else []


class AskBack(LotseAction):
    """„Ich brauche Tipps.“"""

    action_name = "action_nachfragen"
    handler = staticmethod(small_talk.vague)


class Start(LotseAction):
    """„Ich bin neu und weiß nicht, wo ich anfangen soll.“"""

    action_name = "action_einstieg"
    handler = staticmethod(guided.start)
