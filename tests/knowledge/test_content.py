"""The real knowledge base: complete, in our own form, and with enough sample questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.german.text import clean, fold
from bot.knowledge import GRUPPEN, Entry, Knowledge
from bot.knowledge.load import load_questions_by_voice

FACTS: dict[str, list[str]] = yaml.safe_load(
    Path(__file__).with_name("muss.yml").read_text(encoding="utf-8")
)
"""The ids that the knowledge base has, in this order, and the least that each entry says."""
FILLERS = {"am", "auf", "das", "der", "die", "fuer", "im", "in", "mit", "oder", "und", "viele"}


def shown_texts(entry: Entry) -> list[str]:
    return [entry.titel, entry.kurz, entry.text, entry.einfach, *entry.punkte, *entry.beispiele]


def evaluation_messages(project: Path) -> Iterator[str]:
    for file in sorted((project / "tests" / "evaluation").glob("*.yml")):
        for item in yaml.safe_load(file.read_text(encoding="utf-8")):
            for turn in item.get("zuege", [item]):
                yield turn.get("frage") or turn["nutzer"]


def test_it_has_exactly_the_ids_that_are_agreed(knowledge: Knowledge) -> None:
    assert len(FACTS) == 54
    assert list(knowledge) == list(FACTS)


@pytest.mark.parametrize("entry_id", FACTS)
def test_no_fact_has_got_lost(knowledge: Knowledge, entry_id: str) -> None:
    entry = knowledge[entry_id]
    text = fold(" ".join([entry.titel, entry.kurz, entry.text, *entry.punkte, *entry.beispiele]))
    for fact in FACTS[entry_id]:
        for word in fold(fact).split():
            stem = word[: max(4, len(word) - 3)]
            assert word in FILLERS or stem in text, f"„{fact}“: {word} fehlt"


def test_group_and_kind_are_those_of_the_id(knowledge: Knowledge) -> None:
    for entry in knowledge.values():
        group, *kind, number = entry.id.split("-")
        assert entry.gruppe == group
        assert entry.art == (kind[0] if kind else "grundlage")
        if kind:
            assert entry.quelle.stelle.endswith(number), entry.id


def test_every_group_has_what_the_dialogue_shows_of_it(knowledge: Knowledge) -> None:
    for group in GRUPPEN[1:]:
        for kind in ("handlungslogik", "empfehlung", "erfolgsfaktor"):
            assert knowledge.select(group, kind), (group, kind)
    assert knowledge.select("grundlagen", "grundlage")


def test_titles_are_short_and_no_two_are_alike(knowledge: Knowledge) -> None:
    folded = [fold(entry.titel) for entry in knowledge.values()]
    assert len(set(folded)) == len(folded)
    for entry in knowledge.values():
        assert len(entry.titel) <= 60
        assert not entry.titel.endswith(".")


def test_texts_are_clean_paragraphs(knowledge: Knowledge) -> None:
    for entry in knowledge.values():
        for text in shown_texts(entry):
            assert text == clean(text), f"{entry.id}: {text!r}"
            assert '"' not in text, f"{entry.id}: typographische Anführungszeichen nehmen: {text}"


def test_no_text_uses_gender_signs_that_screen_readers_stumble_over(knowledge: Knowledge) -> None:
    for entry in knowledge.values():
        for text in shown_texts(entry):
            assert not any(sign in text for sign in (":in", "*in", "_in", "/in", "Innen")), text


def test_plain_language_keeps_to_short_sentences(knowledge: Knowledge) -> None:
    for entry in knowledge.values():
        for sentence in entry.einfach.replace("?", ".").replace(":", ".").split(". "):
            assert len(sentence.split()) <= 16, f"{entry.id}: {sentence}"


def test_every_entry_leads_on_to_others(knowledge: Knowledge) -> None:
    for entry in knowledge.values():
        assert 1 <= len(set(entry.siehe_auch)) == len(entry.siehe_auch), entry.id


def test_every_entry_has_at_least_100_questions_in_10_voices(
    project: Path, knowledge: Knowledge
) -> None:
    voices = load_questions_by_voice(project / "data" / "knowledge")
    for entry in knowledge.values():
        assert len({fold(question) for question in entry.fragen}) >= 100, entry.id
        assert sum(bool(questions.get(entry.id)) for questions in voices.values()) >= 10, entry.id


def test_no_question_belongs_to_two_entries(knowledge: Knowledge) -> None:
    owners = defaultdict(set)
    for entry in knowledge.values():
        for question in entry.fragen:
            owners[fold(question)].add(entry.id)
    assert {q: ids for q, ids in owners.items() if len(ids) > 1} == {}


def test_no_sample_question_or_example_is_an_evaluation_message(
    project: Path, knowledge: Knowledge
) -> None:
    measured = {fold(message) for message in evaluation_messages(project)}
    assert len(measured) > 200
    learnt = {fold(q) for entry in knowledge.values() for q in entry.fragen}
    assert not learnt & measured
