"""Specific concerns: an answer, a question back, or a plain no with a contact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.answer import Heading, Numbered, Paragraph, Points, SourceLine
from bot.dialogue.concern import ANSWER_FROM, OFFER_FROM
from bot.dialogue.state import State
from bot.dialogue.turn import CONCERN

BEST = "verwaltung-empfehlung-6"
OTHERS = ("verwaltung-empfehlung-2", "verwaltung-erfolgsfaktor-1", "politik-empfehlung-4")


def test_a_clear_concern_is_answered_in_full_with_two_related_titles(talk: Any) -> None:
    reply = talk.ask(BEST, "Die Kollegen fürchten Mehrarbeit", *OTHERS)
    entry = talk.context.knowledge[BEST]
    assert reply.outcome.status == "answer"
    assert reply.outcome.entries[0] == BEST
    assert (reply.outcome.group, reply.outcome.kind) == ("verwaltung", "empfehlung")
    assert reply.outcome.source == entry.quelle.place
    assert reply.parts[:2] == (Heading(entry.titel), Paragraph(entry.kurz))
    assert Points(tuple(entry.punkte)) in reply.parts
    assert isinstance(reply.parts[-1], SourceLine)
    assert entry.quelle.stelle in reply.parts[-1].text
    assert [choice.target for choice in reply.choices] == [f"eintrag:{i}" for i in OTHERS[:2]]


def test_an_unclear_concern_is_asked_back_with_the_likeliest_titles(talk: Any) -> None:
    low = (ANSWER_FROM + OFFER_FROM) / 2
    reply = talk.say("hm", entries={BEST: low, OTHERS[0]: 0.05, OTHERS[1]: 0.01})
    assert reply.outcome.status == "clarify"
    assert reply.outcome.entries == (BEST, *OTHERS[:2])
    assert reply.parts[0] == Paragraph(talk.context.texts("meinten_sie"))
    titles = [talk.context.knowledge[i].titel for i in reply.outcome.entries]
    assert reply.parts[1] == Numbered(tuple(titles))
    assert [c.title for c in reply.choices] == [*titles, talk.context.texts("knopf_nichts_davon")]


def test_an_offer_is_taken_up_by_title_in_any_spelling(talk: Any) -> None:
    talk.say("hm", entries={BEST: 0.2, OTHERS[0]: 0.1})
    title = talk.context.knowledge[BEST].titel
    reply = talk.say(title.upper().replace("Ü", "UE") + "!!", "dank")
    assert reply.outcome.status == "answer"
    assert reply.outcome.entries[0] == BEST


def test_an_offer_is_taken_up_by_number(talk: Any) -> None:
    for said, at in (("2", 1), ("Nr. 1", 0), ("nummer 3", 2)):
        talk.state = State()
        talk.say("hm", entries=dict(zip((BEST, *OTHERS), (0.2, 0.1, 0.05))))
        reply = talk.say(said, "dank")
        assert reply.outcome.entries[0] == (BEST, *OTHERS)[at]


def test_none_of_these_is_a_plain_no_with_a_contact(talk: Any) -> None:
    talk.say("hm", entries={BEST: 0.2, OTHERS[0]: 0.1})
    reply = talk.say(talk.context.texts("knopf_nichts_davon"), "verneinen")
    assert reply.outcome.status == "no_answer"
    assert talk.context.knowledge.contact.name in reply.parts[1].text


def test_what_is_not_known_is_said_plainly_with_contact_and_nearest_topics(
    talk: Any, plain: Any
) -> None:
    reply = talk.say("xyz", entries={BEST: 0.05, OTHERS[0]: 0.02})
    assert reply.outcome.status == "no_answer"
    assert reply.outcome.entries == ()
    shown = plain(reply)
    assert talk.context.texts("nicht_im_wissen") in shown
    assert talk.context.knowledge.contact.name in shown
    assert talk.context.knowledge.contact.hinweis in shown
    assert talk.context.texts("naechste_themen") in shown
    assert reply.choices[0].target == f"eintrag:{BEST}"


def test_far_and_municipal_matters_are_told_apart(talk: Any) -> None:
    for theme in ("fern", "kommunal"):
        reply = talk.say("Wetter?", "ausserhalb", details={theme: 0.9}, entries={BEST: 0.05})
        assert reply.outcome.status == "no_answer"
        assert reply.parts[0].text == talk.context.texts(f"nicht_im_wissen_{theme}")
        assert not any(choice.target.startswith("eintrag") for choice in reply.choices)


def test_after_two_failures_in_a_row_topics_are_offered_instead_of_guesses(talk: Any) -> None:
    near = {BEST: 0.003}
    for _ in range(2):
        assert talk.say("xyz", entries=near).choices[0].target == f"eintrag:{BEST}"
    third = talk.say("xyz", entries=near)
    assert {choice.target.split(":")[0] for choice in third.choices} == {"gruppe"}
    talk.ask(BEST)
    assert talk.say("xyz", entries=near).choices[0].target == f"eintrag:{BEST}"


def test_nothing_understood_at_all_is_a_no_as_well(talk: Any) -> None:
    assert talk.say("🙂").outcome.status == "no_answer"


def test_the_group_of_the_conversation_decides_between_equals(talk: Any) -> None:
    equal = {"wirtschaft-empfehlung-3": 0.45, "zivilgesellschaft-empfehlung-1": 0.40}
    assert talk.say("Was biete ich denen?", entries=equal).outcome.group == "wirtschaft"
    talk.ask("zivilgesellschaft-empfehlung-2")
    reply = talk.say("Was biete ich denen?", entries=equal)
    assert reply.outcome.group == "zivilgesellschaft"


def test_a_group_that_is_ruled_out_is_not_answered(talk: Any) -> None:
    equal = {"wirtschaft-empfehlung-3": 0.45, "zivilgesellschaft-empfehlung-1": 0.40}
    reply = talk.say("nicht die Firmen", entries=equal, excluded=("wirtschaft",))
    assert reply.outcome.group == "zivilgesellschaft"


def test_an_entry_that_the_model_knows_but_the_knowledge_base_no_longer_is_passed_over(
    talk: Any,
) -> None:
    reply = talk.say("Was?", entries={"politik-empfehlung-99": 0.6, BEST: 0.35})
    assert reply.outcome.entries == (BEST,)


def test_a_second_question_in_a_message_is_offered_its_own_answer(talk: Any) -> None:
    other = talk.context.knowledge[OTHERS[2]]
    both = f"Was mache ich mit Kollegen, die Mehrarbeit fürchten? Und wie geht {other.titel}?"
    reply = talk.ask(BEST, both)
    hint = talk.context.texts("weitere_frage", titel=other.titel)
    assert reply.outcome.entries[:2] == (BEST, other.id)
    assert reply.parts[-1] == Paragraph(hint)
    assert reply.choices[0].title == other.titel


def test_a_single_question_is_not_taken_for_two(talk: Any) -> None:
    other = talk.context.knowledge[OTHERS[2]]
    for one in (f"{other.titel}. Was mache ich da?", f"Geht das? {other.titel}?", "Wie? Oder was?"):
        talk.state = State()
        hinted = [p for p in talk.ask(BEST, one).parts if isinstance(p, Paragraph)]
        assert not any("anderen Frage" in part.text for part in hinted)


SPREAD = {"verwaltung-empfehlung-4": 0.17, "verwaltung-empfehlung-5": 0.14}


def test_what_no_single_entry_answers_is_answered_by_the_overview_that_is_likelier(
    talk: Any,
) -> None:
    reply = talk.say(
        "Was gehört im Amt auf die Liste?",
        CONCERN,
        "verwaltung",
        entries=SPREAD,
        others={"empfehlungen": 0.3},
    )
    assert (reply.outcome.status, reply.outcome.group) == ("overview", "verwaltung")
    assert reply.outcome.kind == "empfehlung"


def test_of_several_groups_the_overview_is_about_the_first(talk: Any) -> None:
    asked = "Wie ticken die Ämter? Bin sonst nur bei Ratsleuten."
    groups, others = ("verwaltung", "politik"), {"handlungslogik": 0.3}
    reply = talk.say(asked, CONCERN, *groups, entries=SPREAD, others=others)
    assert (reply.outcome.status, reply.outcome.group) == ("overview", "verwaltung")


@pytest.mark.parametrize(("groups", "chance"), [(("verwaltung",), 0.16), ((), 0.3)])
def test_an_overview_that_is_less_likely_or_of_no_group_is_not_given_instead(
    talk: Any, groups: tuple[str, ...], chance: float
) -> None:
    reply = talk.say("Was tun?", CONCERN, *groups, entries=SPREAD, others={"empfehlungen": chance})
    assert reply.outcome.status == "clarify"
    assert reply.outcome.entries[0] == "verwaltung-empfehlung-4"


def test_entries_that_come_into_question_are_offered_before_the_group_is_asked_for(
    talk: Any,
) -> None:
    seen = {"zivilgesellschaft-empfehlung-2": 0.2}
    reply = talk.say("Was kann ich antworten?", "argumente", entries=seen)
    assert reply.outcome.status == "clarify"
    assert reply.outcome.entries == ("zivilgesellschaft-empfehlung-2",)
    assert talk.say("Was kann ich antworten?", "argumente").outcome.entries == ()


def test_of_two_questions_about_two_groups_the_first_is_answered_and_the_second_offered(
    talk: Any,
) -> None:
    entries = {"verwaltung-empfehlung-4": 0.2, "politik-empfehlung-5": 0.1}
    ranked = {"Wie kommt": "politik-empfehlung-3", "wie gewinne": "verwaltung-empfehlung-6"}

    def rank(text: str, group: str | None) -> list[tuple[str, float]]:
        return [(i, 0.5) for start, i in ranked.items() if text.strip().startswith(start)]

    talk.context = replace(talk.context, rank=rank)
    asked = "Wie kommt das beim Stadtrat gut an und wie gewinne ich die Kollegen dafür?"
    reply = talk.say(asked, CONCERN, "politik", "verwaltung", entries=entries)
    assert reply.outcome.status == "answer"
    assert reply.outcome.entries[:2] == ("politik-empfehlung-3", "verwaltung-empfehlung-6")
    title = talk.context.knowledge["verwaltung-empfehlung-6"].titel
    assert Paragraph(talk.context.texts("weitere_frage", titel=title)) in reply.parts
    assert talk.say("und das zweite?", "auswahl").outcome.entries[0] == "verwaltung-empfehlung-6"


def test_what_may_be_two_questions_about_one_group_is_asked_back(talk: Any) -> None:
    asked = "Wie kommt das beim Stadtrat gut an und wie gewinne ich die Fraktionen dafür?"
    reply = talk.say(asked, CONCERN, "politik", entries={"politik-empfehlung-5": 0.2})
    assert reply.outcome.status == "clarify"
