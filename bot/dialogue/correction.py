"""Turning to another group, and correcting what was understood; what was asked stays the same."""

from __future__ import annotations

from dataclasses import replace

from bot.answer import Reply
from bot.dialogue import compose, follow_up, overview
from bot.dialogue.concern import shown_of
from bot.dialogue.state import State
from bot.dialogue.turn import Context, Turn

_SAME_QUESTION_FROM = 0.40
"""From this score on, a question carried over to another group is answered; else an overview."""


def turn_to_group(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Answer the same question for another group, or give the overview of it."""
    kind = overview.named_kind(turn)
    group = turn.groups[-1] if turn.groups else state.gruppe if kind else None
    if group is None:
        if state.last:  # „nein, den davor meinte ich“
            return follow_up.pick(turn, state, context)
        return compose.clarify_group(context, kind), state
    if kind is None and _asked_something(state):
        ranking = context.rank(f"{state.frage} {turn.text}", group)
        if ranking and ranking[0][1] >= _SAME_QUESTION_FROM:
            ids = [entry_id for entry_id, _ in ranking]
            entry = context.knowledge[ids[0]]
            reply = compose.answer(entry, context, related=ids[1:3], confidence=ranking[0][1])
            return reply, state.showing(shown_of(reply))
    return overview.show(group, kind or state.art, state, context)


def correct(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Take up a correction; a group that is ruled out without another in its place is asked for."""
    if turn.excluded and not turn.groups:
        return compose.clarify_group(context, state.art), replace(state, gruppe=None)
    return turn_to_group(turn, state, context)


def _asked_something(state: State) -> bool:
    """Whether the last content question was a specific one, not for an overview."""
    return bool(state.frage) and (state.last is None or state.last.status == "answer")
