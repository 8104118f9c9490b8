"""Overviews: short pages, a way to the rest, and groups side by side."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import Numbered
from bot.dialogue.compose import PAGE
from bot.knowledge import GRUPPEN


@pytest.mark.parametrize("group", GRUPPEN[1:])
@pytest.mark.parametrize(
    ("intent", "kind"), [("empfehlungen", "empfehlung"), ("erfolgsfaktoren", "erfolgsfaktor")]
)
def test_more_and_more_leads_through_the_whole_list(
    talk: Any, group: str, intent: str, kind: str
) -> None:
    expected = [entry.id for entry in talk.context.knowledge.select(group, kind)]
    reply = talk.say("Was raten Sie?", intent, group)
    assert reply.outcome.status == "overview"
    assert (reply.outcome.group, reply.outcome.kind) == (group, kind)
    listed, numbers = list(reply.outcome.entries), 1
    while any(choice.target == "mehr" for choice in reply.choices):
        assert len(reply.outcome.entries) == PAGE
        numbers += PAGE
        reply = talk.say("mehr", "mehr")
        assert (reply.outcome.status, reply.outcome.topic) == ("dialog", "mehr")
        (list_,) = [part for part in reply.parts if isinstance(part, Numbered)]
        assert list_.start == numbers
        listed += reply.outcome.entries
    assert listed == expected


def test_asking_on_in_general_does_not_repeat_the_list_that_was_just_shown(talk: Any) -> None:
    first = talk.say("Wie gewinne ich die Betriebe?", "empfehlungen", "wirtschaft")
    second = talk.say("Und was biete ich denen?", "empfehlungen_folge")
    assert second.outcome.status == "overview"
    assert not set(first.outcome.entries) & set(second.outcome.entries)
    talk.say("Und sonst?", "empfehlungen_folge")
    again = talk.say("Und was mache ich da?", "empfehlungen_folge")
    assert again.outcome.entries == first.outcome.entries, "after the last page the first one"


def test_the_button_for_the_rest_says_how_many_there_are(talk: Any) -> None:
    reply = talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    (button,) = [choice for choice in reply.choices if choice.target == "mehr"]
    assert button.title == talk.context.texts("knopf_weitere", anzahl="6")
    assert talk.say(button.title, "dank").outcome.topic == "mehr"


def test_how_a_group_ticks_is_shown_with_a_source_for_each_sentence(talk: Any) -> None:
    reply = talk.say("Wie tickt der Rat?", "handlungslogik", "politik")
    entries = talk.context.knowledge.select("politik", "handlungslogik")
    assert reply.outcome.status == "overview"
    assert reply.outcome.entries == tuple(entry.id for entry in entries)
    assert sum(type(part).__name__ == "SourceLine" for part in reply.parts) == len(entries)


def test_a_whole_group_offers_its_kinds(talk: Any) -> None:
    reply = talk.say("Was wissen Sie über Firmen?", "gruppe_alles", "wirtschaft")
    assert (reply.outcome.group, reply.outcome.kind) == ("wirtschaft", None)
    targets = [choice.target for choice in reply.choices]
    assert "ueberblick:wirtschaft:empfehlung" in targets
    title = talk.context.texts("knopf_erfolgsfaktor")
    assert talk.say(title, "dank").outcome.kind == "erfolgsfaktor"


def test_without_a_group_it_asks_which_and_keeps_the_kind(talk: Any) -> None:
    reply = talk.say("Erfolgsfaktoren bitte", "erfolgsfaktoren")
    assert (reply.outcome.status, reply.outcome.kind) == ("clarify", "erfolgsfaktor")
    assert reply.outcome.entries == ()
    name = talk.context.knowledge.groups["verwaltung"].name
    reply = talk.say(name, "gruppe", "verwaltung")
    assert reply.outcome.status == "overview"
    assert (reply.outcome.group, reply.outcome.kind) == ("verwaltung", "erfolgsfaktor")


def test_basics_are_an_overview_of_their_own(talk: Any) -> None:
    reply = talk.say("Grundlagen", "empfehlungen", "grundlagen")
    assert (reply.outcome.group, reply.outcome.kind) == ("grundlagen", "grundlage")


def test_the_kind_carries_over_to_another_group(talk: Any) -> None:
    talk.say("Erfolgsfaktoren bei Firmen", "erfolgsfaktoren", "wirtschaft")
    reply = talk.say("und bei der Politik?", "gruppe", "politik")
    assert (reply.outcome.group, reply.outcome.kind) == ("politik", "erfolgsfaktor")


def test_the_group_carries_over_to_another_kind(talk: Any) -> None:
    talk.say("Empfehlungen für Vereine", "empfehlungen", "zivilgesellschaft")
    reply = talk.say("und die Erfolgsfaktoren?", "erfolgsfaktoren_folge")
    assert (reply.outcome.group, reply.outcome.kind) == ("zivilgesellschaft", "erfolgsfaktor")


def test_two_groups_are_compared_side_by_side(talk: Any, plain: Any) -> None:
    reply = talk.say("Unterschied?", "vergleich", "zivilgesellschaft", "wirtschaft")
    assert (reply.outcome.status, reply.outcome.kind) == ("overview", "handlungslogik")
    shown = plain(reply)
    for group in ("zivilgesellschaft", "wirtschaft"):
        assert talk.context.knowledge.groups[group].name in shown
        for entry in talk.context.knowledge.select(group, "handlungslogik"):
            assert entry.kurz in shown


def test_the_two_groups_talked_about_are_the_two_that_are_compared(talk: Any) -> None:
    talk.say("Tipps für Firmen", "empfehlungen", "wirtschaft")
    talk.say("und Vereine?", "gruppe", "zivilgesellschaft")
    reply = talk.say("Worin unterscheiden sich die beiden?", "vergleich")
    assert {i.split("-")[0] for i in reply.outcome.entries} == {"wirtschaft", "zivilgesellschaft"}


def test_a_comparison_without_groups_asks_which(talk: Any) -> None:
    assert talk.say("Vergleichen Sie", "vergleich").outcome.status == "clarify"


def test_a_follow_up_that_means_an_entry_of_the_group_gets_it(talk: Any) -> None:
    talk.say("Wie gewinne ich die Wirtschaft?", "empfehlungen", "wirtschaft")
    seen = {"wirtschaft-empfehlung-5": 0.05, "politik-empfehlung-1": 0.2}
    reply = talk.say("Wie mache ich das mit dem Geld?", "empfehlungen_folge", entries=seen)
    assert reply.outcome.status == "answer"
    assert reply.outcome.entries[0] == "wirtschaft-empfehlung-5"


@pytest.mark.parametrize(
    "seen",
    [
        {"wirtschaft-empfehlung-5": 0.004},
        {"wirtschaft-empfehlung-5": 0.05, "wirtschaft-empfehlung-6": 0.04},
        {"politik-empfehlung-1": 0.2},
        {},
    ],
)
def test_a_general_follow_up_gets_the_overview(talk: Any, seen: dict[str, float]) -> None:
    talk.say("Wie gewinne ich die Wirtschaft?", "empfehlungen", "wirtschaft")
    reply = talk.say("Tja, hm, und nun?", "empfehlungen_folge", entries=seen)
    assert reply.outcome.status == "overview"


def test_a_message_that_says_more_than_its_group_gets_the_entry(talk: Any) -> None:
    seen = {"grundlagen-4": 0.2}
    reply = talk.say("Allgemein: Wie bleibt es?", "gruppe_alles", "grundlagen", entries=seen)
    assert reply.outcome.entries[0] == "grundlagen-4"


def test_what_an_answer_leads_to_begins_with_what_was_talked_about(talk: Any) -> None:
    asked = "Reichen persönliche Kontakte zu den Unternehmen?"
    talk.say(asked, "anliegen", entries={"wirtschaft-empfehlung-5": 0.9})
    reply = talk.say("Und worauf kommt es an?", "erfolgsfaktoren_folge")
    factors = [e.id for e in talk.context.knowledge.select("wirtschaft", "erfolgsfaktor")]
    near = [i for i, _ in talk.context.rank(f"{asked} Und worauf kommt es an?", "wirtschaft")]
    assert reply.outcome.status == "overview"
    assert list(reply.outcome.entries) == sorted(factors, key=near.index)
    assert list(reply.outcome.entries) != factors


def test_what_was_read_already_comes_after_the_rest(talk: Any) -> None:
    talk.ask("wirtschaft-empfehlung-5", "Wo treffe ich Geschäftsleute beim Frühstück?")
    reply = talk.say("Also direkt und einzeln, wie?", "empfehlungen_folge")
    assert reply.outcome.status == "overview"
    assert "wirtschaft-empfehlung-5" not in reply.outcome.entries


def test_a_list_in_another_order_still_leads_through_all_entries_once(talk: Any) -> None:
    first = talk.say(
        "Was tun, damit Betriebe bleiben?",
        "empfehlungen",
        "wirtschaft",
        entries={"wirtschaft-empfehlung-9": 0.2, "wirtschaft-empfehlung-8": 0.1},
    )
    assert first.outcome.entries[:3] == (
        "wirtschaft-empfehlung-9",
        "wirtschaft-empfehlung-8",
        "wirtschaft-empfehlung-1",
    )
    assert talk.say("nochmal", "wiederholen").outcome.entries == first.outcome.entries
    assert talk.say("das zweite", "auswahl").outcome.entries[0] == "wirtschaft-empfehlung-8"
    talk.say("zurück", "zurueck")
    listed = list(first.outcome.entries)
    for _ in range(2):
        listed += talk.say("mehr", "mehr").outcome.entries
    assert sorted(listed) == sorted(
        e.id for e in talk.context.knowledge.select("wirtschaft", "empfehlung")
    )


def test_a_plain_request_for_an_overview_is_answered_the_same_whatever_was_talked_about(
    talk: Any,
) -> None:
    asked = "Welche Empfehlungen gibt es für die Wirtschaft?"
    first = talk.say(asked, "empfehlungen", "wirtschaft")
    talk.ask("wirtschaft-empfehlung-5", "Wo treffe ich Geschäftsleute beim Frühstück?")
    assert talk.say(asked, "empfehlungen", "wirtschaft") == first
