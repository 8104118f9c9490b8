"""What the guide says: questions, notes and the plan, as parts of a reply. All words are data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.answer import (
    Choice,
    Heading,
    Link,
    Outcome,
    Paragraph,
    Part,
    Points,
    Progress,
    Reply,
    SourceLine,
)
from bot.dialogue.texts import Texts
from bot.guide.plan import Plan, Result, Step
from bot.guide.questions import Asked
from bot.guide.state import CHECK, START, GuideState
from bot.knowledge.guide import Guide
from bot.knowledge.model import Entry, Knowledge

TARGET = "fuehrung:"
"""How the targets of the guide's choices begin."""


@dataclass(frozen=True)
class Base:
    """What the guide works with in every turn."""

    knowledge: Knowledge
    guide: Guide
    texts: Texts
    token: Callable[[str, Mapping[str, str]], str]
    """Makes the signed token of a plan out of a dialogue and its answers."""
    days: int
    """So many days a token is valid."""

    def title(self, dialogue: str) -> str:
        """Return what a dialogue is called."""
        return str(self.guide.check.titel if dialogue == CHECK else self.guide.einstieg.titel)

    def introduction(self, dialogue: str) -> str:
        """Return the first sentences of a dialogue."""
        check, start = self.guide.check, self.guide.einstieg
        return str(check.einleitung if dialogue == CHECK else start.einleitung)


def question(
    asked: Asked,
    place: tuple[int, int] | None,
    state: GuideState,
    base: Base,
    lead: Sequence[Part] = (),
    hint: Entry | None = None,
) -> Reply:
    """Ask a question.

    Args:
        asked: the question.
        place: its number and the number of all, or ``None`` for one that doesn't count.
        state: for the answer given before, and for the ways on.
        base: knowledge and words.
        lead: what is said before it.
        hint: an entry that fits the last answers.
    """
    parts = [*lead, *(_hint(hint, base) if hint else ())]
    if place:
        text = base.texts("fuehrung_fortschritt", nummer=str(place[0]), anzahl=str(place[1]))
        parts.append(Progress(text, *place))
    factor = base.knowledge[asked.factor] if asked.factor else None
    if factor:
        parts += [Heading(factor.titel), Paragraph(factor.kurz), source(factor, base)]
    parts.append(Paragraph(asked.text))
    before = asked.answer(state.session.answers.get(asked.id, ""))
    if before:
        parts.append(Paragraph(base.texts("fuehrung_bisher", antwort=before.title)))
    about = factor or hint
    outcome = Outcome(
        "guide",
        topic=state.dialogue,
        group=about.gruppe if about else None,
        kind=about.art if about else None,
        entries=(about.id,) if about else (),
        source=about.quelle.place if about else None,
    )
    return Reply(outcome, tuple(parts), answer_choices(asked, place, base))


def answer_choices(asked: Asked, place: tuple[int, int] | None, base: Base) -> tuple[Choice, ...]:
    """Return the answers as choices, then the ways to skip and to go back."""
    choices = [
        Choice(answer.title, f"{TARGET}antwort:{asked.id}:{answer.id}") for answer in asked.answers
    ]
    choices.append(Choice(base.texts("knopf_ueberspringen"), f"{TARGET}ueberspringen"))
    if place and place[0] > 1:
        choices.append(Choice(base.texts("knopf_frage_zurueck"), f"{TARGET}zurueck"))
    return tuple(choices)


def noted(answers: Mapping[str, str], asked: Sequence[Asked], base: Base) -> Points:
    """Say what was understood."""
    items = (
        base.texts("fuehrung_antwort", thema=question.theme, antwort=answer.title)
        for question in asked
        if (answer := question.answer(answers.get(question.id, ""))) is not None
    )
    return Points(tuple(items), base.texts("fuehrung_notiert"))


def said(name: str, state: GuideState, base: Base, choices: Sequence[Choice] = ()) -> Reply:
    """Say one thing about the dialogue itself."""
    outcome = Outcome("guide", topic=state.dialogue)
    return Reply(outcome, (Paragraph(base.texts(name)),), tuple(choices))


def resume_choices(state: GuideState, base: Base) -> tuple[Choice, ...]:
    """Return the choices that lead back into a dialogue that was left."""
    title = base.title(state.dialogue)
    return (
        Choice(base.texts("knopf_weitermachen", titel=title), f"{TARGET}weiter"),
        Choice(base.texts("knopf_von_vorn"), f"{TARGET}von_vorn"),
    )


def start_choice(dialogue: str, base: Base) -> Choice:
    """Return the choice that begins a dialogue."""
    return Choice(base.title(dialogue), f"{TARGET}beginnen:{dialogue}")


def plan(plan_: Plan, topic: str, base: Base, lead: Sequence[Part] = ()) -> Reply:
    """Show a plan, with the links to take it along."""
    parts: list[Part] = [*lead, *(result(plan_.result, base.texts) if plan_.result else ())]
    parts += [Heading(base.texts("plan_titel")), Paragraph(base.texts("plan_motto"))]
    for number, step in enumerate(plan_.steps, 1):
        texts = step_texts(plan_, number, base.texts)
        parts += [Heading(texts[0]), *(Paragraph(text) for text in texts[1:])]
        parts.append(SourceLine(step_source(step, base.knowledge, base.texts)))
    fitting, later = (tuple(e.titel for e in part) for part in (plan_.factors, plan_.later))
    parts.append(Points(fitting, base.texts("plan_erfolgsfaktoren")))
    if later:
        parts.append(Points(later, base.texts("plan_spaeter")))
    path = f"/plan/{base.token(plan_.dialogue, plan_.answers)}"
    parts.append(Paragraph(base.texts("plan_mitnehmen", tage=str(base.days))))
    parts += [
        Link(base.texts("plan_link_seite"), path),
        Link(base.texts("plan_link_markdown"), f"{path}.md"),
        Link(base.texts("plan_link_kalender"), f"{path}.ics"),
    ]
    first = plan_.steps[0].entry
    other = START if plan_.dialogue == CHECK else CHECK
    return Reply(
        Outcome(
            "guide",
            topic=topic,
            group=first.gruppe,
            kind=first.art,
            entries=tuple(step.entry.id for step in plan_.steps),
            source=first.quelle.place,
        ),
        tuple(parts),
        (
            *(Choice(step.entry.titel, f"eintrag:{step.entry.id}") for step in plan_.steps),
            Choice(base.texts("knopf_antworten_aendern"), f"{TARGET}zurueck"),
            start_choice(other, base),
        ),
    )


def step_texts(plan_: Plan, number: int, texts: Texts) -> tuple[str, str, str, str]:
    """Return the heading of a step, why, how to begin, and the sign that it works."""
    step = plan_.steps[number - 1]
    return (
        texts("plan_schritt", nummer=str(number), titel=step.entry.titel),
        texts("plan_warum", text=step.entry.kurz),
        texts("plan_diese_woche", text=step.text.diese_woche),
        texts("plan_wirkung", text=step.text.wirkung),
    )


def step_source(step: Step, knowledge: Knowledge, texts: Texts) -> str:
    """Return where a step comes from, and where the sign that it works, if from elsewhere."""
    first, *others = step.sources
    line = knowledge.source_line(first)
    if not others:
        return texts("quelle_zeile", quelle=line)
    same = others[0].quelle.dokument == first.quelle.dokument
    sign = others[0].quelle.place if same else knowledge.source_line(others[0])
    return texts("plan_quellen", quelle=line, zeichen=sign)


def result(found: Result, texts: Texts) -> list[Points]:
    """Show the strengths, the gaps with what closes them, and what is unclear."""
    lists = [
        (texts("check_staerken"), found.strengths),
        *((texts("check_luecke", faktor=gap.factor.titel), gap.closing) for gap in found.gaps),
        (texts("check_unklar"), found.unclear),
    ]
    return [Points(tuple(e.titel for e in entries), label) for label, entries in lists if entries]


def source(entry: Entry, base: Base) -> SourceLine:
    """Return the line that says where an entry comes from."""
    return SourceLine(base.texts("quelle_zeile", quelle=base.knowledge.source_line(entry)))


def _hint(entry: Entry, base: Base) -> list[Part]:
    return [Paragraph(base.texts("fuehrung_hinweis", text=entry.kurz)), source(entry, base)]
