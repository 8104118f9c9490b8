"""Turning to another group, and correcting what was understood; what was asked stays the same."""

from __future__ import annotations

from dataclasses import replace

from bot.answer import Reply
from bot.dialogue import compose, follow_up, overview
from bot.dialogue.concern import OFFER_FROM, answer_with
from bot.dialogue.state import State
from bot.dialogue.turn import Context, Turn
from bot.knowledge.model import Entry

_SAME_QUESTION_FROM = 0.36
"""From this score on, a question carried over to another group is answered; else an overview.
Nine of ten questions that have no counterpart in the other group stay below."""
_SAID_MORE_FROM = 0.35
"""From this score on, a message that rules a group out says something about it all the same. Of the
sentences for „no“, one in three hundred gets so far."""
_SAME_TITLE_FROM = 0.41
"""The same for the title of the entry that was the answer. It finds three times as many."""


def turn_to_group(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Answer the same question for another group, or give the overview of it."""
    kind = overview.named_kind(turn)
    group = turn.groups[-1] if turn.groups else state.gruppe if kind else None
    if group is None:
        if state.last:  # „nein, den davor meinte ich“
            return follow_up.pick(turn, state, context)
        return compose.clarify_group(context, kind), state
    if kind is None and _asked_something(state):
        ids = same_topic(turn, state, group, context)
        if len(turn.groups) > 1:  # „zwischen Rathaus und Betrieben“
            ids = _between(turn, state, context) or ids
        if ids:
            return answer_with(ids, state, context)
    if kind or not state.frage:
        return overview.show(group, kind or state.art, state, context)
    first = overview.nearest_first(turn.text, state.frage, group, context)
    kind = _kind_asked_for(state) or context.knowledge[first[0]].art
    return overview.show(group, kind, state, context, first)


def _kind_asked_for(state: State) -> str | None:
    """Return the kind of the last overview, unless an answer of another kind came after it."""
    lists = [shown.kind for shown in state.verlauf if shown.status == "overview"]
    if state.last and state.last.status == "answer" and state.art not in lists[-1:]:
        return None
    return state.art


def same_topic(turn: Turn, state: State, group: str, context: Context) -> list[str]:
    """Return the entries of a group that are about what was talked about last, best first.

    An entry that the last answer refers to (``siehe_auch``), or that refers to it, is about the
    same by an editor's word; else the title of that answer decides, then the last question, if they
    are close enough.
    """
    own = {entry.id for entry in context.knowledge.select(group)}
    named = sorted(((p, i) for i, p in turn.entries.items() if i in own), reverse=True)
    if named and named[0][0] >= OFFER_FROM:  # the message says more than whom it is about
        return [entry_id for _, entry_id in named]
    if state.last and state.last.entries and not _asked_for_the_group(state):
        last = context.knowledge[state.last.entries[0]]
        linked = _linked(last, group, context)
        ranking = context.rank(f"{last.titel} {turn.text}", group)
        if linked or (ranking and ranking[0][1] >= _SAME_TITLE_FROM):
            near = [i for i, _ in ranking]
            alike = [i for i in near if context.knowledge[i].art == last.art]
            return list(dict.fromkeys([*linked, *alike, *near]))
    ranking = context.rank(f"{state.frage} {turn.text}", group)
    return [i for i, _ in ranking] if ranking and ranking[0][1] >= _SAME_QUESTION_FROM else []


def _between(turn: Turn, state: State, context: Context) -> list[str]:
    """Return the entries of several named groups that are about what was asked last."""
    ranking = context.rank(f"{state.frage} {turn.text}", None)
    named = [(i, score) for i, score in ranking if context.knowledge[i].gruppe in turn.groups]
    return [i for i, _ in named] if named and named[0][1] >= _SAME_QUESTION_FROM else []


def _linked(entry: Entry, group: str, context: Context) -> list[str]:
    """Return the entries of a group that an entry refers to, then those that refer to it."""
    there = [i for i in entry.siehe_auch if context.knowledge[i].gruppe == group]
    back = [e.id for e in context.knowledge.select(group) if entry.id in e.siehe_auch]
    return list(dict.fromkeys(there + back))


def correct(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Take up a correction; a group that is ruled out without another in its place is asked for."""
    if turn.excluded and not turn.groups:
        # „die Chefs, nicht die Kollegen“ rules out a part of the group only
        rest = overview.without_excluded(turn.text)
        near = context.rank(rest, state.gruppe) if state.gruppe in turn.excluded else []
        if near and near[0][1] >= _SAID_MORE_FROM:
            return answer_with([i for i, _ in near], state, context)
        return compose.clarify_group(context, state.art), replace(state, gruppe=None)
    return turn_to_group(turn, state, context)


def _asked_for_the_group(state: State) -> bool:
    """Whether the last question is still open, as its group had to be asked for."""
    return bool(state.angebot) and all(target.startswith("gruppe:") for _, target in state.angebot)


def _asked_something(state: State) -> bool:
    """Whether the last content question was a specific one, not for an overview."""
    return bool(state.frage) and (state.last is None or state.last.status == "answer")
