"""The plan: from answers to three first steps, the success factors, and what is left for later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.guide.questions import factors, questions
from bot.guide.state import CHECK
from bot.knowledge.guide import (
    CONCERN_QUESTION,
    GROUP_QUESTION,
    STEPS,
    Guide,
    Option,
    Row,
    StepText,
)
from bot.knowledge.model import Entry, Knowledge

_LATER = 4


@dataclass(frozen=True)
class Step:
    """One step: an entry, and how to begin with it."""

    entry: Entry
    text: StepText
    sources: tuple[Entry, ...]
    """The entries that it comes from: the step itself, and the sign that it works."""


@dataclass(frozen=True)
class Gap:
    """A success factor that is not met, with the recommendations that close the gap."""

    factor: Entry
    closing: tuple[Entry, ...]


@dataclass(frozen=True)
class Result:
    """What the check found, the success factors in the order of the questions."""

    strengths: tuple[Entry, ...]
    gaps: tuple[Gap, ...]
    """Those not met first, then those met in part."""
    unclear: tuple[Entry, ...]


@dataclass(frozen=True)
class Plan:
    """What a guided dialogue comes to."""

    dialogue: str
    answers: Mapping[str, str]
    given: tuple[tuple[str, str | None], ...]
    """Theme of each question and the answer's title; ``None`` where it was left open."""
    steps: tuple[Step, ...]
    factors: tuple[Entry, ...]
    later: tuple[Entry, ...]
    result: Result | None = None
    """Only in the plan of a check."""


def build(dialogue: str, answers: Mapping[str, str], knowledge: Knowledge) -> Plan:
    """Return the plan for answers; unknown ones count as left open, so old links keep working.

    Args:
        dialogue: ``einstieg`` or ``check``.
        answers: question id -> answer id.
        knowledge: with a guide.
    """
    guide = knowledge.guide
    assert guide is not None
    asked = questions(dialogue, answers, knowledge)
    known = {q.id: a for q in asked if (a := q.answer(answers.get(q.id, ""))) is not None}
    kept = {question: answer.id for question, answer in known.items()}
    if dialogue == CHECK:
        result = _result(kept, guide, knowledge)
        wanted, row = _closing(result, kept, guide)
        given = tuple((q.theme, known[q.id].title if q.id in known else None) for q in asked[:1])
    else:
        result = None
        wanted, row = ordered(kept, guide)
        given = tuple((q.theme, known[q.id].title if q.id in known else None) for q in asked)
    fitting = _known([*wanted, *_others(guide)], guide, knowledge)
    steps = tuple(_step(entry, guide, knowledge) for entry in fitting[:STEPS])
    taken = {step.entry.id for step in steps}
    later = [e for e in _known([*wanted, *row.schritte], guide, knowledge) if e.id not in taken]
    fits = tuple(knowledge[i] for i in row.erfolgsfaktoren if i in knowledge)
    return Plan(dialogue, kept, given, steps, fits, tuple(later[:_LATER]), result)


def _step(entry: Entry, guide: Guide, knowledge: Knowledge) -> Step:
    text = guide.schritte[entry.id]
    sources = dict.fromkeys([entry.id, text.wirkung_aus or entry.id])
    return Step(entry, text, tuple(knowledge[i] for i in sources if i in knowledge))


def ordered(answers: Mapping[str, str], guide: Guide) -> tuple[list[str], Row]:
    """Return the entries that fit the answers of *Einstieg*, most important first, and their row.

    The row of group and concern gives the order. What an answer prefers moves up behind the first
    entry, what it puts off moves to the end, and what it demands comes first of all.
    """
    chosen = _chosen(answers, guide)
    group = next((option.gruppe for option in chosen if option.gruppe), None)
    row = row_of(group, answers.get(CONCERN_QUESTION), guide)
    ids = [str(entry_id) for entry_id in row.schritte]
    for option in chosen:
        ids.sort(key=option.zurueckstellen.__contains__)  # stable: the order stays otherwise
    preferred = [i for option in chosen for i in option.vorziehen if i in ids[1:]]
    first = [str(option.zuerst) for option in chosen if option.zuerst]
    return list(dict.fromkeys([*first, *ids[:1], *preferred, *ids])), row


def row_of(group: str | None, concern: str | None, guide: Guide) -> Row:
    """Return the row of the plans for a group and a concern; the defaults where one is open."""
    start = guide.einstieg
    default = next(
        option.gruppe
        for question in start.fragen
        if question.id == GROUP_QUESTION
        for option in question.optionen
        if option.id == start.ohne_gruppe
    )
    wanted = group or default or "grundlagen"
    row = guide.row(wanted, concern or "") or guide.row(wanted, start.ohne_anliegen)
    assert row is not None  # the guide is validated: every combination has a row
    return row


def _chosen(answers: Mapping[str, str], guide: Guide) -> list[Option]:
    options = (q.option(answers.get(q.id, "")) for q in guide.einstieg.fragen)
    return [option for option in options if option is not None]


def _result(answers: Mapping[str, str], guide: Guide, knowledge: Knowledge) -> Result:
    counts = {str(rating.id): rating.zaehlt for rating in guide.check.antworten}
    met: dict[str, list[Entry]] = {"staerke": [], "luecke": [], "teils": [], "offen": []}
    for factor in factors(answers, guide, knowledge):
        met[counts.get(answers.get(factor, ""), "offen")].append(knowledge[factor])
    gaps = tuple(
        Gap(entry, tuple(_known(guide.check.faktoren[entry.id], guide, knowledge)))
        for entry in (*met["luecke"], *met["teils"])
    )
    return Result(tuple(met["staerke"]), gaps, tuple(met["offen"]))


def _closing(result: Result, answers: Mapping[str, str], guide: Guide) -> tuple[list[str], Row]:
    """Return what closes the gaps, one recommendation for each gap first, then the others."""
    chains: list[list[str]] = [[entry.id for entry in gap.closing] for gap in result.gaps]
    chains += [[str(i) for i in guide.check.faktoren[entry.id]] for entry in result.unclear]
    longest = max((len(chain) for chain in chains), default=0)
    wanted: list[str] = [chain[at] for at in range(longest) for chain in chains if at < len(chain)]
    option = guide.check.gruppe.option(answers.get(GROUP_QUESTION, ""))
    row = row_of(option.gruppe if option else None, guide.check.auffuellen, guide)
    return list(dict.fromkeys([*wanted, *row.schritte])), row


def _others(guide: Guide) -> list[str]:
    """Return all steps there are: what fills up a plan whose entries have been deleted."""
    return [str(entry_id) for entry_id in guide.schritte]


def _known(ids: Iterable[str], guide: Guide, knowledge: Knowledge) -> list[Entry]:
    """Return the entries that exist and can be a step, each once."""
    kept = dict.fromkeys(i for i in ids if i in knowledge and i in guide.schritte)
    return [knowledge[i] for i in kept]
