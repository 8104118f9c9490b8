"""Entries that no model has learnt, weighed against what the classifier knows."""

from dataclasses import replace

import pytest

from bot.answer import Reply
from bot.dialogue import concern, small_talk
from bot.dialogue.respond import Handler, respond
from bot.dialogue.state import Shown, State
from bot.dialogue.texts import get_texts
from bot.dialogue.turn import Context, Turn
from bot.dialogue.unlearnt import join
from bot.knowledge import load_knowledge
from bot.settings import PROJECT

OWN = "lokal-ehrenamtskarte"
KNOWLEDGE = load_knowledge(
    PROJECT / "data" / "knowledge", PROJECT / "tests" / "knowledge" / "lokal_beispiele"
)
REFUSED = Turn(
    "Wer ist bei uns für die Ehrenamtskarte zuständig?",
    "ausserhalb",
    0.9,
    intents={"ausserhalb": 0.9, "anliegen": 0.1},
    entries={"politik-empfehlung-1": 0.08, "politik-empfehlung-2": 0.02},
    details={"kommunal": 0.9},
)
SURE = Turn(
    "Wie oft soll ich im Rat berichten?",
    "anliegen",
    0.95,
    intents={"anliegen": 0.95, "ausserhalb": 0.05},
    entries={"politik-empfehlung-1": 0.9, "politik-empfehlung-2": 0.05},
)


def context(chance: float) -> Context:
    new = [(OWN, chance)] if chance else []
    return Context(KNOWLEDGE, lambda text, group: [], get_texts(), lambda text: new)


def reply_to(turn: Turn, chance: float, handler: Handler, state: State = State()) -> Reply:  # noqa: B008
    return respond(turn, state, context(chance), handler)[0]


def test_a_message_taken_for_out_of_scope_is_answered_by_an_own_entry_very_near() -> None:
    outcome = reply_to(REFUSED, 0.9, concern.not_known).outcome
    assert (outcome.status, outcome.entries[0]) == ("answer", OWN)
    assert outcome.confidence > 0.8
    assert outcome.source == "Merkblatt 1"


def test_a_message_taken_for_out_of_scope_is_asked_back_about_when_an_own_entry_is_near() -> None:
    outcome = reply_to(REFUSED, 0.25, concern.not_known).outcome
    assert (outcome.status, outcome.entries[0]) == ("clarify", OWN)


@pytest.mark.parametrize("chance", [0.0, 0.01, 0.1])
def test_a_message_out_of_scope_stays_refused_when_no_own_entry_is_near(chance: float) -> None:
    assert reply_to(REFUSED, chance, concern.not_known).outcome.status == "no_answer"


@pytest.mark.parametrize("chance", [0.0, 0.1, 0.3])
def test_an_own_entry_does_not_take_a_message_from_one_that_the_model_is_sure_of(
    chance: float,
) -> None:
    outcome = reply_to(SURE, chance, concern.concern).outcome
    assert outcome.entries[0] == "politik-empfehlung-1"


def test_small_talk_stays_small_talk_unless_an_own_entry_is_likelier() -> None:
    thanks = Turn("Danke!", "dank", 0.8, intents={"dank": 0.8, "anliegen": 0.1})
    assert reply_to(thanks, 0.3, small_talk.small_talk).outcome.topic == "dank"
    assert reply_to(thanks, 0.8, small_talk.small_talk).outcome.entries[0] == OWN


def test_probabilities_still_add_up_to_one() -> None:
    joined = join(REFUSED, context(0.4))
    assert sum(joined.intents.values()) == pytest.approx(1)
    assert sum(joined.entries.values()) == pytest.approx(joined.intents["anliegen"])


def test_without_anything_new_the_turn_is_the_same() -> None:
    assert join(REFUSED, context(0.0)) is REFUSED


def test_what_was_shown_of_an_entry_that_is_gone_is_forgotten() -> None:
    gone = Shown("answer", "politik", None, ("lokal-weg",))
    there = Shown("answer", "politik", None, ("politik-empfehlung-1",))
    state = State(gruppe="politik", verlauf=(there, gone))
    assert state.known(KNOWLEDGE) == replace(state, verlauf=(there,))
    assert state.known({*KNOWLEDGE, "lokal-weg"}) is state
