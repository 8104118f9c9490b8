"""Turning to another group, and correcting what was understood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.dialogue import correction


def test_a_correction_answers_the_same_question_for_the_group_that_was_meant(talk: Any) -> None:
    talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    reply = talk.say(
        "Nein, nicht die Firmen, die Vereine",
        "korrektur",
        "zivilgesellschaft",
        excluded=("wirtschaft",),
    )
    assert (reply.outcome.group, reply.outcome.kind) == ("zivilgesellschaft", "empfehlung")


def test_a_group_that_is_only_ruled_out_is_asked_for(talk: Any) -> None:
    talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    reply = talk.say("Nein, nicht die Firmen", "korrektur", excluded=("wirtschaft",))
    assert (reply.outcome.status, reply.outcome.kind) == ("clarify", "empfehlung")
    assert talk.state.gruppe is None


def test_a_specific_question_is_taken_along_to_another_group(talk: Any) -> None:
    question = "feste Ansprechperson Kontaktpflege"
    talk.ask("wirtschaft-erfolgsfaktor-3", question)
    reply = talk.say("Vereine", "gruppe", "zivilgesellschaft")
    assert reply.outcome.group == "zivilgesellschaft"
    assert reply.outcome.status in ("answer", "overview")


def unlinked(talk: Any, group: str, other: str) -> str:
    """An entry that nothing of another group refers to, nor does it to that."""
    return next(
        entry.id
        for entry in talk.context.knowledge.select(group)
        if not correction._linked(entry, other, talk.context)
    )


def test_what_is_taken_along_is_the_answer_or_the_question_that_is_still_open(talk: Any) -> None:
    looked_for: list[str] = []
    counterpart = "wirtschaft-empfehlung-9"

    def rank(text: str, group: str | None) -> list[tuple[str, float]]:
        looked_for.append(text)
        return [(counterpart, 0.5 if group == "wirtschaft" else 0.0)]

    talk.context = replace(talk.context, rank=rank)
    alone = unlinked(talk, "zivilgesellschaft", "wirtschaft")
    talk.ask(alone, "Wie höre ich hin?")
    reply = talk.say("Und Firmen?", "gruppe", "wirtschaft")
    assert looked_for == [f"{talk.context.knowledge[alone].titel} Und Firmen?"]
    assert reply.outcome.entries[0] == counterpart
    talk.say("Nein, nicht die Firmen", "korrektur", excluded=("wirtschaft",))
    talk.say("Wie spreche ich sie an?", "empfehlungen")
    assert talk.say("Firmen", "gruppe", "wirtschaft").outcome.entries[0] == counterpart
    assert looked_for[-1] == "Wie spreche ich sie an? Firmen"


def test_without_a_group_and_a_conversation_it_asks_which(talk: Any) -> None:
    assert talk.say("Nein, anders", "korrektur").outcome.status == "clarify"


def test_vague_wishes_are_asked_back_and_in_a_conversation_are_about_its_group(talk: Any) -> None:
    reply = talk.say("Tipps", "vage")
    assert reply.outcome.status == "clarify"
    assert {c.target for c in reply.choices} >= {"gruppe:politik", "gruppe:wirtschaft"}
    talk.say("Wie ticken Firmen?", "handlungslogik", "wirtschaft")
    reply = talk.say("Tipps", "vage")
    assert (reply.outcome.group, reply.outcome.kind) == ("wirtschaft", "empfehlung")


def test_an_overview_of_another_group_begins_with_what_was_asked(talk: Any) -> None:
    talk.say("Welche Projekte sind passgenau und attraktiv?", "empfehlungen", "verwaltung")
    reply = talk.say("Und bei den Firmen?", "gruppe", "wirtschaft")
    assert (reply.outcome.status, reply.outcome.group) == ("overview", "wirtschaft")
    ranked = [
        i
        for i, _ in talk.context.rank(
            "Welche Projekte sind passgenau und attraktiv? Und bei den Firmen?", "wirtschaft"
        )
        if talk.context.knowledge[i].art == "empfehlung"
    ]
    assert reply.outcome.entries[0] == ranked[0] != "wirtschaft-empfehlung-1"


def test_after_an_answer_the_other_group_gets_the_kind_that_fits_the_question(talk: Any) -> None:
    far = [("wirtschaft-erfolgsfaktor-3", 0.2), ("wirtschaft-empfehlung-1", 0.1)]
    talk.context = replace(talk.context, rank=lambda text, group: far)
    talk.ask(unlinked(talk, "verwaltung", "wirtschaft"), "Wer hält den Kontakt?")
    reply = talk.say("Und bei den Firmen?", "gruppe", "wirtschaft")
    assert (reply.outcome.status, reply.outcome.kind) == ("overview", "erfolgsfaktor")
    assert reply.outcome.entries[0] == "wirtschaft-erfolgsfaktor-3"


def test_the_kind_of_a_list_stays_when_one_of_it_was_read(talk: Any) -> None:
    talk.say("Erfolgsfaktoren bei Vereinen", "erfolgsfaktoren", "zivilgesellschaft")
    talk.say("das zweite", "auswahl")
    far = [("wirtschaft-empfehlung-1", 0.2)]
    talk.context = replace(talk.context, rank=lambda text, group: far)
    reply = talk.say("Und bei den Firmen?", "gruppe", "wirtschaft")
    assert (reply.outcome.status, reply.outcome.kind) == ("overview", "erfolgsfaktor")


def test_what_rules_out_a_part_of_the_group_is_not_asked_back(talk: Any) -> None:
    talk.say("Wie gewinne ich die Verwaltung?", "empfehlungen", "verwaltung")
    near = [("verwaltung-handlungslogik-2", 0.4)]
    talk.context = replace(talk.context, rank=lambda text, group: near)
    chefs = "Ich meine die Chefs, nicht die Kollegen"
    reply = talk.say(chefs, "korrektur", excluded=("verwaltung",))
    assert reply.outcome.entries == ("verwaltung-handlungslogik-2",)


def test_what_lies_between_two_groups_is_looked_for_in_both(talk: Any) -> None:
    talk.ask("grundlagen-3", "Was ist meine Aufgabe?")
    near = [("politik-empfehlung-1", 0.6), ("wirtschaft-empfehlung-10", 0.5)]
    talk.context = replace(talk.context, rank=lambda text, group: near if group is None else [])
    reply = talk.say("Und zwischen Amt und Firmen?", "gruppe", "verwaltung", "wirtschaft")
    assert reply.outcome.entries == ("wirtschaft-empfehlung-10",)


def test_a_question_that_only_turns_its_group_keeps_what_was_asked(talk: Any) -> None:
    talk.ask("wirtschaft-empfehlung-1", "Wie setze ich den Bürgermeister ein?")
    talk.say(
        "Und wenn es um die Kollegen geht?",
        "anliegen",
        "verwaltung",
        entries={"verwaltung-handlungslogik-2": 0.8},
    )
    assert talk.state.frage.startswith("Wie setze ich den Bürgermeister ein?")
    assert talk.state.frage.endswith("Und wenn es um die Kollegen geht?")
    talk.ask("zivilgesellschaft-empfehlung-4", "Wie sammle ich die Ideen der Vereine ein?")
    assert talk.state.frage == "Wie sammle ich die Ideen der Vereine ein?"
