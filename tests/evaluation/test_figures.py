"""Each figure of the answer contract, with outcomes made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import Outcome
from bot.evaluation.figures import Judged, by_trait, confusions, figures, reached
from bot.evaluation.tasks import Dialogue, Other, Question

QUESTION = {
    "typ": "spezifisch",
    "frage": "Was biete ich den Betrieben?",
    "gruppe": "wirtschaft",
    "art": "empfehlung",
    "beste": ["wirtschaft-empfehlung-4", "wirtschaft-empfehlung-6"],
}
OVERVIEW = {
    "typ": "ueberblick",
    "frage": "Wie ticken Vereine?",
    "gruppe": "zivilgesellschaft",
    "art": "handlungslogik",
}
REFUSED = Outcome("no_answer")


def answered(*entries: str, **fields: Any) -> Outcome:
    return Outcome("answer", entries=entries, **fields)


def offered(*entries: str, **fields: Any) -> Outcome:
    return Outcome("clarify", entries=entries, **fields)


def judge_question(outcome: Outcome, **fields: Any) -> Judged:
    (judged,) = Question(**{**QUESTION, **fields}).evaluate([outcome])
    return judged


def judge_overview(outcome: Outcome) -> Judged:
    (judged,) = Question(**OVERVIEW).evaluate([outcome])
    return judged


def judge_other(outcome: Outcome, typ: str = "nah", erwartet: str = "nicht_im_wissen") -> Judged:
    item = Other(typ=typ, frage="Muss ich das versteuern?", erwartet=erwartet)
    (judged,) = item.evaluate([outcome])
    return judged


def judge_turn(outcome: Outcome, **checks: Any) -> list[Judged]:
    turn = {"nutzer": "und was biete ich denen", **checks}
    return Dialogue(name="kontext", zuege=[turn]).evaluate([outcome])


@pytest.mark.parametrize("first", QUESTION["beste"])
def test_any_of_the_best_entries_shown_first_is_a_hit(first: str) -> None:
    assert judge_question(answered(first)).counts["specific hit@1"]


def test_hit_at_1_wants_the_right_entry_first() -> None:
    judged = judge_question(answered("politik-empfehlung-1", "wirtschaft-empfehlung-4"))
    assert not judged.counts["specific hit@1"]
    assert judged.counts["specific hit@3"]


def test_hit_at_1_wants_the_status_answer_but_hit_at_3_does_not() -> None:
    for status in ("clarify", "overview", "dialog", "guide"):
        outcome = Outcome(status, entries=("wirtschaft-empfehlung-4",))  # type: ignore[arg-type]
        counts = judge_question(outcome).counts
        assert not counts["specific hit@1"]
        assert counts["specific hit@3"]


def test_hit_at_3_looks_at_three_entries_and_no_more() -> None:
    wrong = ["politik-empfehlung-1", "politik-empfehlung-2", "politik-empfehlung-3"]
    right = "wirtschaft-empfehlung-6"
    assert judge_question(offered(*wrong[:2], right)).counts["specific hit@3"]
    assert not judge_question(offered(*wrong, right)).counts["specific hit@3"]


def test_an_answer_without_entries_is_no_hit() -> None:
    counts = judge_question(answered()).counts
    assert not counts["specific hit@1"]
    assert not counts["specific hit@3"]


def test_a_refused_question_counts_as_wrongly_refused() -> None:
    assert judge_question(REFUSED).counts["wrongly refused"]
    assert judge_overview(REFUSED).counts["wrongly refused"]
    assert not judge_question(offered()).counts["wrongly refused"]


@pytest.mark.parametrize("status", ["overview", "answer"])
def test_an_overview_wants_group_and_kind(status: Any) -> None:
    def hit(group: str | None, kind: str | None) -> bool:
        return judge_overview(Outcome(status, group=group, kind=kind)).counts["overview"]

    assert hit("zivilgesellschaft", "handlungslogik")
    assert not hit("zivilgesellschaft", "empfehlung")
    assert not hit("politik", "handlungslogik")
    assert not hit("zivilgesellschaft", None)


def test_an_overview_that_is_only_asked_back_about_is_no_hit() -> None:
    outcome = offered(group="zivilgesellschaft", kind="handlungslogik")
    assert not judge_overview(outcome).counts["overview"]


def test_an_overview_does_not_count_for_the_specific_figures() -> None:
    assert set(judge_overview(REFUSED).counts) == {"overview", "wrongly refused"}


@pytest.mark.parametrize("typ", ["fern", "kommunal", "nah"])
def test_out_of_scope_is_rejected_by_no_answer_alone(typ: str) -> None:
    assert judge_other(REFUSED, typ).counts[f"rejected {typ}"]
    for outcome in (answered("politik-empfehlung-1"), offered(), Outcome("dialog")):
        assert not judge_other(outcome, typ).counts[f"rejected {typ}"]


def test_answering_what_is_out_of_scope_is_confidently_wrong() -> None:
    assert judge_other(answered("politik-empfehlung-1")).counts["confidently wrong"]
    assert judge_other(Outcome("overview")).counts["confidently wrong"]


def test_asking_back_about_what_is_out_of_scope_is_not_confidently_wrong() -> None:
    for outcome in (offered("politik-empfehlung-1"), Outcome("dialog"), REFUSED):
        assert not judge_other(outcome).counts["confidently wrong"]


def test_meta_wants_the_status_dialog_and_the_topic() -> None:
    def hit(outcome: Outcome) -> bool:
        return judge_other(outcome, "meta", "dank").counts["meta"]

    assert hit(Outcome("dialog", topic="dank"))
    assert not hit(Outcome("dialog", topic="gruss"))
    assert not hit(Outcome("guide", topic="dank"))


def test_a_meta_message_is_neither_rejected_nor_confidently_wrong() -> None:
    assert set(judge_other(REFUSED, "meta", "dank").counts) == {"meta"}


def test_a_turn_wants_group_kind_and_one_of_the_best_among_three() -> None:
    checks = {
        "gruppe": "wirtschaft",
        "art": "empfehlung",
        "beste": ["wirtschaft-empfehlung-4"],
    }

    def hit(group: str, kind: str, *entries: str) -> bool:
        (judged,) = judge_turn(answered(*entries, group=group, kind=kind), **checks)
        return judged.counts["dialogue turn"]

    right = "wirtschaft-empfehlung-4"
    assert hit("wirtschaft", "empfehlung", right)
    assert hit("wirtschaft", "empfehlung", "a-1", "a-2", right)
    assert not hit("wirtschaft", "empfehlung", "a-1", "a-2", "a-3", right)
    assert not hit("politik", "empfehlung", right)
    assert not hit("wirtschaft", "erfolgsfaktor", right)


def test_a_turn_checks_only_what_is_expected() -> None:
    outcome = answered("politik-empfehlung-1", group="politik", kind="empfehlung")
    (judged,) = judge_turn(outcome, gruppe="politik", art=None, beste=[])
    assert judged.counts["dialogue turn"]


def test_a_turn_to_be_refused_wants_no_answer_whatever_else_it_names() -> None:
    (judged,) = judge_turn(REFUSED, ablehnen=True, gruppe="politik")
    assert judged.counts["dialogue turn"]
    (judged,) = judge_turn(answered("politik-empfehlung-1", group="politik"), ablehnen=True)
    assert not judged.counts["dialogue turn"]


def test_a_turn_with_nothing_to_check_is_not_counted() -> None:
    assert judge_turn(REFUSED, gruppe=None, art=None, beste=[], ablehnen=False) == []


def test_a_dialogue_is_one_conversation_and_its_turns_keep_their_outcomes() -> None:
    item = Dialogue(
        name="wechsel",
        zuege=[{"nutzer": "hallo"}, {"nutzer": "und die Politik", "gruppe": "politik"}],
    )
    opened: list[list[str]] = []

    def start() -> Any:
        said: list[str] = []
        opened.append(said)

        def ask(text: str) -> Outcome:
            said.append(text)
            return Outcome("overview", group="politik" if len(said) == 2 else None)

        return ask

    (judged,) = item.evaluate(item.generate(start))
    assert opened == [["hallo", "und die Politik"]]
    assert judged.counts == {"dialogue turn": True}


def test_a_miss_is_a_missing_hit_or_a_fault() -> None:
    assert not judge_question(answered("wirtschaft-empfehlung-4")).is_miss
    assert judge_question(answered("politik-empfehlung-1")).is_miss
    assert judge_overview(REFUSED).is_miss
    assert judge_other(answered("politik-empfehlung-1")).is_miss
    assert not judge_other(REFUSED).is_miss


def test_figures_are_sums_over_the_items_that_count_for_them() -> None:
    judged = [
        judge_question(answered("wirtschaft-empfehlung-4")),
        judge_question(REFUSED),
        judge_overview(REFUSED),
        judge_other(REFUSED),
    ]
    assert figures(judged) == {
        "specific hit@1": (1, 2),
        "specific hit@3": (1, 2),
        "overview": (0, 1),
        "wrongly refused": (2, 3),
        "rejected nah": (1, 1),
        "confidently wrong": (0, 1),
    }


def test_figures_come_by_group_kind_style_and_typo() -> None:
    judged = [
        judge_question(answered("wirtschaft-empfehlung-4"), stil="chat", tippfehler=True),
        judge_question(REFUSED, stil="amt"),
    ]
    parts = by_trait(judged)
    assert parts["group"]["wirtschaft"]["specific hit@1"] == (1, 2)
    assert parts["kind"]["empfehlung"]["specific hit@1"] == (1, 2)
    assert parts["style"]["chat"]["specific hit@1"] == (1, 1)
    assert parts["typo"]["no"]["wrongly refused"] == (1, 1)


def test_confusions_name_expected_and_shown_most_frequent_first() -> None:
    judged = [
        judge_question(answered("politik-empfehlung-1"), beste=["politik-erfolgsfaktor-1"]),
        judge_question(answered("politik-empfehlung-1"), beste=["politik-erfolgsfaktor-1"]),
        judge_question(REFUSED, beste=["politik-erfolgsfaktor-1"]),
        judge_question(offered("politik-erfolgsfaktor-1"), beste=["politik-erfolgsfaktor-1"]),
        judge_question(answered("wirtschaft-empfehlung-4")),
    ]
    assert confusions(judged) == [
        ("politik-erfolgsfaktor-1", "politik-empfehlung-1", 2),
        ("politik-erfolgsfaktor-1", "clarify politik-erfolgsfaktor-1", 1),
        ("politik-erfolgsfaktor-1", "no_answer", 1),
    ]


def test_a_goal_is_a_lower_bound_or_for_faults_an_upper_one() -> None:
    assert reached("specific hit@1", 90, 100)
    assert not reached("specific hit@1", 89, 100)
    assert reached("wrongly refused", 3, 100)
    assert not reached("wrongly refused", 4, 100)
    assert reached("intent", 1, 100) is None
