"""From a message to a reply: a choice on offer, else the guide, else the handler of the intent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.answer import Reply
from bot.dialogue import compose, concern, correction, follow_up, guided, overview, unlearnt
from bot.dialogue.concern import shown_of
from bot.dialogue.state import State
from bot.dialogue.turn import CONCERN, OVERVIEWS, Context, Turn
from bot.german.text import fold

Handler = Callable[[Turn, State, Context], tuple[Reply, State]]


def respond(turn: Turn, state: State, context: Context, handler: Handler) -> tuple[Reply, State]:
    """Return the reply to a message and the state after it.

    Args:
        turn: the message, understood.
        state: the state before it.
        context: knowledge base, search and texts.
        handler: what the intent calls for, if no choice on offer is taken up.
    """
    target = chosen(turn.text, state) or titled(turn.text, context)
    guide_reply, state = guided.take(target, turn, state, context)
    if guide_reply is not None:
        reply, after = guide_reply, state
    else:
        answered = _answer(target, turn, state, context, handler)
        reply, after = guided.go_on(turn, *answered, context)
    return reply, replace(after, angebot=tuple((c.title, c.target) for c in reply.choices))


def _answer(
    target: str | None, turn: Turn, state: State, context: Context, handler: Handler
) -> tuple[Reply, State]:
    """Take up a choice, or answer the message, with what no model has learnt and the context."""
    if target:
        return take(target, turn, state, context)
    joined = unlearnt.join(turn, context)
    if unlearnt.is_concern(joined, turn) or concern.continues(joined, state, context):
        handler = concern.concern
    elif general := _likelier_than_any_entry(joined, state, context):
        joined, handler = replace(joined, intent=general), _GENERAL[general]
    reply, after = handler(joined, state, context)
    if _asks_for_the_group(reply) and concern.has_candidates(joined, state, context):
        return concern.concern(joined, state, context)
    return reply, after


_GENERAL: Mapping[str, Handler] = {
    **dict.fromkeys(OVERVIEWS, overview.overview),
    "argumente": follow_up.arguments,
}
"""Intents that ask about a group as a whole, and who answers them."""


def _likelier_than_any_entry(turn: Turn, state: State, context: Context) -> str | None:
    """Return what a message about a group asks for in general, if that is the likeliest.

    A concern can be the likeliest by the sum of many entries, none of which is likely. What counts
    is the reply that is right most often.
    """
    if turn.intent != CONCERN or not turn.groups:
        return None
    ranking = concern.in_context(turn, state, context)
    general = _GENERAL if len(turn.groups) == 1 else OVERVIEWS
    best = max(general, key=lambda name: turn.intents.get(name, 0.0))
    return best if ranking and turn.intents.get(best, 0.0) > ranking[0][1] else None


def _asks_for_the_group(reply: Reply) -> bool:
    return reply.outcome.status == "clarify" and not reply.outcome.entries


def chosen(text: str, state: State) -> str | None:
    """Return the target of the choice on offer that a message takes up, by title or number."""
    folded = fold(text)
    for title, target in state.angebot:
        if folded == fold(title):
            return target
    number = re.fullmatch(r"(?:nummer |nr )?(\d{1,2})", folded)
    if number and state.angebot and not _numbers_a_list(state):
        at = int(number[1]) - 1
        if 0 <= at < len(state.angebot):
            return state.angebot[at][1]
    return None


def titled(text: str, context: Context) -> str | None:
    """Return the target of the entry whose title a message is, word for word.

    So every item of a list can be picked by its title, also those without a choice of their own.
    """
    entry = context.knowledge.titled(text)
    return f"eintrag:{entry.id}" if entry else None


def _numbers_a_list(state: State) -> bool:
    """Whether a number means an item of the overview shown last rather than a choice."""
    guiding = any(target.startswith(guided.TARGET) for _, target in state.angebot)
    listed = state.last is not None and state.last.status == "overview"
    return listed and not state.fehlversuche and not guiding


def take(target: str, turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Do what a choice leads to."""
    action, _, rest = target.partition(":")
    if action == "eintrag" and rest in context.knowledge:
        entry = context.knowledge[rest]
        reply = compose.answer(entry, context, related=entry.siehe_auch)
        return reply, state.showing(shown_of(reply))
    if action == "gruppe":
        chosen_group = replace(turn, groups=(rest,), excluded=())
        return correction.turn_to_group(chosen_group, state, context)
    if action == "ueberblick":
        group, kind = rest.split(":")
        return overview.show(group, kind, state, context)
    if action == "mehr":
        return follow_up.go_on(turn, state, context)
    # nothing of what was offered, or an entry that is gone since
    reply = compose.no_answer([], context, failures=state.fehlversuche)
    return reply, replace(state, fehlversuche=state.fehlversuche + 1)
