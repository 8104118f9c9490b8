"""The walk: answers in any form, controls at any time, questions in between, and never a loop."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import Progress, Reply, render_text
from bot.guide.dialogue import begin, change, choose, open_question, step
from bot.guide.questions import questions
from bot.guide.say import Base
from bot.guide.state import CHECK, START, GuideState
from bot.guide.understand import Heard, sounds_new


class Talk:
    """A person who talks to the guide."""

    def __init__(self, base: Base, dialogue: str = START, first: Heard | None = None) -> None:
        self.base = base
        self.reply: Reply | None
        self.reply, self.state = begin(dialogue, first or Heard(""), GuideState(), base)

    def say(self, text: str, **meaning: Any) -> Talk:
        self.reply, state = step(Heard(text, **meaning), self.state, self.base)
        self.state = GuideState.from_slot(state.to_slot())
        return self

    @property
    def current(self) -> str:
        return self.state.session.current

    @property
    def answers(self) -> dict[str, str]:
        return self.state.session.answers

    @property
    def text(self) -> str:
        assert self.reply is not None
        return render_text(self.reply.parts)


@pytest.fixture
def talk(base: Base) -> Talk:
    return Talk(base)


def test_it_says_hello_shows_progress_and_asks(talk: Talk) -> None:
    assert talk.reply is not None
    assert talk.reply.outcome.status == "guide"
    assert talk.reply.outcome.topic == "einstieg"
    assert Progress("Frage 1 von 6", 1, 6) in talk.reply.parts
    assert "Wie groß ist Ihre Kommune?" in talk.text


def test_free_text_may_answer_two_questions_at_once(talk: Talk) -> None:
    talk.say("wir sind ein Dorf mit 900 Leuten, ich mach das nebenbei")
    assert talk.answers == {"ort": "dorf", "zeit": "nebenbei"}
    assert talk.current == "weg"
    assert "Größe der Kommune: Kleine Gemeinde" in talk.text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Wir haben 3.500 Einwohner", "dorf"),
        ("4999 Menschen", "dorf"),
        ("5000 Einwohnerinnen und Einwohner", "kleinstadt"),
        ("so 12 tausend leute", "kleinstadt"),
        ("12k einwohner", "kleinstadt"),
        ("45 000 EW", "mittelstadt"),
        ("1,2 Mio Einwohner", "grossstadt"),
        ("900", "dorf"),
        ("kein Dorf, eher eine Kleinstadt", "kleinstadt"),
        ("mittelgroße Stadt", "mittelstadt"),
        ("Landkreis", "kreis"),
        ("Großstadt (ab 100.000)", "grossstadt"),
    ],
)
def test_the_size_is_understood_in_words_and_numbers(text: str, answer: str, talk: Talk) -> None:
    assert talk.say(text).answers.get("ort") == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("4 Stunden", "nebenbei"),
        ("10 std", "teil"),
        ("halbe stelle", "teil"),
        ("50 % einer Stelle", "teil"),
        ("39 Wochenstunden", "ganz"),
        ("Vollzeit", "ganz"),
    ],
)
def test_hours_are_understood(text: str, answer: str, talk: Talk) -> None:
    talk.say("überspringen").say("überspringen")
    assert talk.current == "zeit"
    assert talk.say(text).answers.get("zeit") == answer


def test_every_question_can_be_skipped_and_a_plan_comes_all_the_same(talk: Talk) -> None:
    for _ in range(6):
        assert talk.state.asking
        talk.say("überspringen")
    assert talk.state.phase == "done"
    assert talk.reply is not None
    assert len(talk.reply.outcome.entries) == 3


def test_back_shows_the_answer_and_keeps_it(talk: Talk) -> None:
    talk.say("dorf").say("zurück")
    assert talk.current == "ort"
    assert "Bisher haben Sie geantwortet: Kleine Gemeinde" in talk.text
    talk.say("überspringen")
    assert talk.answers == {"ort": "dorf"}
    assert "Ihre Antwort bleibt" in talk.text


def test_back_at_the_first_question_says_so(talk: Talk) -> None:
    assert "die erste Frage" in talk.say("zurück").text
    assert talk.current == "ort"


@pytest.mark.parametrize("why", ["warum?", "Warum fragst du das?", "Wozu brauchen Sie das?"])
def test_why_explains_and_asks_again(why: str, talk: Talk) -> None:
    talk.say(why)
    assert "Jede Kommune ist anders" in talk.text
    assert talk.current == "ort"


def test_a_question_in_between_is_left_to_the_assistant_and_the_guide_stays(talk: Talk) -> None:
    talk.say("dorf").say("Was ist die Win-Win-Börse?")
    assert talk.reply is None
    assert talk.current == "weg"
    assert "Wie sind Sie zu dieser Aufgabe gekommen?" in render_text(
        open_question(talk.state, talk.base).parts
    )
    assert talk.say("weiter").current == "weg"  # back to the question, not past it


def test_next_without_a_question_in_between_goes_on(talk: Talk) -> None:
    assert talk.say("weiter").current == "weg"


def test_an_answer_that_fits_nothing_is_asked_back_once_and_then_left_open(talk: Talk) -> None:
    talk.say("lila Elefant")
    assert talk.current == "ort"
    assert "keiner der Antworten" in talk.text
    talk.say("lila Elefant")
    assert talk.current == "weg"
    assert talk.state.session.skipped == ("ort",)


def test_an_earlier_answer_is_changed_in_passing(talk: Talk) -> None:
    talk.say("mit der Politik", groups=("politik",)).say("dorf")
    talk.say("doch eher Verwaltung", groups=("verwaltung",))
    assert talk.answers == {"gruppe": "verwaltung", "ort": "dorf"}
    assert talk.current == "weg"


def test_a_group_that_is_only_mentioned_is_not_chosen(talk: Talk) -> None:
    talk.say("dorf").say("der rat wollte das so", groups=("politik",))
    assert talk.answers == {"ort": "dorf", "weg": "auftrag"}


def test_a_group_named_with_a_concern_is_chosen_with_it(talk: Talk) -> None:
    talk.say("Unser Rat blockiert alles", groups=("politik",))
    assert talk.answers == {"gruppe": "politik", "anliegen": "widerstand"}


def test_group_and_concern_bring_a_fitting_hint_with_its_source(talk: Talk) -> None:
    talk.say("netzwerk aufbauen").say("zuerst mal mit betrieben", groups=("wirtschaft",))
    assert talk.reply is not None
    assert talk.reply.outcome.entries == ("wirtschaft-empfehlung-8",)
    assert "Handlungsempfehlung 8" in talk.text


def test_a_concern_of_its_own_is_noted_and_answered(talk: Talk) -> None:
    talk.say(
        "Am ehesten geht es um die eigene Verwaltung, da zieht keiner mit.",
        groups=("verwaltung",),
        answerable=True,
    )
    assert talk.reply is None
    assert talk.answers == {"gruppe": "verwaltung", "anliegen": "verbuendete"}


def test_later_and_cancel_keep_the_answers_and_offer_to_resume(talk: Talk) -> None:
    for words, phase in (("später weiter", "paused"), ("reicht erst mal, danke", "idle")):
        talk.say("dorf").say(words)
        assert talk.state.phase == phase
        assert talk.reply is not None
        talk.reply, talk.state = choose("weiter", talk.state, talk.base)
        assert talk.state.asking
        assert talk.answers["ort"] == "dorf"


def test_beginning_again_goes_on_where_it_was(talk: Talk) -> None:
    talk.say("dorf").say("abbrechen")
    reply, state = begin(START, Heard("ich bin neu", "einstieg", 0.9), talk.state, talk.base)
    assert state.session.current == "weg"
    assert "Ihre Antworten habe ich noch" in render_text(reply.parts)


def test_from_the_start_forgets_the_answers(talk: Talk) -> None:
    talk.say("dorf").say("von vorn")
    assert talk.answers == {}
    assert talk.current == "ort"


def test_the_plan_can_be_had_at_once(talk: Talk) -> None:
    talk.say("dorf").say("zeig mir den Plan")
    assert talk.state.phase == "done"
    assert "offen" not in talk.answers.values()


def test_after_the_plan_an_answer_can_still_be_changed(talk: Talk) -> None:
    talk.say("mit der Politik", groups=("politik",)).say("plan")
    changed = change(Heard("doch eher Wirtschaft", groups=("wirtschaft",)), talk.state, talk.base)
    assert changed is not None
    assert changed[0].outcome.entries[0].startswith("wirtschaft")
    assert change(Heard("danke"), talk.state, talk.base) is None
    assert (
        change(Heard("Und die Wirtschaft?", groups=("wirtschaft",)), talk.state, talk.base) is None
    )


def test_back_after_the_plan_opens_the_last_question_again(talk: Talk) -> None:
    talk.say("plan")
    _, state = choose("zurueck", talk.state, talk.base)
    assert state.session.current == "anliegen"
    assert state.asking


def test_where_somebody_works_is_not_whom_it_is_about(base: Base) -> None:
    first = Heard("Ich bin neu im Rathaus", "einstieg", 0.9, ("verwaltung",))
    assert Talk(base, START, first).answers == {}


def test_the_check_of_a_group_that_was_named_begins_with_its_first_factor(base: Base) -> None:
    talk = Talk(base, CHECK, Heard("checkliste politik", "check", 0.9, ("politik",)))
    assert talk.current == "politik-erfolgsfaktor-1"
    assert talk.reply is not None
    assert talk.reply.outcome.entries == ("politik-erfolgsfaktor-1",)
    assert Progress("Frage 1 von 3", 1, 3) in talk.reply.parts


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("ja", "ja"),
        ("das klappt bei uns", "ja"),
        ("klappt leider nicht", "nein"),
        ("nö", "nein"),
        ("zum Teil", "teils"),
        ("trifft nicht zu", "nein"),
        ("keine Ahnung", "weiss_nicht"),
        ("weiß ich nicht", "weiss_nicht"),
    ],
)
def test_the_check_understands_yes_no_and_what_lies_between(
    text: str, rating: str, base: Base
) -> None:
    talk = Talk(base, CHECK, Heard("check politik", "check", 0.9, ("politik",)))
    assert talk.say(text).answers.get("politik-erfolgsfaktor-1") == rating


def test_what_is_not_understood_in_the_check_is_not_an_answer(base: Base) -> None:
    talk = Talk(base, CHECK, Heard("check politik", "check", 0.9, ("politik",)))
    talk.say("das verstehe ich nicht", intent="einfacher", confidence=0.9)
    assert talk.reply is None
    assert "politik-erfolgsfaktor-1" not in talk.answers


def test_the_check_shows_strengths_gaps_and_what_closes_them(base: Base) -> None:
    talk = Talk(base, CHECK, Heard("check politik", "check", 0.9, ("politik",)))
    talk.say("ja").say("teils").say("nein")
    assert "Das sind Ihre Stärken:\n• Der Dialog mit der Politik läuft stetig" in talk.text
    assert "Lücke bei „Engagementförderung ist ein eigenes Handlungsfeld“" in talk.text
    assert "• Engagementförderung durch Beschlüsse verankern" in talk.text


def test_another_group_in_the_check_keeps_the_other_ratings(base: Base) -> None:
    talk = Talk(base, CHECK, Heard("check politik", "check", 0.9, ("politik",)))
    talk.say("ja").say("zurück").say("zurück")
    assert talk.current == "gruppe"
    talk.say("Wirtschaft", groups=("wirtschaft",))
    assert talk.current == "wirtschaft-erfolgsfaktor-1"
    assert talk.answers["politik-erfolgsfaktor-1"] == "ja"


def test_both_dialogues_keep_their_answers_apart(talk: Talk) -> None:
    talk.say("dorf").say("check", intent="check", confidence=0.9)
    assert talk.state.dialogue == CHECK
    talk.say("ich bin neu", intent="einstieg", confidence=0.9)
    assert talk.state.dialogue == START
    assert talk.answers == {"ort": "dorf"}


def test_every_title_answers_its_question(base: Base) -> None:
    for dialogue in (START, CHECK):
        talk = Talk(base, dialogue)
        while talk.state.asking:
            asked = questions(dialogue, talk.answers, base.knowledge)
            question = next(q for q in asked if q.id == talk.current)
            for answer in question.answers:
                groups = (answer.group,) if answer.group not in (None, "grundlagen") else ()
                other = Talk(base, dialogue)
                other.state = talk.state
                other.say(answer.title, groups=groups)
                assert other.answers[question.id] == answer.id
            talk.reply, talk.state = choose(
                f"antwort:{question.id}:{question.answers[0].id}", talk.state, base
            )


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("komme aus dem Eventbereich und soll jetzt das Ehrenamt fördern", True),
        ("bin Quereinsteigerin", True),
        ("Wie gewinne ich Unternehmen?", False),
    ],
)
def test_it_hears_who_is_new(text: str, new: bool, base: Base) -> None:
    assert sounds_new(Heard(text), base.guide) is new
