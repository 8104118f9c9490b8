"""The questions of both dialogues in one form: what is asked, and what can be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.guide.state import START
from bot.knowledge.guide import GROUP_QUESTION, Guide, Option, Question
from bot.knowledge.model import Knowledge


@dataclass(frozen=True)
class Answer:
    """One possible answer."""

    id: str
    title: str
    words: tuple[str, ...] = ()
    least: float | None = None
    below: float | None = None
    """A number from ``least`` up to, but not including ``below`` means this answer."""
    group: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class Asked:
    """One question as it is asked."""

    id: str
    text: str
    theme: str
    why: str
    answers: tuple[Answer, ...]
    units: tuple[tuple[str, float], ...] = ()
    cues: tuple[str, ...] = ()
    """Words of which one has to be there for an answer that was not asked for."""
    factor: str | None = None
    """The success factor that the question is about."""

    def answer(self, answer_id: str) -> Answer | None:
        """Return an answer by its id, or ``None``."""
        return next((answer for answer in self.answers if answer.id == answer_id), None)


def questions(dialogue: str, answers: Mapping[str, str], knowledge: Knowledge) -> list[Asked]:
    """Return the questions of a dialogue in order.

    Those of the check depend on the group that was answered; a group left open means all.
    """
    guide = knowledge.guide
    assert guide is not None
    if dialogue == START:
        return [_asked(question) for question in guide.einstieg.fragen]
    return [
        _asked(guide.check.gruppe),
        *(_rated(factor, guide, knowledge) for factor in factors(answers, guide, knowledge)),
    ]


def factors(answers: Mapping[str, str], guide: Guide, knowledge: Knowledge) -> list[str]:
    """Return the ids of the success factors that the check goes through."""
    option = guide.check.gruppe.option(answers.get(GROUP_QUESTION, ""))
    group = option.gruppe if option else "grundlagen"
    return [
        str(factor)
        for factor in guide.check.faktoren
        if factor in knowledge and group in ("grundlagen", knowledge[factor].gruppe)
    ]


def _asked(question: Question) -> Asked:
    return Asked(
        question.id,
        question.frage,
        question.thema,
        question.warum,
        tuple(_answer(option) for option in question.optionen),
        tuple(question.einheiten.items()),
        tuple(question.voran),
    )


def _answer(option: Option) -> Answer:
    return Answer(
        option.id,
        option.titel,
        tuple(option.woerter),
        option.von,
        option.bis,
        option.gruppe,
        option.hinweis,
    )


def _rated(factor: str, guide: Guide, knowledge: Knowledge) -> Asked:
    check = guide.check
    ratings = tuple(Answer(r.id, r.titel, tuple(r.woerter)) for r in check.antworten)
    title = knowledge[factor].titel
    return Asked(factor, check.frage, title, check.warum, ratings, factor=factor)
