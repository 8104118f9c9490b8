from __future__ import annotations

from bot.answer import Outcome
from bot.evaluation import robustness
from bot.evaluation.client import Ask
from bot.evaluation.perturb import TRANSFORMATIONS
from bot.evaluation.robustness import Variant
from bot.evaluation.run import OWN_SETS
from bot.knowledge import load_knowledge
from bot.settings import PROJECT

FIRST = Outcome("answer", entries=("politik-empfehlung-1", "politik-empfehlung-2"))


def variant(before: Outcome, after: Outcome) -> Variant:
    return Variant("unseen", "two typos", "Wozu?", "wozu", before, after)


def test_the_same_first_entry_is_the_same_answer() -> None:
    after = Outcome("answer", entries=("politik-empfehlung-1",), confidence=0.4)
    assert variant(FIRST, after).is_same
    assert variant(FIRST, after).same_status


def test_asking_back_with_the_same_entry_first_is_the_same_but_less_sure() -> None:
    after = Outcome("clarify", entries=("politik-empfehlung-1",))
    assert variant(FIRST, after).is_same
    assert not variant(FIRST, after).same_status


def test_another_entry_a_refusal_or_an_overview_is_another_answer() -> None:
    for after in (
        Outcome("answer", entries=("politik-empfehlung-2",)),
        Outcome("no_answer"),
        Outcome("overview", group="politik", entries=("politik-empfehlung-1",)),
    ):
        assert not variant(FIRST, after).is_same


def test_without_entries_status_and_topic_are_compared() -> None:
    thanks = Outcome("dialog", topic="dank")
    assert variant(thanks, Outcome("dialog", topic="dank")).is_same
    assert not variant(thanks, Outcome("dialog", topic="gruss")).is_same
    assert not variant(Outcome("no_answer"), thanks).is_same


def test_overviews_are_compared_by_group_and_kind() -> None:
    before = Outcome("overview", group="politik", kind="empfehlung")
    assert variant(before, Outcome("overview", group="politik", kind="empfehlung")).is_same
    assert not variant(before, Outcome("overview", group="politik", kind="erfolgsfaktor")).is_same


def test_each_group_and_transformation_gets_a_row_with_its_share() -> None:
    tried = [variant(FIRST, FIRST), variant(FIRST, Outcome("no_answer"))]
    (row,) = robustness.evaluate(tried)
    assert row == {
        "group": "unseen",
        "transformation": "two typos",
        "count": 2,
        "same": 0.5,
        "same_status": 0.5,
        "goal": 0.90,
    }
    assert "✗" in robustness.table([row])
    assert "no_answer" in robustness.differences(tried)
    assert len(robustness.as_data(tried)["changed"]) == 1


def test_every_text_is_asked_once_in_a_conversation_of_its_own() -> None:
    asked: list[str] = []

    def start() -> Ask:
        said: list[str] = []

        def ask(text: str) -> Outcome:
            assert not said
            said.append(text)
            asked.append(text)
            return FIRST

        return ask

    texts = ["Wie gewinne ich Bürgerinnen und Bürger für die Höfe?"]
    tried = robustness.generate(start, {"unseen": texts}, workers=1)
    assert len(asked) == len(set(asked))
    assert {v.transformation for v in tried} == set(TRANSFORMATIONS) - {"gender pair", "du/Sie"}
    assert all(v.is_same for v in tried)


def test_the_messages_are_unseen_questions_and_a_fixed_sample_of_learnt_ones() -> None:
    knowledge = load_knowledge(PROJECT / "data" / "knowledge")
    files = sorted(OWN_SETS.glob("*.yml"))
    groups = robustness.messages(files, knowledge, sample=20)
    assert len(groups["unseen"]) == 111
    assert len(groups["learnt"]) == 20
    assert groups == robustness.messages(files, knowledge, sample=20)


def test_every_transformation_has_its_goal() -> None:
    assert set(robustness.GOALS) == set(TRANSFORMATIONS)
