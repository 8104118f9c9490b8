"""Asking on from what was shown: more, simpler, an example, the source, back, again, by number."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.answer import Choice, Paragraph, Part, Reply, SourceLine
from bot.dialogue import compose
from bot.dialogue.concern import answer_with, shown_of
from bot.dialogue.overview import named_kind, nearest_first, next_page, overview, show
from bot.dialogue.state import Shown, State
from bot.dialogue.turn import Context, Turn

_ORDINALS = {
    "erste": 1, "zweite": 2, "dritte": 3, "vierte": 4, "fuenfte": 5, "sechste": 6, "siebte": 7,
    "achte": 8, "neunte": 9, "zehnte": 10, "eins": 1, "zwei": 2, "drei": 3, "vier": 4, "fuenf": 5,
    "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
}  # fmt: skip
_OTHERS = re.compile(
    r"\b(sonst|ander\w*|weiter\w+|alternativ\w*|stattdessen|noch)\b"
    r"(?! (mehr|mal|einmal|genauer|ausf))"
)
"""„Was gibt es noch?“ asks for other entries, „mehr dazu“ for more about the same."""
_SAID_MORE_FROM = 0.4
"""From this score on, a message that asks for more says of what. One in seventy of the sentences
for „more“ gets so far."""
_LISTED = ("empfehlung", "erfolgsfaktor", "grundlage")
_ABOUT_FROM = 0.15
"""„Das mit dem Hauptamt“ picks an entry of the list from this score on."""


def more(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Answer what a message wants more of, or show what comes next."""
    group = state.last.group if state.last else None
    near = context.rank(turn.text, group) if group else []
    if near and near[0][1] >= _SAID_MORE_FROM:  # „noch Ideen, wie man ihnen dankt?“
        return answer_with([i for i, _ in near], state, context)
    return go_on(turn, state, context)


def go_on(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Show the next titles of a list, other entries, or the explanation of an entry."""
    last = state.last
    if last is None:
        return _nothing_yet("mehr", state, context)
    page = next_page(state, context)
    if page is None and _OTHERS.search(" ".join(turn.words)):
        page = _others(last, turn, state, context)
    if page:
        reply, state = page
        return replace(reply, outcome=replace(reply.outcome, status="dialog", topic="mehr")), state
    return _at_length(last.entries[0], context), state


def reasons(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Explain the entry that was shown, or say how the group ticks."""
    if state.last and state.last.status == "answer":
        return _at_length(state.last.entries[0], context), state
    return overview(replace(turn, intent="handlungslogik_folge"), state, context)


def _at_length(entry_id: str, context: Context) -> Reply:
    entry = context.knowledge[entry_id]
    parts = compose.full_entry(entry, context, long=True)
    choices = compose.entry_choices(entry.siehe_auch[:3], context)
    return compose.dialog("mehr", context, parts, choices, [entry.id])


def _others(last: Shown, turn: Turn, state: State, context: Context) -> tuple[Reply, State] | None:
    """Show what else there is about a group, those first that were not shown yet."""
    if last.group is None:
        return None
    kind = last.kind if last.kind in _LISTED else "empfehlung"
    known = {
        entry_id
        for shown in state.verlauf
        for entry_id in (shown.entries if shown.status == "overview" else shown.entries[:1])
    }
    near = nearest_first(turn.text, state.frage, last.group, context)
    others = [entry_id for entry_id in near if entry_id not in known]
    return show(last.group, kind, state, context, [*others, *(i for i in near if i in known)])


def simpler(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Say it in Einfache Sprache."""
    if state.last is None:
        return _nothing_yet("einfacher", state, context)
    entry = context.knowledge[state.last.entries[0]]
    choices = compose.entry_choices(state.last.entries[1:3], context)
    parts = compose.simple_entry(entry, context)
    return compose.dialog("einfacher", context, parts, choices, [entry.id]), state


def where_from(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Name the source of what was shown last, or of everything."""
    if state.last is None:
        document = context.knowledge.document
        origin = [document.eintrag] if document.eintrag else []
        parts: list[Part] = [Paragraph(context.texts("quelle", dokument=document.titel))]
        for entry_id in origin:
            parts += compose.full_entry(context.knowledge[entry_id], context)
        if context.knowledge.has_own:
            parts.append(Paragraph(context.texts("quelle_eigene")))
        return compose.dialog("quelle", context, parts, entries=origin), state
    entries = [context.knowledge[i] for i in state.last.entries[: state.last.shown or 1]]
    if state.last.status == "answer":
        entries = entries[:1]
    lines = [
        SourceLine(
            context.texts("quelle_von", titel=e.titel, quelle=context.knowledge.source_line(e))
        )
        for e in entries
    ]
    return compose.dialog("quelle", context, lines, entries=[e.id for e in entries]), state


def again(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Repeat the last answer."""
    if state.last is None:
        return _nothing_yet("wiederholen", state, context)
    return _once_more(state.last, "wiederholen", context), state


def back(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Go back to the answer before the last."""
    if len(state.verlauf) < 2:
        return _nothing_yet("zurueck", state, context)
    before = state.verlauf[-2]
    went_back = replace(state, verlauf=state.verlauf[:-2]).showing(before)
    return _once_more(before, "zurueck", context), went_back


def example(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Show the examples of the last entry, or those of the group."""
    group = turn.groups[-1] if turn.groups else state.gruppe
    last = context.knowledge[state.last.entries[0]] if state.last and not turn.groups else None
    shows_answer = state.last is not None and state.last.status == "answer"
    if last and shows_answer and context.knowledge.has_examples(last):
        return _show_entry(last.id, state, context)
    if group is None:
        return compose.clarify_group(context), state
    entries = list(filter(context.knowledge.has_examples, context.knowledge.select(group)))
    if not entries:
        return show(group, None, state, context)
    entries.sort(key=lambda entry: -len(entry.beispiele))
    return answer_with([entry.id for entry in entries], state, context)


def arguments(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Show the arguments that the knowledge base has for a group; they are recommendations."""
    return _best_of_group(turn, state, context, turn.text, kind="empfehlung")


def first_of_all(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Show where to begin with what was just talked about; in a plan, that is its first step."""
    if state.last and state.last.status == "guide" and len(state.last.entries) > 1:
        return _show_entry(state.last.entries[0], state, context)
    return _best_of_group(turn, state, context, turn.text, kind="empfehlung")


def both(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Show how the two groups talked about are brought together."""
    groups = turn.groups if len(turn.groups) > 1 else state.gruppen
    names = " ".join(context.knowledge.groups[group].name for group in groups)
    allowed = {*groups, "grundlagen"}
    ids = [
        entry_id
        for entry_id, _ in context.rank(f"{turn.text} {names}", None)
        if context.knowledge[entry_id].gruppe in allowed
    ]
    if len(groups) < 2 or not ids:
        return compose.clarify_group(context), state
    return answer_with(ids, state, context)


def pick(turn: Turn, state: State, context: Context) -> tuple[Reply, State]:
    """Show an item of the last list, named by number, by place, or by what it is about."""
    lists = [shown for shown in reversed(state.verlauf) if shown.status != "answer"]
    listed = (
        lists[0].entries[: lists[0].shown or None]
        if lists
        else state.last.entries
        if state.last
        else tuple(
            target.split(":")[1] for _, target in state.angebot if target.startswith("eintrag:")
        )
    )
    if not listed:
        return _nothing_yet("auswahl", state, context)
    chosen = picked_id(turn, listed, state.last, context)
    if chosen is None:
        reply = compose.clarify_entries(list(listed[:3]), turn.confidence, context)
        return reply, replace(state, fehlversuche=state.fehlversuche + 1)
    return _show_entry(chosen, state, context)


def picked_id(
    turn: Turn, listed: tuple[str, ...], last: Shown | None, context: Context
) -> str | None:
    """Return the id that a message picks from a list, or ``None`` when that can't be told."""
    words = turn.words
    current = last.entries[0] if last and last.status == "answer" and last.entries else None
    for word in words:
        number = int(word) if re.fullmatch(r"\d{1,2}", word) else _ordinal(word)
        if number and number <= len(listed):
            return listed[number - 1]
    text = " ".join(words)
    if re.search(r"\bletzte", text):
        return listed[-1]
    if current in listed:
        at = listed.index(current)
        if re.search(r"\b(davor|vorige|vorherige|vorangehende)", text):
            return listed[max(at - 1, 0)]
        if re.search(r"\b(danach|naechste|folgende)", text):
            return listed[min(at + 1, len(listed) - 1)]
    groups = {context.knowledge[i].gruppe for i in listed}
    group = groups.pop() if len(groups) == 1 else None
    for entry_id, score in context.rank(turn.text, group):
        if entry_id in listed and score >= _ABOUT_FROM:
            return entry_id
    return None


def _ordinal(word: str) -> int | None:
    return _ORDINALS.get(word) or _ORDINALS.get(re.sub(r"[nrsm]$", "", word))


def _show_entry(entry_id: str, state: State, context: Context) -> tuple[Reply, State]:
    entry = context.knowledge[entry_id]
    reply = compose.answer(entry, context, related=entry.siehe_auch)
    return reply, state.showing(shown_of(reply))


def _best_of_group(
    turn: Turn, state: State, context: Context, query: str, kind: str | None = None
) -> tuple[Reply, State]:
    group = turn.groups[-1] if turn.groups else state.gruppe
    if group is None:
        return compose.clarify_group(context, named_kind(turn)), replace(state, frage=turn.text)
    ids = [
        entry_id
        for entry_id, _ in context.rank(query, group)
        if kind is None or group == "grundlagen" or context.knowledge[entry_id].art == kind
    ]
    if not ids:
        return show(group, kind, state, context)
    return answer_with(ids, state, context)


def _once_more(shown: Shown, topic: str, context: Context) -> Reply:
    if shown.status == "overview" and shown.group:
        reply = compose.overview(shown.group, shown.kind, context, first=shown.entries)
    else:
        entry = context.knowledge[shown.entries[0]]
        reply = compose.answer(entry, context, related=shown.entries[1:])
    return replace(reply, outcome=replace(reply.outcome, status="dialog", topic=topic))


def _nothing_yet(topic: str, state: State, context: Context) -> tuple[Reply, State]:
    choices: tuple[Choice, ...] = compose.group_choices(context, basics=True)
    parts = [Paragraph(context.texts(f"{topic}_leer"))]
    return compose.dialog(topic, context, parts, choices), state
