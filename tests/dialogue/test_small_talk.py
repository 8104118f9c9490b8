"""Everything about the conversation itself."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import Paragraph
from bot.dialogue.state import HISTORY_LENGTH, State

CONTENT_INTENTS = {"action_gespraech"}


def test_each_intent_of_small_talk_says_its_own_response(talk: Any) -> None:
    for intent, action in talk.action_of.items():
        if action in CONTENT_INTENTS:
            reply = talk.say("…", intent)
            assert (reply.outcome.status, reply.outcome.topic) == ("dialog", intent)
            assert reply.parts[0] == Paragraph(talk.context.texts(intent))


@pytest.mark.parametrize("intent", ["mensch_sprechen", "kritik"])
def test_who_wants_a_person_gets_the_contact(talk: Any, plain: Any, intent: str) -> None:
    assert talk.context.knowledge.contact.name in plain(talk.say("Mensch bitte", intent))


@pytest.mark.parametrize("intent", ["neustart", "daten_loeschen"])
def test_starting_over_and_deleting_forget_everything(talk: Any, intent: str) -> None:
    talk.ask("politik-empfehlung-1")
    talk.say("weg damit", intent)
    assert talk.state.last is None
    assert talk.state.gruppe is None
    assert talk.state.frage == ""


@pytest.mark.parametrize("intent", ["einstieg", "check", "plan"])
def test_someone_new_is_guided(talk: Any, intent: str) -> None:
    reply = talk.say("Ich bin neu", intent)
    assert (reply.outcome.status, reply.outcome.topic) == ("guide", intent)
    assert reply.choices


def test_small_talk_in_between_loses_nothing(talk: Any) -> None:
    talk.ask("politik-empfehlung-1")
    talk.say("Danke", "dank")
    assert talk.say("mehr", "mehr").outcome.entries == ("politik-empfehlung-1",)


def test_what_is_remembered_is_bounded(talk: Any) -> None:
    for entry_id in [*talk.context.knowledge][: HISTORY_LENGTH + 5]:
        talk.ask(entry_id)
    assert len(talk.state.verlauf) == HISTORY_LENGTH


def test_a_state_without_anything_comes_back_from_empty_slots() -> None:
    assert State.from_slots({}) == State()
    assert State.from_slots(dict.fromkeys(State().to_slots())) == State()
