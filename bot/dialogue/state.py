"""What the assistant remembers of a conversation. All of it is kept in Rasa's slots."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from bot.guide.state import GuideState

HISTORY_LENGTH = 8
"""So many answers can be gone back through."""


@dataclass(frozen=True)
class Shown:
    """What a turn showed: enough to repeat it, go back to it, or ask on from it."""

    status: str
    group: str | None = None
    kind: str | None = None
    entries: tuple[str, ...] = ()
    shown: int = 0
    """How many of the entries of an overview have been listed so far."""

    @classmethod
    def from_slot(cls, value: Mapping[str, Any]) -> Shown:
        """Restore from plain data."""
        return cls(**{**value, "entries": tuple(value.get("entries", ()))})


@dataclass(frozen=True)
class State:
    """The state between two turns; immutable, a turn makes a new one."""

    gruppe: str | None = None
    """The group that is being talked about."""
    art: str | None = None
    """The kind of statement that was asked for last."""
    gruppen: tuple[str, ...] = ()
    """The groups talked about, latest last, at most two: „die beiden“."""
    verlauf: tuple[Shown, ...] = ()
    """Answers and overviews, latest last."""
    angebot: tuple[tuple[str, str], ...] = ()
    """The choices on offer: ``(title, target)``."""
    frage: str = ""
    """The last question that was about content, for „und bei den Vereinen?“."""
    fehlversuche: int = 0
    """Turns in a row without an answer."""
    einstieg: GuideState = field(default_factory=GuideState)
    """How far the guided dialogues have come."""

    @property
    def last(self) -> Shown | None:
        """What was shown last, if anything."""
        return self.verlauf[-1] if self.verlauf else None

    def showing(self, shown: Shown) -> State:
        """Return the state after an answer or overview."""
        group = shown.group or self.gruppe
        groups = tuple(g for g in self.gruppen if g != group)
        return replace(
            self,
            gruppe=group,
            art=shown.kind or self.art,
            gruppen=(*groups, group)[-2:] if group else self.gruppen,
            verlauf=(*self.verlauf, shown)[-HISTORY_LENGTH:],
            fehlversuche=0,
        )

    def known(self, ids: Container[str]) -> State:
        """Return the state without what was shown of entries that are gone since."""
        kept = tuple(shown for shown in self.verlauf if all(i in ids for i in shown.entries))
        return self if len(kept) == len(self.verlauf) else replace(self, verlauf=kept)

    def to_slots(self) -> dict[str, Any]:
        """Return slot name -> plain value."""
        return {
            **vars(self),
            "gruppen": list(self.gruppen),
            "verlauf": [{**vars(shown), "entries": list(shown.entries)} for shown in self.verlauf],
            "angebot": [list(choice) for choice in self.angebot],
            "einstieg": asdict(self.einstieg),
        }

    @classmethod
    def from_slots(cls, slots: Mapping[str, Any]) -> State:
        """Restore from slots; missing or empty ones take their defaults."""
        known = {each.name: slots.get(each.name) for each in fields(cls)}
        values = {name: value for name, value in known.items() if value is not None}
        values["verlauf"] = tuple(Shown.from_slot(shown) for shown in values.get("verlauf", ()))
        values["angebot"] = tuple((title, target) for title, target in values.get("angebot", ()))
        values["gruppen"] = tuple(values.get("gruppen", ()))
        if "einstieg" in values:
            values["einstieg"] = GuideState.from_slot(values["einstieg"])
        return cls(**values)
