"""The whole assistant, asked over HTTP as people ask it."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

QUESTIONS = {
    "Was hat ein Unternehmen davon, wenn es sich engagiert?": "wirtschaft-empfehlung-4",
    "Wie erreiche ich Unternehmen über den Lions Club oder ein Business Breakfast?": (
        "wirtschaft-empfehlung-5"
    ),
    "Was ist ein Marktplatz für Unternehmen und Vereine?": "wirtschaft-empfehlung-7",
    "Hilft mir die IHK als Türöffner zu den Betrieben?": "wirtschaft-empfehlung-1",
    "Wie spreche ich Unternehmerinnen persönlich an?": "wirtschaft-empfehlung-3",
    "Wie halte ich die Politik mit Zwischenberichten auf dem Laufenden?": "politik-empfehlung-1",
    "Wer darf im Rathaus überhaupt Kontakt zu den Fraktionen aufnehmen?": "politik-empfehlung-2",
    "Ist Engagement ein harter Standortfaktor?": "politik-empfehlung-3",
    "Soll ich beim Neujahrsempfang Erfolgsgeschichten erzählen?": "politik-empfehlung-5",
    "Brauche ich einen Ratsbeschluss, um das Thema in der Verwaltung zu verankern?": (
        "verwaltung-empfehlung-1"
    ),
    "Die Kollegen fürchten Zusatzarbeit, welche Argumente helfen?": "verwaltung-empfehlung-6",
    "Was bringt ein Newsletter oder das Intranet für das Thema im Haus?": (
        "verwaltung-empfehlung-5"
    ),
    "Wie finde ich Kolleginnen mit offenen Ohren?": "verwaltung-empfehlung-2",
    "Darf das Ehrenamt das Hauptamt ersetzen?": "verwaltung-erfolgsfaktor-2",
    "Welche Kriterien soll ein gutes Projekt der Zivilgesellschaft erfüllen?": (
        "zivilgesellschaft-empfehlung-7"
    ),
    "Wie erkenne ich Ehrenamtliche an, zum Beispiel mit einem Fotowettbewerb?": (
        "zivilgesellschaft-empfehlung-5"
    ),
    "Bringt ein Wettbewerb zwischen Vereinen mehr Beteiligung?": "zivilgesellschaft-empfehlung-6",
    "Was bedeutet Hebammenfunktion?": "grundlagen-3",
    "Muss ich die Empfehlungen an die Größe und Lage meiner Kommune anpassen?": "grundlagen-2",
}


@pytest.mark.parametrize(("question", "entry"), QUESTIONS.items())
def test_a_question_is_answered_with_the_right_entry_first(
    talk: Any, knowledge: Any, question: str, entry: str
) -> None:
    outcome = talk.say(question)
    assert (outcome["status"], outcome["entries"][:1]) == ("answer", [entry])
    assert knowledge[entry].kurz in talk.text
    assert knowledge[entry].quelle.place in talk.text


@pytest.mark.parametrize(
    "written",
    [
        "Wie gewinne ich die Unternehmer und Händler?",
        "wie gewinne ich die unternehmer und haendler",
        "WIE GEWINNE ICH DIE UNTERNEHMER UND HÄNDLER???",
        "Wie gewinne ich die Unternehmer:innen und Händler:innen?",
        "Wie gewinne ich die Unternehmer*innen und Händler*innen?",
        "Wie gewinne ich die UnternehmerInnen und Händler/-innen?",
        "Wie gewinne ich die Unternehmer(innen) und Ha\u0308ndler_innen?",
    ],
)
def test_however_it_is_written_the_group_is_understood(talk: Any, written: str) -> None:
    assert talk.say(written)["group"] == "wirtschaft"


@pytest.mark.parametrize(
    ("question", "group", "kind"),
    [
        ("Welche Empfehlungen gibt es für die Wirtschaft?", "wirtschaft", "empfehlung"),
        ("Was sind die Erfolgsfaktoren bei der Politik?", "politik", "erfolgsfaktor"),
        ("Wie ticken Vereine?", "zivilgesellschaft", "handlungslogik"),
    ],
)
def test_an_overview_is_given_of_group_and_kind(
    talk: Any, question: str, group: str, kind: str
) -> None:
    outcome = talk.say(question)
    assert (outcome["status"], outcome["group"], outcome["kind"]) == ("overview", group, kind)


def test_group_and_kind_carry_over(talk: Any) -> None:
    talk.say("Welche Empfehlungen gibt es für die Wirtschaft?")
    outcome = talk.say("Und bei der Politik?")
    assert (outcome["group"], outcome["kind"]) == ("politik", "empfehlung")
    outcome = talk.say("Und die Erfolgsfaktoren?")
    assert (outcome["group"], outcome["kind"]) == ("politik", "erfolgsfaktor")


def test_one_can_ask_on(talk: Any, knowledge: Any) -> None:
    listed = talk.say("Welche Empfehlungen gibt es für die Wirtschaft?")["entries"]
    second = talk.say("Das zweite genauer bitte")
    assert second["entries"][0] == listed[1]
    entry = knowledge[listed[1]]
    assert talk.say("Mehr dazu")["topic"] == "mehr"
    assert entry.text in talk.text
    assert talk.say("Einfacher bitte")["topic"] == "einfacher"
    assert entry.einfach in talk.text
    assert talk.say("Woher stammt das?")["topic"] == "quelle"
    assert entry.quelle.place in talk.text
    assert talk.say("Nochmal")["topic"] == "wiederholen"
    outcome = talk.say("Zurück")
    assert (outcome["topic"], outcome["entries"]) == ("zurueck", listed)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Guten Tag!", "gruss"),
        ("Vielen Dank", "dank"),
        ("Was können Sie?", "faehigkeiten"),
        ("Ich möchte mit einem Menschen sprechen", "mensch_sprechen"),
        ("Sind Sie ein Roboter?", "bot_frage"),
    ],
)
def test_small_talk_is_understood(talk: Any, text: str, topic: str) -> None:
    outcome = talk.say(text)
    assert (outcome["status"], outcome["topic"]) == ("dialog", topic)


@pytest.mark.parametrize(
    "text",
    [
        "Wie wird das Wetter morgen?",
        "Wann hat das Schwimmbad geöffnet?",
        "Wer ist Weltmeister geworden?",
    ],
)
def test_what_is_not_in_the_knowledge_base_is_said_plainly(
    talk: Any, knowledge: Any, text: str
) -> None:
    assert talk.say(text)["status"] == "no_answer"
    assert knowledge.contact.name in talk.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\u200b",
        "x" * 10_000,
        "a" * 1000,
        "🙂🙂🙂",
        "How do I attract volunteers?",
        "你好",
        "Здравствуйте",
        "\x00\x07\x1b[2J",
        "/restart",
        "/anliegen",
        "// /session_start",
        '/gruss{"akteursgruppe": "politik"}',
        "?!.,;",
        "<b>fett</b> {gruppe} %s",
        "1",
        "ß",
    ],
)
def test_bad_input_is_answered_and_the_conversation_goes_on(talk: Any, text: str) -> None:
    talk.say(text)
    assert talk.say("Was bedeutet Hebammenfunktion?")["entries"][0] == "grundlagen-3"


def test_a_broken_request_is_a_clear_error(lotse: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        lotse.messages(5, "anna")
    assert caught.value.code == 400


def test_two_conversations_do_not_mix(lotse: Any) -> None:
    anna, berta = lotse.conversation(), lotse.conversation()
    anna.say("Welche Empfehlungen gibt es für die Wirtschaft?")
    berta.say("Welche Empfehlungen gibt es für die Politik?")
    assert anna.say("Und die Erfolgsfaktoren?")["group"] == "wirtschaft"
    assert berta.say("Und die Erfolgsfaktoren?")["group"] == "politik"


def test_deleting_forgets_the_conversation(talk: Any) -> None:
    talk.say("Was bedeutet Hebammenfunktion?")
    assert talk.say("Löschen Sie bitte meine Daten")["topic"] == "daten_loeschen"
    assert talk.say("Nochmal")["entries"] == []


def test_a_restart_keeps_the_conversation(start: Callable[[Path], Any], tmp_path: Path) -> None:
    database = tmp_path / "unterhaltungen.db"
    with start(database) as lotse:
        talk = lotse.conversation()
        talk.say("Was bedeutet Hebammenfunktion?")
    with start(database) as lotse:
        talk.lotse = lotse
        outcome = talk.say("Nochmal")
    assert (outcome["topic"], outcome["entries"][0]) == ("wiederholen", "grundlagen-3")
