"""The guide inside the conversation: who takes a message, and what comes below an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from actions.anliegen import AnswerConcern
from actions.gespraech import SmallTalk, Start
from actions.nachfragen import FirstOfAll, Reasons
from bot import terminal
from bot.answer import Link, Points, Reply, render_text
from bot.dialogue.respond import respond
from bot.dialogue.state import State
from bot.dialogue.texts import Texts
from bot.dialogue.turn import Context, Turn
from bot.knowledge import Knowledge
from bot.settings import Settings, get_settings

HANDLERS = {
    "anliegen": AnswerConcern.handler,
    "einstieg": Start.handler,
    "check": Start.handler,
    "plan": Start.handler,
    "zuerst": FirstOfAll.handler,
    "warum_das": Reasons.handler,
}


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOTSE_STATE_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@dataclass
class Conversation:
    """Says something with a given meaning; the state goes through Rasa's slots each time."""

    context: Context
    state: State = field(default_factory=State)

    def say(self, text: str, intent: str = "anliegen", *groups: str, **entries: float) -> Reply:
        likely = {name.replace("_", "-"): chance for name, chance in entries.items()}
        intents = {intent: 0.9, "anliegen": sum(likely.values())}
        turn = Turn(text, intent, 0.9, intents, likely, groups=groups)
        handler = HANDLERS.get(intent, SmallTalk.handler)
        reply, after = respond(turn, self.state, self.context, handler)
        self.state = State.from_slots(json.loads(json.dumps(after.to_slots())))
        return reply


@pytest.fixture
def talk(knowledge: Knowledge, texts: Texts) -> Conversation:
    def rank(text: str, group: str | None) -> list[tuple[str, float]]:
        return [(entry.id, 0.5) for entry in knowledge.select(group)]

    return Conversation(Context(knowledge, rank, texts))


def text(reply: Reply) -> str:
    return render_text(reply.parts)


def test_someone_new_is_guided_by_numbers_to_a_plan_to_take_along(talk: Conversation) -> None:
    reply = talk.say("Ich bin neu und weiß nicht, wo ich anfangen soll", "einstieg")
    assert reply.outcome.status == "guide"
    for number in range(6):
        assert f"Frage {number + 1} von 6" in text(reply)
        reply = talk.say("1", "auswahl")
    assert len(reply.outcome.entries) == 3
    links = [part.path for part in reply.parts if isinstance(part, Link)]
    assert [path.rpartition(".")[2] for path in links][1:] == ["md", "ics"]
    assert "Ich bin neu" not in "".join(links)


def test_a_question_in_between_is_answered_and_the_open_one_comes_below(
    talk: Conversation,
) -> None:
    talk.say("einstieg", "einstieg")
    reply = talk.say("Was ist die Win-Win-Börse?", wirtschaft_empfehlung_7=0.8)
    assert reply.outcome.status == "answer"
    assert reply.outcome.entries[0] == "wirtschaft-empfehlung-7"
    assert text(reply).index("Win-Win-Börse") < text(reply).index("Zurück zu Ihrem Einstieg:")
    assert reply.choices[0].target == "fuehrung:antwort:ort:dorf"
    talk.say("1", "auswahl")
    assert talk.state.einstieg.session.answers == {"ort": "dorf"}


def test_a_plain_no_in_between_still_names_the_nearest_topics(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    reply = talk.say("Wie viel verdient man da?", grundlagen_1=0.05, grundlagen_3=0.02)
    assert reply.outcome.status == "no_answer"
    listed = [part.items for part in reply.parts if isinstance(part, Points)]
    assert any("Ihre Rolle: vermitteln und zusammenbringen" in items for items in listed)
    assert "Zurück zu Ihrem Einstieg:" in text(reply)


def test_when_the_assistant_asks_back_itself_the_guide_waits(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    reply = talk.say("Wie geht das mit den Leuten?", grundlagen_1=0.2, grundlagen_3=0.15)
    assert reply.outcome.status == "clarify"
    assert reply.choices[-1].title == "Weitermachen: Einstieg"
    reply = talk.say("1", "auswahl")
    assert reply.outcome.status == "answer"
    assert "Zurück zu Ihrem Einstieg:" in text(reply)


@pytest.mark.parametrize("topic", ["warten", "verabschiedung"])
def test_someone_who_has_to_go_is_not_asked_again(topic: str, talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    reply = talk.say("Moment, Telefon", topic)
    assert reply.outcome.topic == topic
    assert "Frage 1" not in text(reply)
    assert talk.state.einstieg.asking


def test_deleting_the_data_ends_the_guide(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    reply = talk.say("Lösche meine Daten", "daten_loeschen")
    assert reply.outcome.topic == "daten_loeschen"
    assert talk.state == State()


def test_it_proposes_itself_once_and_takes_no_for_an_answer(talk: Conversation) -> None:
    new = "Komme aus dem Eventbereich und soll jetzt fördern, was ist mein Job?"
    reply = talk.say(new, grundlagen_3=0.8)
    assert reply.outcome.status == "answer"
    assert "Sie sind neu in der Aufgabe?" in text(reply)
    assert talk.say("nein danke", "verneinen").outcome.topic == "verneinen"
    assert "Sie sind neu" not in text(talk.say(new, grundlagen_3=0.8))


def test_yes_to_the_proposal_begins(talk: Conversation) -> None:
    talk.say("Ich soll jetzt fördern, was ist mein Job?", grundlagen_3=0.8)
    assert talk.say("ja gern", "bejahen").outcome.status == "guide"


def test_later_is_resumed_by_a_word_also_after_other_questions(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    talk.say("dorf")
    talk.say("später weiter", "warten")
    reply = talk.say("Was ist die Win-Win-Börse?", wirtschaft_empfehlung_7=0.8)
    assert "Zurück zu Ihrem Einstieg" not in text(reply)
    reply = talk.say("weitermachen", "mehr")
    assert reply.outcome.status == "guide"
    assert "Frage 2 von 6" in text(reply)


def test_what_comes_first_of_a_plan_is_its_first_step(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    plan = talk.say("zeig mir den plan", "plan")
    reply = talk.say("Was davon zuerst?", "zuerst")
    assert reply.outcome.entries[0] == plan.outcome.entries[0]


def test_the_plan_is_repeated_and_changed(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    plan = talk.say("zeig mir den plan", "plan")
    assert talk.say("nochmal", "wiederholen").outcome == plan.outcome
    changed = talk.say("doch eher Wirtschaft", "korrektur", "wirtschaft")
    assert changed.outcome.group == "wirtschaft"
    assert talk.state.gruppe == "wirtschaft"
    assert "Frage 6 von 6" in text(talk.say("zurück", "zurueck"))


def test_greeting_offers_both_dialogues(talk: Conversation) -> None:
    titles = [choice.title for choice in talk.say("Guten Tag", "gruss").choices]
    assert titles[:2] == ["Einstieg", "Erfolgsfaktoren-Check"]


def test_without_a_guide_it_asks_for_the_group(talk: Conversation) -> None:
    bare = Knowledge.__new__(Knowledge)
    bare.__dict__.update({**talk.context.knowledge.__dict__, "guide": None})
    talk.context = Context(bare, talk.context.rank, talk.context.texts)
    assert talk.say("ich bin neu", "einstieg").outcome.status == "clarify"


def test_in_the_terminal_choices_have_numbers_and_links_a_host(talk: Conversation) -> None:
    settings = Settings(host="127.0.0.1", port=5005)
    shown = terminal.in_terminal(talk.say("einstieg", "einstieg"), settings)
    assert "  1) Kleine Gemeinde (unter 5.000)" in shown
    shown = terminal.in_terminal(talk.say("zeig mir den plan", "plan"), settings)
    assert "http://127.0.0.1:5005/plan/" in shown


def test_why_within_a_dialogue_explains_the_question(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    asked = talk.state.einstieg
    reply = talk.say("und wozu das?", "warum_das")
    assert reply.outcome.status == "guide"
    assert reply == talk.say("warum?", "vage")
    assert talk.state.einstieg == asked


def test_why_after_a_question_in_between_is_about_the_answer_to_that(talk: Conversation) -> None:
    talk.say("einstieg", "einstieg")
    talk.say("Was ist die Win-Win-Börse?", wirtschaft_empfehlung_7=0.8)
    reply = talk.say("und wozu das?", "warum_das")
    assert reply.outcome.entries[0] == "wirtschaft-empfehlung-7"
