"""The walk through a guided dialogue: a message and a state in, a reply and the next state out.

Pure functions. Every message to an open question ends in exactly one of four ways: it steers the
dialogue, it answers, it is a question in between (the reply is then ``None``: the assistant
answers it and :func:`open_question` comes below), or it fits nothing and is asked back – once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.answer import Paragraph, Part, Reply
from bot.guide import plan as plans
from bot.guide import say, understand
from bot.guide.questions import Asked, questions
from bot.guide.say import Base
from bot.guide.state import CHECK, DIALOGUES, START, GuideState, Session
from bot.guide.understand import Heard
from bot.knowledge.guide import CONCERN_QUESTION, GROUP_QUESTION
from bot.knowledge.model import Entry

PLAN = "plan"

Move = tuple[Reply, GuideState]


def begin(dialogue: str, heard: Heard, state: GuideState, base: Base) -> Move:
    """Begin a dialogue, go on with one that was left, or show the plan that was asked for.

    Args:
        dialogue: ``einstieg``, ``check`` or ``plan``.
        heard: the message; what it already answers is noted.
        state: of both dialogues.
        base: knowledge and words.
    """
    if dialogue == PLAN:
        if state.session.answers:
            return finish(state, base, topic=PLAN)
        reply, state = begin(START, heard, state, base)
        return replace(reply, outcome=replace(reply.outcome, topic=PLAN)), state
    state = replace(state, dialogue=dialogue, proposed=True)
    if state.session.begun:
        return resume(state, base)
    asked = questions(dialogue, {}, base.knowledge)
    found = dict(
        understand.answers(heard, asked[:1] if dialogue == CHECK else asked, "", base.guide)
    )
    if heard.intent == START:
        found.pop(GROUP_QUESTION, None)  # „neu in der Verwaltung“ says where, not with whom
    help_ = Paragraph(base.texts("fuehrung_hilfe"))
    lead: list[Part] = [Paragraph(base.introduction(dialogue)), help_]
    return _answered(found, state.going_on(Session()), base, lead, typed=True)


def resume(state: GuideState, base: Base) -> Move:
    """Go on with a dialogue that was left."""
    state = state.going_on(state.session)
    return _ask(state, base, [Paragraph(base.texts("fuehrung_fortgesetzt"))])


def step(heard: Heard, state: GuideState, base: Base) -> tuple[Reply | None, GuideState]:
    """Take a message to an open question; ``None`` when it is a question in between."""
    asked = questions(state.dialogue, state.session.answers, base.knowledge)
    found = understand.answers(heard, asked, state.session.current, base.guide)
    wanted = understand.control(heard, base.guide)
    if wanted and not (wanted == "ueberspringen" and state.session.current in found):
        return steer(wanted, state, base)
    asks = understand.is_question(heard, base.guide)
    if found and not asks:
        return _take(heard, found, state, base)
    wanted = understand.control_by_intent(heard)
    if wanted == "warum":  # a question itself: about ours, or about what was shown in between
        asks = state.interrupted
    if wanted and not asks:
        return steer(wanted, state, base)
    if heard.sure_intent in (*DIALOGUES, PLAN):
        return begin(heard.intent, heard, state, base)
    if understand.is_in_between(heard, base.guide):
        return None, replace(state, interrupted=True)
    return _ask_back(state, base)


def choose(target: str, state: GuideState, base: Base) -> Move:
    """Do what one of the guide's choices leads to.

    Args:
        target: of the choice, without :data:`say.TARGET`.
        state: before it.
        base: knowledge and words.
    """
    action, _, rest = target.partition(":")
    if action == "beginnen":
        return begin(rest, Heard(""), state, base)
    if action == "antwort":
        question, _, answer = rest.partition(":")
        return _answered({question: answer}, state, base)
    return steer(action, state, base)


def steer(control: str, state: GuideState, base: Base) -> Move:
    """Do what a control says."""
    return _CONTROLS[control](state, base)


def change(heard: Heard, state: GuideState, base: Base) -> Move | None:
    """Change an answer after the plan was shown („doch eher Politik“), and show the new one."""
    if state.phase != "done" or understand.is_question(heard, base.guide):
        return None
    if not understand.announces_change(heard, base.guide):
        return None
    asked = questions(state.dialogue, state.session.answers, base.knowledge)
    found = understand.answers(heard, asked, "", base.guide)
    if not found:
        return None
    session = state.session.answering(found)
    lead: list[Part] = [Paragraph(base.texts("fuehrung_geaendert")), say.noted(found, asked, base)]
    return finish(state.going_on(session), base, lead)


def finish(
    state: GuideState, base: Base, lead: Sequence[Part] = (), topic: str | None = None
) -> Move:
    """Show the plan that the answers so far lead to."""
    made = plans.build(state.dialogue, state.session.answers, base.knowledge)
    reply = say.plan(made, topic or state.dialogue, base, lead)
    return reply, state.going_on(state.session, phase="done")


def open_question(state: GuideState, base: Base) -> Reply:
    """Return the open question, to be shown below the answer to a question in between."""
    title = base.texts("fuehrung_zurueck_zu", titel=base.title(state.dialogue))
    return _ask(state, base, [Paragraph(title)])[0]


def _take(
    heard: Heard, found: Mapping[str, str], state: GuideState, base: Base
) -> tuple[Reply | None, GuideState]:
    """Note answers; a message that goes on to a concern of its own is answered as well."""
    session, current = state.session, state.session.current
    changes = understand.announces_change(heard, base.guide)
    kept = {
        question: answer
        for question, answer in found.items()
        if question == current or question not in session.answers or changes or current not in found
    }
    if understand.tells_more(heard) and current not in found:
        noted = state.going_on(session.answering(kept))
        return None, replace(noted, interrupted=True)
    return _answered(kept, state, base, typed=True)


def _answered(
    found: Mapping[str, str],
    state: GuideState,
    base: Base,
    lead: Sequence[Part] = (),
    *,
    typed: bool = False,
) -> Move:
    """Note answers and ask the next question, or show the plan when there is none left."""
    asked = questions(state.dialogue, state.session.answers, base.knowledge)
    current = state.session.current
    session = state.session.answering(found)
    said: list[Part] = [*lead]
    if found and typed:
        said.append(say.noted(found, asked, base))
    moves = current in found or not current
    state = state.going_on(session.at(_next(session, state, base)) if moves else session)
    if not state.session.current:
        return finish(state, base, said)
    return _ask(state, base, said, _hint(found, state, base))


def _ask(
    state: GuideState, base: Base, lead: Sequence[Part] = (), hint: Entry | None = None
) -> Move:
    """Ask the open question; one that is gone by now is replaced by the first that is open."""
    asked = questions(state.dialogue, state.session.answers, base.knowledge)
    at = next((i for i, q in enumerate(asked) if q.id == state.session.current), None)
    if at is None:
        session = state.session.at("")
        session = session.at(_next(session, state, base))
        if not session.current:
            return finish(state.going_on(session), base, lead)
        return _ask(state.going_on(session), base, lead, hint)
    return say.question(asked[at], _place(at, asked), state, base, lead, hint), state


def _place(at: int, asked: Sequence[Asked]) -> tuple[int, int] | None:
    """Return number and total; in the check only the success factors count."""
    uncounted = 1 if any(question.factor for question in asked) else 0
    return (at + 1 - uncounted, len(asked) - uncounted) if at >= uncounted else None


def _next(session: Session, state: GuideState, base: Base) -> str:
    """Return the next question without an answer: from the current one on, else from the start."""
    asked = [q.id for q in questions(state.dialogue, session.answers, base.knowledge)]
    at = asked.index(session.current) if session.current in asked else -1
    done = {*session.answers, *session.skipped, session.current}
    return next((q for q in [*asked[at + 1 :], *asked[: at + 1]] if q not in done), "")


def _hint(found: Mapping[str, str], state: GuideState, base: Base) -> Entry | None:
    """Return an entry that fits what was just answered: of group and concern, if both are known."""
    if state.dialogue == CHECK:
        return None
    answers = state.session.answers
    if {GROUP_QUESTION, CONCERN_QUESTION} <= answers.keys() and found.keys() & {
        GROUP_QUESTION,
        CONCERN_QUESTION,
    }:
        ids = plans.ordered({q: answers[q] for q in (GROUP_QUESTION, CONCERN_QUESTION)}, base.guide)
        return base.knowledge.get(ids[0][0])
    for question in reversed(questions(state.dialogue, answers, base.knowledge)):
        answer = question.answer(found.get(question.id, ""))
        if answer and answer.hint:
            return base.knowledge.get(answer.hint)
    return None


def _ask_back(state: GuideState, base: Base) -> Move:
    """Ask back once; the second time leave the question open."""
    if state.session.asked_back:
        return _skip(state, base)
    session = replace(state.session, asked_back=True)
    return _ask(state.going_on(session), base, [Paragraph(base.texts("fuehrung_rueckfrage"))])


def _skip(state: GuideState, base: Base) -> Move:
    """Leave the open question; an answer given before stays."""
    session = state.session
    asked = questions(state.dialogue, session.answers, base.knowledge)
    kept = [
        a.title
        for q in asked
        if q.id == session.current and (a := q.answer(session.answers.get(q.id, "")))
    ]
    if not kept and session.current not in session.skipped:
        session = replace(session, skipped=(*session.skipped, session.current))
    state = state.going_on(session.at(_next(session, state, base)))
    text = base.texts("fuehrung_bleibt", antwort=kept[0]) if kept else base.texts("fuehrung_offen")
    lead = [Paragraph(text)]
    return _ask(state, base, lead) if state.session.current else finish(state, base, lead)


def _back(state: GuideState, base: Base) -> Move:
    """Go back to the question before; after the plan, to the last one."""
    asked = [q.id for q in questions(state.dialogue, state.session.answers, base.knowledge)]
    current = state.session.current
    open_ = current in asked and state.phase != "done"
    at = asked.index(current) if open_ else len(asked)
    if at == 0:
        return _ask(
            state.going_on(state.session), base, [Paragraph(base.texts("fuehrung_erste_frage"))]
        )
    return _ask(state.going_on(state.session.at(asked[at - 1])), base)


def _cancel(state: GuideState, base: Base) -> Move:
    left = state.going_on(state.session, phase="idle")
    return say.said("fuehrung_abgebrochen", left, base, say.resume_choices(left, base)), left


def _pause(state: GuideState, base: Base) -> Move:
    left = state.going_on(state.session, phase="paused")
    return say.said("fuehrung_spaeter", left, base, say.resume_choices(left, base)), left


def _restart(state: GuideState, base: Base) -> Move:
    lead = [Paragraph(base.texts("fuehrung_von_vorn"))]
    return _answered({}, state.going_on(Session()), base, lead)


def _why(state: GuideState, base: Base) -> Move:
    asked = questions(state.dialogue, state.session.answers, base.knowledge)
    why = [Paragraph(q.why) for q in asked if q.id == state.session.current]
    return _ask(state.going_on(state.session), base, why)


def _on(state: GuideState, base: Base) -> Move:
    """„Weiter“: after a question in between or a pause the open question, else the next one."""
    if state.phase != "asking":
        return resume(state, base)
    return _ask(state.going_on(state.session), base) if state.interrupted else _skip(state, base)


def _again(state: GuideState, base: Base) -> Move:
    return _ask(state.going_on(state.session), base)


def _plan_now(state: GuideState, base: Base) -> Move:
    return finish(state, base, topic=PLAN)


_CONTROLS: Mapping[str, Callable[[GuideState, Base], Move]] = {
    "zurueck": _back,
    "ueberspringen": _skip,
    "abbrechen": _cancel,
    "spaeter": _pause,
    "von_vorn": _restart,
    "warum": _why,
    "weiter": _on,
    "wiederholen": _again,
    "plan": _plan_now,
}
