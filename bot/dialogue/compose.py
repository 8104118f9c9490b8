"""Building blocks of replies: an entry in full, an overview, a question back, a plain no.

Everything shown comes from the knowledge base or from the responses in ``domain.yml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.answer import (
    Choice,
    Heading,
    Numbered,
    Outcome,
    Paragraph,
    Part,
    Points,
    Reply,
    SourceLine,
)
from bot.dialogue.turn import OVERVIEWS, Context
from bot.knowledge.model import GRUPPEN, Entry

PAGE = 4
"""So many titles of an overview are listed at once."""
ACTOR_GROUPS = tuple(group for group in GRUPPEN if group != "grundlagen")


def full_entry(entry: Entry, context: Context, *, long: bool = False) -> list[Part]:
    """Return an entry as it is first shown, or with its explanation when ``long``."""
    parts: list[Part] = [Heading(entry.titel), Paragraph(entry.text if long else entry.kurz)]
    if entry.punkte:
        parts.append(Points(tuple(entry.punkte)))
    if entry.beispiele:
        parts.append(Points(tuple(entry.beispiele), context.texts("beispiele_titel")))
    return [*parts, source(entry, context), *supplement(entry, context)]


def supplement(entry: Entry, context: Context) -> list[Part]:
    """Return what the municipality adds to an entry, marked as its own; below the source."""
    added = context.knowledge.supplements.get(entry.id)
    if added is None:
        return []
    parts: list[Part] = []
    if added.beispiele:
        label = "eigenes_beispiel" if len(added.beispiele) == 1 else "eigene_beispiele"
        parts.append(Points(tuple(added.beispiele), context.texts(label)))
    if person := added.kontakt:
        parts.append(
            Paragraph(context.texts("ansprechperson", name=person.name, hinweis=person.hinweis))
        )
    return parts


def simple_entry(entry: Entry, context: Context) -> list[Part]:
    """Return an entry in Einfache Sprache."""
    return [Heading(entry.titel), Paragraph(entry.einfach), source(entry, context)]


def source(entry: Entry, context: Context) -> SourceLine:
    """Return the line that says where an entry comes from."""
    return SourceLine(context.texts("quelle_zeile", quelle=context.knowledge.source_line(entry)))


def entry_outcome(entry: Entry, others: Iterable[str] = (), confidence: float = 1.0) -> Outcome:
    """Return the outcome of showing one entry, with the ids of those offered beside it."""
    return Outcome(
        "answer",
        group=entry.gruppe,
        kind=entry.kind,
        entries=(entry.id, *others),
        confidence=confidence,
        source=entry.quelle.place,
    )


def entry_choices(ids: Iterable[str], context: Context) -> tuple[Choice, ...]:
    """Return the choices that lead to entries, under their titles."""
    return tuple(Choice(context.knowledge[i].titel, f"eintrag:{i}") for i in ids)


def group_choices(context: Context, *, basics: bool = False) -> tuple[Choice, ...]:
    """Return the choices among the groups."""
    groups = GRUPPEN if basics else ACTOR_GROUPS
    return tuple(Choice(context.knowledge.groups[g].name, f"gruppe:{g}") for g in groups)


def answer(
    entry: Entry, context: Context, *, related: Sequence[str] = (), confidence: float = 1.0
) -> Reply:
    """Show one entry in full, with up to two related titles."""
    related = [other for other in related if other != entry.id][:2]
    return Reply(
        entry_outcome(entry, related, confidence),
        tuple(full_entry(entry, context)),
        entry_choices(related, context),
    )


def overview(
    group: str, kind: str | None, context: Context, start: int = 0, first: Sequence[str] = ()
) -> Reply:
    """List the entries of a group and a kind, a page at a time, with a way to the rest.

    A whole group (``kind`` ``None``) is introduced by how it ticks, with its kinds as choices.

    Args:
        group: whose entries.
        kind: which of them.
        context: knowledge base and texts.
        start: how many are listed already.
        first: ids that come before all others; the others are in the order of the document.
    """
    if group == "grundlagen":
        kind = "grundlage"
    elif kind == "grundlage":  # carried over from the basics; no other group has any
        kind = None
    if kind in (None, "handlungslogik"):
        return _introduction(group, kind, context)
    listed_before = {entry_id: place for place, entry_id in enumerate(first)}
    entries = sorted(
        context.knowledge.select(group, kind),
        key=lambda entry: listed_before.get(entry.id, len(listed_before)),
    )
    page = entries[start : start + PAGE]
    parts: list[Part] = []
    if start == 0:
        name = context.knowledge.groups[group]
        parts.append(Heading(context.texts(f"ueberblick_{kind}", mit=name.mit)))
        parts += [Paragraph(e.kurz) for e in context.knowledge.select(group, "handlungslogik")[:1]]
    parts.append(Numbered(tuple(entry.titel for entry in page), start + 1))
    places = context.texts("quelle_mehrere", kapitel=str(context.knowledge.groups[group].kapitel))
    sources = [f"{context.knowledge.document.titel}, {places}"]
    sources += [entry.quelle.dokument for entry in page if entry.quelle.dokument]
    listed = "; ".join(dict.fromkeys(sources))
    parts.append(SourceLine(context.texts("quelle_zeile", quelle=listed)))
    choices = list(entry_choices([entry.id for entry in page[:3]], context))
    if start + PAGE < len(entries):
        rest = str(len(entries) - start - PAGE)
        choices.append(Choice(context.texts("knopf_weitere", anzahl=rest), "mehr"))
    choices += [
        Choice(context.texts(f"knopf_{other}"), f"ueberblick:{group}:{other}")
        for other in ("empfehlung", "erfolgsfaktor")
        if other != kind and group != "grundlagen"
    ]
    return Reply(
        Outcome(
            "overview",
            group=group,
            kind=kind,
            entries=tuple(entry.id for entry in page),
            source=places,
        ),
        tuple(parts),
        tuple(choices),
    )


def _introduction(group: str, kind: str | None, context: Context) -> Reply:
    """Say how a group ticks, and offer what there is about it."""
    entries = context.knowledge.select(group, "handlungslogik")
    name = context.knowledge.groups[group]
    parts: list[Part] = [Heading(context.texts("ueberblick_handlungslogik", mit=name.mit))]
    for entry in entries:
        parts += [Paragraph(entry.kurz), source(entry, context)]
    choices = [
        Choice(context.texts(f"knopf_{other}"), f"ueberblick:{group}:{other}")
        for other in ("empfehlung", "erfolgsfaktor")
    ]
    ids = tuple(entry.id for entry in entries)
    return Reply(
        Outcome("overview", group=group, kind=kind, entries=ids, source=entries[0].quelle.place),
        tuple(parts),
        (*entry_choices(ids[:1], context), *choices),
    )


def clarify_entries(ids: Sequence[str], confidence: float, context: Context) -> Reply:
    """Ask which of two or three entries is meant."""
    first = context.knowledge[ids[0]]
    same = {context.knowledge[i].gruppe for i in ids} == {first.gruppe}
    choices = (*entry_choices(ids, context), Choice(context.texts("knopf_nichts_davon"), "nichts"))
    return Reply(
        Outcome(
            "clarify",
            group=first.gruppe if same else None,
            entries=tuple(ids),
            confidence=confidence,
        ),
        (
            Paragraph(context.texts("meinten_sie")),
            Numbered(tuple(context.knowledge[i].titel for i in ids)),
        ),
        choices,
    )


def clarify_group(context: Context, kind: str | None = None) -> Reply:
    """Ask which group is meant."""
    return Reply(
        Outcome("clarify", kind=kind),
        (Paragraph(context.texts("welche_gruppe")),),
        group_choices(context, basics=kind is None),
    )


def no_answer(
    near: Sequence[str],
    context: Context,
    *,
    theme: str = "",
    failures: int = 0,
    confidence: float = 1.0,
) -> Reply:
    """Say plainly that the knowledge base does not hold it, and show ways onward."""
    name = (
        f"nicht_im_wissen_{theme}"
        if f"nicht_im_wissen_{theme}" in context.texts
        else "nicht_im_wissen"
    )
    parts: list[Part] = [Paragraph(context.texts(name)), contact(context)]
    choices: tuple[Choice, ...]
    if near and failures < 2:
        parts.append(Paragraph(context.texts("naechste_themen")))
        choices = entry_choices(near[:3], context)
    else:
        parts.append(Paragraph(context.texts("themen")))
        choices = group_choices(context, basics=True)
    return Reply(Outcome("no_answer", confidence=confidence), tuple(parts), choices)


def contact(context: Context) -> Paragraph:
    """Return the sentence that names a human contact."""
    person = context.knowledge.contact
    return Paragraph(context.texts("kontakt", name=person.name, hinweis=person.hinweis))


def dialog(
    topic: str,
    context: Context,
    parts: Sequence[Part] = (),
    choices: tuple[Choice, ...] = (),
    entries: Sequence[str] = (),
) -> Reply:
    """Reply to something about the conversation itself, or show entries again."""
    first = context.knowledge[entries[0]] if entries else None
    return Reply(
        Outcome(
            "dialog",
            topic=topic,
            group=first.gruppe if first else None,
            kind=first.kind if first else None,
            entries=tuple(entries),
            source=first.quelle.place if first else None,
        ),
        tuple(parts) or (Paragraph(context.texts(topic)),),
        choices,
    )


def kind_of_intent(intent: str) -> str | None:
    """Return the kind that an overview intent (or its follow-up form) asks for."""
    return OVERVIEWS.get(intent.removesuffix("_folge"))
