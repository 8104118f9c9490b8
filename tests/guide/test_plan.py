"""Every path leads to a plan: three different steps out of entries that exist."""

from __future__ import annotations

from itertools import product

import pytest

from bot.guide import plan as plans
from bot.guide.dialogue import begin, choose
from bot.guide.questions import questions
from bot.guide.say import TARGET, Base
from bot.guide.state import CHECK, START, GuideState
from bot.guide.understand import Heard
from bot.knowledge import Knowledge
from bot.knowledge.guide import Guide


def guide_of(knowledge: Knowledge) -> Guide:
    assert knowledge.guide is not None
    return knowledge.guide


def assert_plan(plan: plans.Plan, knowledge: Knowledge) -> None:
    ids = [step.entry.id for step in plan.steps]
    assert len(set(ids)) == 3
    assert all(knowledge[i] is step.entry for i, step in zip(ids, plan.steps))
    assert all(step.text.diese_woche and step.text.wirkung for step in plan.steps)
    assert all(step.sources[0] is step.entry for step in plan.steps)
    assert plan.factors
    assert not {entry.id for entry in plan.later} & set(ids)


def test_every_combination_of_answers_and_gaps_has_a_plan(knowledge: Knowledge) -> None:
    """All 41,472 of them: each option of each question, and each question left open."""
    guide = guide_of(knowledge)
    options = [[(q.id, o.id) for o in q.optionen] + [(q.id, "")] for q in guide.einstieg.fragen]
    seen = 0
    for chosen in product(*options):
        ids = plans.ordered({q: o for q, o in chosen if o}, guide)[0]
        assert len(set(ids)) >= 3
        assert all(i in knowledge and i in guide.schritte for i in ids)
        seen += 1
    assert seen == 41_472


def test_every_option_of_every_question_is_reached_and_leads_on_to_a_plan(base: Base) -> None:
    asked = questions(START, {}, base.knowledge)
    for question in asked:
        for wanted in [*(answer.id for answer in question.answers), ""]:
            reply, state = begin(START, Heard(""), GuideState(), base)
            while state.asking:
                current = state.session.current
                targets = [c.target.removeprefix(TARGET) for c in reply.choices]
                answers = [t for t in targets if t.startswith(f"antwort:{current}:")]
                pick = answers[0]
                if current == question.id:
                    pick = f"antwort:{current}:{wanted}" if wanted else "ueberspringen"
                assert pick in targets
                reply, state = choose(pick, state, base)
            assert state.phase == "done"
            assert state.session.answers.get(question.id, "") == wanted
            assert len(reply.outcome.entries) == 3
            assert_plan(plans.build(START, state.session.answers, base.knowledge), base.knowledge)


@pytest.mark.parametrize("group", ["politik", "verwaltung", "zivilgesellschaft", "wirtschaft"])
def test_every_path_through_the_check_of_a_group_ends_in_a_plan(group: str, base: Base) -> None:
    ratings = [rating.id for rating in base.guide.check.antworten]
    factors = [q.id for q in questions(CHECK, {"gruppe": group}, base.knowledge) if q.factor]
    for chosen in product(ratings, repeat=len(factors)):
        answers = {"gruppe": group, **dict(zip(factors, chosen))}
        plan = plans.build(CHECK, answers, base.knowledge)
        assert_plan(plan, base.knowledge)
        assert plan.result is not None
        found = (
            *(entry.id for entry in plan.result.strengths),
            *(gap.factor.id for gap in plan.result.gaps),
            *(entry.id for entry in plan.result.unclear),
        )
        assert sorted(found) == sorted(factors)
        assert all(gap.closing for gap in plan.result.gaps)


def test_a_gap_comes_before_what_is_met_in_part(base: Base) -> None:
    answers = {
        "gruppe": "politik",
        "politik-erfolgsfaktor-1": "teils",
        "politik-erfolgsfaktor-2": "ja",
        "politik-erfolgsfaktor-3": "nein",
    }
    plan = plans.build(CHECK, answers, base.knowledge)
    assert plan.result is not None
    assert [gap.factor.id for gap in plan.result.gaps] == [
        "politik-erfolgsfaktor-3",
        "politik-erfolgsfaktor-1",
    ]
    assert [step.entry.id for step in plan.steps][:2] == [
        "verwaltung-empfehlung-1",
        "politik-empfehlung-1",
    ]


def test_the_check_of_all_groups_asks_for_every_success_factor(knowledge: Knowledge) -> None:
    asked = [q.factor for q in questions(CHECK, {"gruppe": "alle"}, knowledge) if q.factor]
    assert asked == [entry.id for entry in knowledge.select(kind="erfolgsfaktor")]


def test_group_and_concern_decide_and_the_situation_adjusts(base: Base) -> None:
    answers = {"gruppe": "wirtschaft", "anliegen": "projekt"}
    plain = [s.entry.id for s in plans.build(START, answers, base.knowledge).steps]
    assert plain == [
        "wirtschaft-empfehlung-6",
        "wirtschaft-empfehlung-7",
        "wirtschaft-empfehlung-5",
    ]
    busy = plans.build(START, {**answers, "zeit": "nebenbei"}, base.knowledge)
    assert "wirtschaft-empfehlung-7" not in [step.entry.id for step in busy.steps]
    unclear = plans.build(START, {**answers, "bestand": "unklar"}, base.knowledge)
    assert unclear.steps[0].entry.id == "verwaltung-empfehlung-4"


def test_what_was_left_open_is_said_to_be_open(base: Base) -> None:
    plan = plans.build(START, {"ort": "dorf"}, base.knowledge)
    assert dict(plan.given)["Größe der Kommune"] == "Kleine Gemeinde (unter 5.000)"
    assert dict(plan.given)["Gruppe"] is None


def test_answers_that_no_longer_exist_count_as_left_open(base: Base) -> None:
    plan = plans.build(START, {"ort": "mond", "sternzeichen": "fische"}, base.knowledge)
    assert_plan(plan, base.knowledge)
    assert plan.answers == {}


def test_a_plan_survives_entries_that_have_been_deleted(base: Base) -> None:
    kept = [entry for entry in base.knowledge.values() if entry.gruppe != "wirtschaft"]
    fewer = Knowledge.__new__(Knowledge)
    fewer.__dict__.update(base.knowledge.__dict__)
    fewer._entries = {entry.id: entry for entry in kept}
    plan = plans.build(START, {"gruppe": "wirtschaft"}, fewer)
    assert len({step.entry.id for step in plan.steps}) == 3
    assert all(step.entry.id in fewer for step in plan.steps)
