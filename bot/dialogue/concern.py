"""A specific concern: find the entry that answers it, or ask back, or say no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.answer import Paragraph, Reply
from bot.dialogue import compose
from bot.dialogue.state import Shown, State
from bot.dialogue.turn import CONCERN, OUT_OF_SCOPE, Context, Turn

# Probabilities of the classifier, which are calibrated (docs/decisions/0003): an answer that is
# right less than one time in three is better offered as a choice among three.
ANSWER_FROM = 0.30
OFFER_FROM = 0.12

_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…\n]?")
_QUESTIONS = re.compile(
    r"[.!?:…\n]+|,? und (?=wie|was|wer|wen|wem|wo|wann|warum|wieso|worauf|woran|welche)",
    re.IGNORECASE,
)
"""Between two questions of one message."""
_CARRIED = 300
"""So long a question, in letters, is still carried on; else every other group would add to it."""
_WHOLE_QUESTION = 4
"""A question of fewer words („Oder?“) asks for nothing of its own."""
_ASKED_FROM = 0.45
"""From this score of its nearest sample questions on, a further question is offered an entry."""

_ONE_OF_MANY_FROM = 0.36
"""… and from this one on, an entry of its own, if no entry answers the whole message."""

_IN_CONTEXT = 36.0
"""How much likelier an entry is when a message („was biete ich denen?“) continues its group: nine
of ten such messages do, and the other four groups share the tenth."""
_IN_GENERAL = 2.0
"""… when it is about all groups, and no group is named („Was ist meine Aufgabe?“)."""
_NAMED_GENERAL = 6.0
"""… and when it says so („ganz allgemein“)."""
_EXCLUDED = 0.005
"""… and when the message rules its group out („keine Stiftung, sondern …“)."""


def concern(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Answer a message that is about something specific."""
    ranking = [(i, p) for i, p in in_context(turn, state, context) if i in context.knowledge]
    if len(turn.groups) == 1:
        state = replace(state, gruppe=turn.groups[0])
    state = replace(state, frage=_question(turn, state))
    if not ranking or ranking[0][1] < OFFER_FROM:
        return not_known(turn, state, context)
    ids, (best, confidence) = [i for i, _ in ranking], ranking[0]
    asked = _one_by_one(turn, context) if confidence < ANSWER_FROM else []
    if asked:
        ids, best = asked, asked[0]
    elif confidence < ANSWER_FROM:
        reply = compose.clarify_entries(ids[:3], confidence, context)
        return reply, replace(state, fehlversuche=state.fehlversuche + 1)
    entry = context.knowledge[best]
    also = ids[1] if ids is asked else also_asked(turn.text, best, context)
    related = list(dict.fromkeys([also, *ids[1:3]] if also else ids[1:3]))
    reply = compose.answer(entry, context, related=related, confidence=confidence)
    if also:
        hint = Paragraph(context.texts("weitere_frage", titel=context.knowledge[also].titel))
        reply = replace(reply, parts=(*reply.parts, hint))
    return reply, state.showing(shown_of(reply))


def also_asked(text: str, answered: str, context: Context) -> str | None:
    """Return the entry that another question in the same message asks for, if there is one.

    Args:
        text: the message.
        answered: the entry that is shown.
        context: knowledge base and search.
    """
    questions = [q for q in _SENTENCE.findall(text) if q.endswith("?")]
    best = _asked_for(questions, context)
    others = [(score, i) for i, score in best if i != answered and score >= _ASKED_FROM]
    return max(others)[1] if others and len(others) < len(best) else None


def _one_by_one(turn: Turn, context: Context) -> list[str]:
    """Return what each of several questions about several groups asks for, in their order.

    As a whole, such a message looks a little like everything that it asks for.
    """
    best = _asked_for(_QUESTIONS.split(turn.text), context)
    likely = [i for i, score in best if score >= _ONE_OF_MANY_FROM]
    asked = [i for i in likely if context.knowledge[i].gruppe in turn.groups]
    about = {context.knowledge[i].gruppe for i in asked}
    return asked if len(about) > 1 and about == set(turn.groups) else []


def _asked_for(questions: Sequence[str], context: Context) -> list[tuple[str, float]]:
    """Return the nearest entry of each question that is long enough, if there are several."""
    whole = [q for q in questions if len(q.split()) >= _WHOLE_QUESTION]
    return [first for q in whole for first in context.rank(q, None)[:1]] if len(whole) > 1 else []


def _question(turn: Turn, state: State) -> str:
    """Return what is asked, with the question before when the message only turns its group."""
    turns = turn.words[:1] == ["und"] and len(turn.groups) == 1 and turn.points_back
    carried = state.last is not None and len(state.frage) <= _CARRIED
    return f"{state.frage} {turn.text}" if turns and carried else turn.text


def not_known(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Say that the knowledge base does not hold the answer."""
    theme = turn.likeliest_detail if turn.intent == OUT_OF_SCOPE else ""
    near = [] if theme in ("fern", "kommunal") else [i for i, _ in in_context(turn, state, context)]
    reply = compose.no_answer(
        [i for i in near if i in context.knowledge],
        context,
        theme=theme,
        failures=state.fehlversuche,
        confidence=turn.confidence,
    )
    return reply, replace(state, fehlversuche=state.fehlversuche + 1)


def in_context(turn: Turn, state: State, context: Context) -> list[tuple[str, float]]:
    """Return the likeliest entries with the groups of message and conversation weighed in.

    The classifier sees the message alone; what the conversation is about is a prior on top of it
    (Bayes). All that the message can be shares the probabilities, so they stay comparable.
    """
    weighed = {i: p * _weight(i, turn, state, context) for i, p in turn.entries.items()}
    others = max(1.0 - sum(turn.entries.values()), 0.0)
    total = sum(weighed.values()) + others
    ranking = [(i, p / total) for i, p in weighed.items()] if total else []
    return sorted(ranking, key=lambda item: -item[1])


def has_candidates(turn: Turn, state: State, context: Context) -> bool:
    """Whether entries come into question that could be offered instead of asking for the group."""
    ranking = in_context(turn, state, context)
    return bool(ranking) and ranking[0][1] >= OFFER_FROM


def continues(turn: Turn, state: State, context: Context) -> bool:
    """Whether the conversation makes an entry likelier than what the message alone looks like."""
    if state.last is None or turn.intent == CONCERN or turn.intent.endswith("_folge"):
        return False  # what follows up on the conversation is as much in its context
    ranking = in_context(turn, state, context)
    if not ranking or ranking[0][1] < ANSWER_FROM:
        return False
    best = ranking[0][0]
    return turn.entries[best] * _weight(best, turn, state, context) > turn.confidence


def _weight(entry_id: str, turn: Turn, state: State, context: Context) -> float:
    entry = context.knowledge.get(entry_id)
    if entry is None:
        return 1.0
    if entry.gruppe in turn.excluded:
        return _EXCLUDED
    if not turn.groups and entry.gruppe == state.gruppe and turn.points_back:
        return _IN_CONTEXT
    if entry.kind == "grundlage" and turn.groups == (entry.gruppe,):
        return _NAMED_GENERAL
    if entry.kind == "grundlage" and not (turn.groups or state.gruppe):
        return _IN_GENERAL
    return 1.0


def answer_with(ids: Sequence[str], state: State, context: Context) -> tuple[Reply, State]:
    """Answer with the first of some entries, offer the next two, and note it."""
    reply = compose.answer(context.knowledge[ids[0]], context, related=ids[1:3])
    return reply, state.showing(shown_of(reply))


def shown_of(reply: Reply) -> Shown:
    """Return what the state keeps of a reply."""
    outcome = reply.outcome
    return Shown(outcome.status, outcome.group, outcome.kind, outcome.entries, len(outcome.entries))
