"""Asking on: more, simpler, source, example, back, again, and picking from a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.answer import Paragraph

ENTRY = "wirtschaft-empfehlung-5"
OTHER = "politik-empfehlung-1"


def test_more_explains_the_entry_at_length_and_leads_on(talk: Any) -> None:
    talk.ask(ENTRY)
    reply = talk.say("mehr dazu", "mehr")
    entry = talk.context.knowledge[ENTRY]
    assert (reply.outcome.status, reply.outcome.topic) == ("dialog", "mehr")
    assert reply.outcome.entries == (ENTRY,)
    assert Paragraph(entry.text) in reply.parts
    assert [c.target for c in reply.choices] == [f"eintrag:{i}" for i in entry.siehe_auch[:3]]


@pytest.mark.parametrize("said", ["Was gibt es da sonst noch?", "Haben wir schon, andere Ideen?"])
def test_asking_what_else_there_is_lists_what_was_not_shown(talk: Any, said: str) -> None:
    shown = talk.say("Wie?", "anliegen", entries={"wirtschaft-empfehlung-5": 0.9})
    assert shown.outcome.entries[0] == "wirtschaft-empfehlung-5"
    reply = talk.say(said, "mehr")
    assert (reply.outcome.status, reply.outcome.topic) == ("dialog", "mehr")
    assert (reply.outcome.group, reply.outcome.kind) == ("wirtschaft", "empfehlung")
    assert len(reply.outcome.entries) > 2
    assert "wirtschaft-empfehlung-5" not in reply.outcome.entries


def test_asking_for_more_of_the_same_is_not_asking_what_else_there_is(talk: Any) -> None:
    talk.say("Wie?", "anliegen", entries={"wirtschaft-empfehlung-5": 0.9})
    for said in ("noch mehr dazu", "noch genauer bitte", "noch mal ausführlicher"):
        assert talk.say(said, "mehr").outcome.entries == ("wirtschaft-empfehlung-5",)


def test_more_of_something_in_particular_is_answered(talk: Any) -> None:
    talk.say("Tipps für Vereine", "empfehlungen", "zivilgesellschaft")
    near = [("zivilgesellschaft-empfehlung-5", 0.5), ("zivilgesellschaft-empfehlung-2", 0.2)]
    talk.context = replace(talk.context, rank=lambda text, group: near)
    reply = talk.say("Und sonst noch Ideen, wie man Danke sagt?", "mehr")
    assert reply.outcome.entries[0] == "zivilgesellschaft-empfehlung-5"
    talk.say("Tipps für Vereine", "empfehlungen", "zivilgesellschaft")
    assert talk.say("Weitere zeigen (3)", "dank").outcome.topic == "mehr", "a button is a button"


def test_after_how_a_group_ticks_there_are_its_recommendations(talk: Any) -> None:
    talk.say("Wie ticken Vereine?", "handlungslogik", "zivilgesellschaft")
    reply = talk.say("Was gibt es da noch?", "mehr")
    assert (reply.outcome.group, reply.outcome.kind) == ("zivilgesellschaft", "empfehlung")


def test_why_is_answered_by_the_explanation_of_what_was_shown(talk: Any) -> None:
    talk.ask("wirtschaft-empfehlung-1")
    reply = talk.say("Und warum das?", "warum_das")
    assert reply.outcome.entries == ("wirtschaft-empfehlung-1",)
    assert reply == talk.say("mehr dazu", "mehr")


def test_why_after_a_list_is_answered_by_how_the_group_ticks(talk: Any) -> None:
    talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    reply = talk.say("Und warum das?", "warum_das")
    assert (reply.outcome.status, reply.outcome.kind) == ("overview", "handlungslogik")


def test_simpler_says_it_in_plain_language(talk: Any) -> None:
    talk.ask(ENTRY)
    reply = talk.say("einfacher bitte", "einfacher")
    assert reply.outcome.topic == "einfacher"
    assert Paragraph(talk.context.knowledge[ENTRY].einfach) in reply.parts


def test_where_from_names_chapter_and_place(talk: Any, plain: Any) -> None:
    talk.ask(ENTRY)
    reply = talk.say("Woher stammt das?", "quelle")
    entry = talk.context.knowledge[ENTRY]
    assert reply.outcome.topic == "quelle"
    assert plain(reply) == talk.context.texts(
        "quelle_von", titel=entry.titel, quelle=talk.context.knowledge.source_line(entry)
    )


def test_where_from_before_anything_was_shown_names_the_document(talk: Any, plain: Any) -> None:
    reply = talk.say("Woher stammt das?", "quelle")
    assert talk.context.knowledge.document.titel in plain(reply)


@pytest.mark.parametrize(
    ("intent", "response"),
    [
        ("mehr", "mehr_leer"),
        ("einfacher", "einfacher_leer"),
        ("wiederholen", "wiederholen_leer"),
        ("zurueck", "zurueck_leer"),
        ("auswahl", "auswahl_leer"),
    ],
)
def test_asking_on_from_nothing_says_so_and_offers_topics(
    talk: Any, intent: str, response: str
) -> None:
    reply = talk.say("weiter", intent)
    assert (reply.outcome.status, reply.outcome.topic) == ("dialog", intent)
    assert reply.parts == (Paragraph(talk.context.texts(response)),)
    assert reply.choices


def test_again_repeats_the_answer(talk: Any) -> None:
    first = talk.ask(ENTRY)
    reply = talk.say("nochmal", "wiederholen")
    assert (reply.outcome.status, reply.outcome.topic) == ("dialog", "wiederholen")
    assert reply.parts == first.parts


def test_back_goes_to_the_answer_before_and_from_there_further_back(talk: Any) -> None:
    for entry_id in (OTHER, ENTRY, "verwaltung-empfehlung-1"):
        talk.ask(entry_id)
    assert talk.say("zurück", "zurueck").outcome.entries[0] == ENTRY
    assert talk.say("zurück", "zurueck").outcome.entries[0] == OTHER
    reply = talk.say("zurück", "zurueck")
    assert reply.parts == (Paragraph(talk.context.texts("zurueck_leer")),)


def test_back_to_an_overview_shows_the_list_again(talk: Any) -> None:
    first = talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    talk.ask(ENTRY)
    reply = talk.say("zurück zur Liste", "zurueck")
    assert reply.outcome.topic == "zurueck"
    assert reply.outcome.entries == first.outcome.entries


def test_again_after_a_comparison_is_no_error(talk: Any) -> None:
    talk.say("Unterschied?", "vergleich", "politik", "wirtschaft")
    reply = talk.say("nochmal", "wiederholen")
    assert reply.outcome.topic == "wiederholen"
    assert reply.outcome.entries[0].startswith("politik-handlungslogik")


def test_an_example_is_shown_for_the_entry_or_for_the_group(talk: Any) -> None:
    with_examples = next(e for e in talk.context.knowledge.values() if e.beispiele)
    talk.ask(with_examples.id)
    assert talk.say("Ein Beispiel?", "beispiel").outcome.entries[0] == with_examples.id
    reply = talk.say("Ein Beispiel aus der Wirtschaft?", "beispiel", "wirtschaft")
    assert reply.outcome.group == "wirtschaft"
    assert talk.context.knowledge[reply.outcome.entries[0]].beispiele


def test_an_example_of_nobody_in_particular_is_asked_back(talk: Any) -> None:
    assert talk.say("Ein Beispiel?", "beispiel").outcome.status == "clarify"


@pytest.mark.parametrize("intent", ["argumente", "zuerst"])
def test_arguments_and_first_steps_are_those_of_the_group(talk: Any, intent: str) -> None:
    assert talk.say("Was zuerst?", intent).outcome.status == "clarify"
    talk.ask(ENTRY)
    reply = talk.say("Was zuerst?", intent)
    assert (reply.outcome.status, reply.outcome.group) == ("answer", "wirtschaft")


def test_bringing_both_groups_together_needs_two(talk: Any) -> None:
    assert talk.say("Beide zusammen?", "beides").outcome.status == "clarify"
    reply = talk.say("Beide?", "beides", "politik", "wirtschaft")
    assert reply.outcome.status == "answer"
    assert reply.outcome.group in ("politik", "wirtschaft", "grundlagen")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("Das zweite genauer", 1),
        ("den dritten bitte", 2),
        ("Nummer 4", 3),
        ("2", 1),
        ("die eins", 0),
        ("das letzte", 3),
        ("ERSTES", 0),
    ],
)
def test_an_item_of_a_list_is_picked_by_number_or_place(talk: Any, said: str, at: int) -> None:
    listed = talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft").outcome.entries
    reply = talk.say(said, "auswahl")
    assert reply.outcome.status == "answer"
    assert reply.outcome.entries[0] == listed[at]


def test_an_item_of_a_later_page_is_picked_by_its_number(talk: Any) -> None:
    talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    talk.say("mehr", "mehr")
    reply = talk.say("Nummer 6", "auswahl")
    assert reply.outcome.entries[0] == "wirtschaft-empfehlung-6"


def test_a_number_that_the_list_does_not_have_is_asked_back(talk: Any) -> None:
    talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    reply = talk.say("Nummer 77", "auswahl")
    assert reply.outcome.status in ("clarify", "dialog")
    assert reply.choices


def test_an_item_is_picked_by_what_it_is_about(talk: Any) -> None:
    listed = talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft").outcome.entries
    title = talk.context.knowledge[listed[2]].titel
    reply = talk.say(f"das mit {title}", "auswahl")
    assert reply.outcome.entries[0] == listed[2]
