"""Overviews of one group, and of two side by side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.answer import Heading, Outcome, Paragraph, Part, Reply
from bot.dialogue import compose
from bot.dialogue.concern import OFFER_FROM, answer_with, shown_of
from bot.dialogue.state import State
from bot.dialogue.turn import Context, Turn

_SURE_OF_GROUP = 0.6
_SPECIFIC_FROM = 0.01
"""From this probability of an entry of the group on, a follow-up means it rather than an overview:
in general ones („und was mache ich da?“) the classifier sees less than half of that, and most of
those that it takes for general by mistake („wie steigere ich die Beteiligung daran?“) have more."""
_MEANT_FROM = 0.02
"""From this probability on, an entry comes first in an overview; in plain requests for one
(„Was rät das Papier zur Politik?“) hardly any entry has so much."""
_ALONE = 0.75
"""… if it has so much of what is seen in the whole group."""
_WITHOUT = re.compile(
    r"\b(?:ohne|außer|ausser|statt|kein(?:e[mnrs]?)?|nicht) "
    r"(?:(?:de[mnrs]|die|das|eine?[mnrs]?) )?\w+",
    re.IGNORECASE,
)
"""„Keine Treffen, sondern …“"""
_KIND_WORDS = {
    "empfehl": "empfehlung",
    "tipp": "empfehlung",
    "tips": "empfehlung",
    "ratschlae": "empfehlung",
    "tun soll": "empfehlung",
    "erfolgsfakt": "erfolgsfaktor",
    "erfolg": "erfolgsfaktor",
    "woran": "erfolgsfaktor",
    "merkmal": "erfolgsfaktor",
    "tick": "handlungslogik",
    "handlungslog": "handlungslogik",
    "denk": "handlungslogik",
}


def overview(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Give the recommendations, the success factors or the rationale of a group."""
    kind = compose.kind_of_intent(turn.intent)
    group = _group(turn, state)
    answered = state.last is not None and state.last.status == "answer"
    talked_of = state.frage if answered and group == state.gruppe else ""
    state = replace(state, frage=turn.text)
    if group is None:
        return compose.clarify_group(context, kind), replace(state, art=kind)
    general = turn.intent.endswith("_folge") and named_kind(turn) is None
    if general and (ids := specific(turn, group, context, _SPECIFIC_FROM)):
        return answer_with(ids, state, context)
    shown_just_now = state.last and (state.last.group, state.last.kind) == (group, kind)
    if general and shown_just_now and (page := next_page(state, context)):
        return page
    if not turn.intent.endswith("_folge"):  # it stands on its own, and is always answered the same
        return show(group, kind, state, context, meant_first(turn))
    first = nearest_first(turn.text, talked_of, group, context) if talked_of else []
    read = {shown.entries[0] for shown in state.verlauf if shown.status == "answer"}
    return show(group, kind, state, context, sorted(first, key=lambda entry_id: entry_id in read))


def next_page(state: State, context: Context) -> tuple[Reply, State] | None:
    """Show more of the overview that was shown last, if there is more of it."""
    last = state.last
    if last is None or last.status != "overview" or not last.group or not last.kind:
        return None
    if last.shown >= len(context.knowledge.select(last.group, last.kind)):
        return None
    reply = compose.overview(last.group, last.kind, context, last.shown, first=last.entries)
    entries = (*last.entries, *reply.outcome.entries)
    seen = replace(last, entries=entries, shown=last.shown + len(reply.outcome.entries))
    return reply, replace(state, verlauf=(*state.verlauf[:-1], seen), fehlversuche=0)


def whole_group(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Introduce a group."""
    group = _group(turn, state)
    if group is None:
        return compose.clarify_group(context), state
    if ids := specific(turn, group, context, OFFER_FROM):  # the message says more than the group
        return answer_with(ids, replace(state, frage=turn.text), context)
    return show(group, None, state, context)


def specific(turn: Turn, group: str, context: Context, likely: float) -> list[str]:
    """Return the entries of a group that a message means, best first, if it means one of them.

    Args:
        turn: the message.
        group: what it is about.
        context: knowledge base.
        likely: the least probability of the best entry.
    """
    own = {entry.id for entry in context.knowledge.select(group)}
    ranking = sorted(((p, i) for i, p in turn.entries.items() if i in own), reverse=True)
    if not ranking or ranking[0][0] < max(likely, _ALONE * sum(p for p, _ in ranking)):
        return []
    return [entry_id for _, entry_id in ranking]


def compare(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Show how two groups tick, one after the other."""
    groups = [group for group in (*turn.groups, *reversed(state.gruppen)) if group != "grundlagen"]
    groups = list(dict.fromkeys(groups))[: 4 if len(turn.groups) > 2 else 2]
    if len(groups) < 2:
        return compose.clarify_group(context, "handlungslogik"), state
    parts: list[Part] = [Paragraph(context.texts("vergleich"))]
    entries = []
    for group in groups:
        parts.append(Heading(context.knowledge.groups[group].name))
        for entry in context.knowledge.select(group, "handlungslogik"):
            entries.append(entry)
            parts += [Paragraph(entry.kurz), compose.source(entry, context)]
    reply = Reply(
        Outcome(
            "overview",
            kind="handlungslogik",
            entries=tuple(entry.id for entry in entries),
            source=entries[0].quelle.place,
        ),
        tuple(parts),
        compose.entry_choices([entry.id for entry in entries[:3]], context),
    )
    return reply, replace(state.showing(shown_of(reply)), gruppen=tuple(groups[-2:]))


def show(
    group: str, kind: str | None, state: State, context: Context, first: Sequence[str] = ()
) -> tuple[Reply, State]:
    """Show an overview, some entries before the others, and note it."""
    reply = compose.overview(group, kind, context, first=first)
    return reply, state.showing(shown_of(reply))


def meant_first(turn: Turn) -> list[str]:
    """Return the entries that a message about a group in general may mean all the same."""
    likely = [(p, i) for i, p in turn.entries.items() if p >= _MEANT_FROM]
    return [entry_id for _, entry_id in sorted(likely, reverse=True)]


def nearest_first(text: str, asked: str, group: str, context: Context) -> list[str]:
    """Return the entries of a group, those first that a message is closest to.

    Args:
        text: the message; often it says little on its own („und was hilft da?“).
        asked: the question that it continues.
        group: whose entries.
        context: knowledge base and search.
    """
    scores: Counter[str] = Counter()
    for about in (text, f"{asked} {text}"):
        scores.update(dict(context.rank(without_excluded(about), group)))
    return [entry_id for entry_id, _ in scores.most_common()]


def without_excluded(text: str) -> str:
    """Return a text without what it says is not meant („keine Treffen“, „ohne die Kammer“)."""
    return _WITHOUT.sub(" ", text)


def named_kind(turn: Turn) -> str | None:
    """Return the kind that a message names last in so many words, if any."""
    text = " ".join(turn.words)
    found = [(text.rfind(word), kind) for word, kind in _KIND_WORDS.items() if word in text]
    kept = [(at, kind) for at, kind in found if not _negated(text[:at])]
    return max(kept)[1] if kept else None


def _negated(before: str) -> bool:
    return bool(
        {"nicht", "keine", "nich", "net", "statt", "kein"}.intersection(before.split()[-3:])
    )


def _group(turn: Turn, state: State) -> str | None:
    """Return the group that an overview is to be about."""
    likely = turn.details
    if len(turn.groups) == 1:
        return turn.groups[0]
    if turn.groups:
        return max(turn.groups, key=lambda group: likely.get(group, 0.0))
    if state.gruppe and (turn.intent.endswith("_folge") or turn.points_back):
        return state.gruppe
    best = max(likely, key=lambda group: likely[group], default=None)
    return best if best and likely[best] >= _SURE_OF_GROUP * sum(likely.values()) else state.gruppe
