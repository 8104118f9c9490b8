"""The guided dialogues inside the conversation: when they take a message, and when they wait.

:mod:`bot.guide` knows neither slots nor intents of other topics; here the two meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone

from bot.answer import Choice, Numbered, Paragraph, Part, Points, Reply
from bot.dialogue import compose
from bot.dialogue.concern import ANSWER_FROM, shown_of
from bot.dialogue.state import State
from bot.dialogue.turn import CONCERN, Context, Turn
from bot.guide import dialogue, link, say, understand
from bot.guide.state import CHECK, DIALOGUES, START, GuideState
from bot.guide.understand import Heard
from bot.knowledge.guide import GROUP_QUESTION
from bot.secret import key
from bot.settings import get_settings

TARGET = say.TARGET
_AFTER_PLAN = {"wiederholen": "plan", "zurueck": "zurueck"}
"""What these intents mean right after a plan was shown."""
_OTHERS = 3
"""So many choices of an answer in between are kept beside those of the open question."""
_QUIET = frozenset({"warten", "verabschiedung", "daten_loeschen"})
"""After these, an open question waits without being repeated."""


def start(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Begin the dialogue that the intent names; without a guide, ask for the group."""
    base = _base(context)
    if base is None:
        return compose.clarify_group(context), state
    wanted = turn.intent if turn.intent in (*DIALOGUES, dialogue.PLAN) else START
    guide = state.einstieg
    return _noted(dialogue.begin(wanted, _heard(turn), guide, base), state)


def start_choices(context: Context) -> tuple[Choice, ...]:
    """Return the choices that begin the guided dialogues, if there are any."""
    base = _base(context)
    return tuple(say.start_choice(name, base) for name in (START, CHECK)) if base else ()


def take(
    target: str | None, turn: Turn, state: State, context: Context
) -> tuple[Reply | None, State]:
    """Let the guide take a message; the reply is ``None`` when it is not the guide's.

    Args:
        target: of the choice on offer that the message takes up, if any.
        turn: the message.
        state: before it.
        context: knowledge base and texts.
    """
    base = _base(context)
    if base is None:
        return None, state
    guide = state.einstieg
    target = target or _meant(turn, state, guide, base)
    if target:
        if not target.startswith(TARGET):
            return None, state
        return _noted(dialogue.choose(target.removeprefix(TARGET), guide, base), state)
    heard = _heard(turn)
    if guide.asking:
        reply, guide = dialogue.step(heard, guide, base)
        if reply is None:
            return None, replace(state, einstieg=guide)
        return _noted((reply, guide), state)
    changed = dialogue.change(heard, guide, base)
    return _noted(changed, state) if changed else (None, state)


def go_on(turn: Turn, reply: Reply, state: State, context: Context) -> tuple[Reply, State]:
    """Put the open question below an answer, or offer the guide to someone new, once."""
    base = _base(context)
    if base is None or reply.outcome.status == "guide":
        return reply, state
    guide = state.einstieg
    if guide.asking:
        if reply.outcome.topic in _QUIET:
            return reply, state
        return _with_question(reply, dialogue.open_question(guide, base), base), state
    if guide.phase == "idle" and not guide.proposed and _welcomes_guide(turn, reply, base):
        offered = Paragraph(base.guide.einstieg.vorschlag)
        choices = (*reply.choices, say.start_choice(START, base))
        proposed = replace(state, einstieg=replace(guide, proposed=True))
        return replace(reply, parts=(*reply.parts, offered), choices=choices), proposed
    return reply, state


def plan_key() -> bytes:
    """Return the key that plan links are signed with."""
    return key(get_settings(), "plan")


def _welcomes_guide(turn: Turn, reply: Reply, base: say.Base) -> bool:
    helpful = reply.outcome.status in ("answer", "overview", "clarify", "no_answer")
    return helpful and understand.sounds_new(_heard(turn), base.guide)


def _with_question(reply: Reply, question: Reply, base: say.Base) -> Reply:
    """Return the answer to a question in between with the open question below.

    Numbers always mean the choices in their order. So lists lose their numbers, except where the
    assistant asks back itself: then that is to be answered first, and the guide waits.
    """
    if reply.outcome.status == "clarify":
        back = say.resume_choices(GuideState(dialogue=question.outcome.topic or START), base)[:1]
        return replace(reply, choices=(*reply.choices, *back))
    parts: list[Part] = [
        Points(part.items) if isinstance(part, Numbered) else part for part in reply.parts
    ]
    titles = {choice.title for choice in question.choices}
    others = tuple(choice for choice in reply.choices if choice.title not in titles)[:_OTHERS]
    if reply.outcome.status == "no_answer":
        parts.append(Points(tuple(choice.title for choice in reply.choices)))
    return replace(reply, parts=(*parts, *question.parts), choices=(*question.choices, *others))


def _meant(turn: Turn, state: State, guide: GuideState, base: say.Base) -> str | None:
    """Return the guide's choice that „ja“ or „weiter“ takes up without naming it."""
    offered = [target for _, target in state.angebot]
    if guide.asking:
        return None
    if turn.intent == "bejahen" and guide.phase == "idle":
        return offered[-1] if offered[-1:] == [f"{TARGET}beginnen:{START}"] else None
    shown = state.last is not None and state.last.status == "guide"
    if guide.phase == "done" and shown and turn.intent in _AFTER_PLAN:
        return TARGET + _AFTER_PLAN[turn.intent]
    heard, on = _heard(turn), f"{TARGET}weiter"
    if not guide.session.begun or understand.control(heard, base.guide) != "weiter":
        return None
    # „weiter“ alone is only clear right after the break
    return on if on in offered or heard.folded != "weiter" else None


def _noted(move: dialogue.Move, state: State) -> tuple[Reply, State]:
    """Note in the conversation what the guide showed and which group it is about."""
    reply, guide = move
    before = state.einstieg.session.answers.get(GROUP_QUESTION)
    answered = guide.session.answers.get(GROUP_QUESTION)
    group = answered if answered != before and answered in compose.ACTOR_GROUPS else None
    state = replace(state, einstieg=guide, fehlversuche=0)
    if reply.outcome.entries:
        state = state.showing(shown_of(reply))
    return reply, replace(state, gruppe=group or state.gruppe)


def _heard(turn: Turn) -> Heard:
    best = max(turn.entries.values(), default=0.0)
    answerable = turn.intent == CONCERN and best >= ANSWER_FROM
    return Heard(turn.text, turn.intent, turn.confidence, turn.groups, answerable)


def _base(context: Context) -> say.Base | None:
    guide = context.knowledge.guide
    if guide is None:
        return None
    days = get_settings().plan_days
    return say.Base(context.knowledge, guide, context.texts, _token, days)


def _token(name: str, answers: Mapping[str, str]) -> str:
    now = datetime.now(timezone.utc)
    return link.sign(name, answers, plan_key(), get_settings().plan_days, now)
