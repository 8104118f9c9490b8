"""One message, understood: what the channels and Rasa hand to the dialogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.dialogue.texts import Texts
from bot.german.text import fold
from bot.knowledge.model import Knowledge

OUT_OF_SCOPE = "ausserhalb"
CONCERN = "anliegen"
CORRECTION = "korrektur"
OVERVIEWS = {
    "empfehlungen": "empfehlung",
    "erfolgsfaktoren": "erfolgsfaktor",
    "handlungslogik": "handlungslogik",
}
"""Intents that ask for an overview -> the kind that they ask for."""

Rank = Callable[[str, str | None], Sequence[tuple[str, float]]]
"""Ranks the entries of a group (``None``: all) for a text: ``[(id, 0…1)]``, best first."""

RankNew = Callable[[str], Sequence[tuple[str, float]]]
"""Finds what no model has learnt: ``[(id, chance that the text asks for it)]``, best first."""


def _nothing_new(_: str) -> Sequence[tuple[str, float]]:
    return ()


_POINTING = frozenset(
    [
        "die",
        "den",
        "denen",
        "deren",
        "dem",
        "dessen",
        "das",
        "da",
        "dort",
        "dabei",
        "dafuer",
        "dagegen",
        "damit",
        "daran",
        "darauf",
        "daraus",
        "darin",
        "davon",
        "davor",
        "dazu",
        "dies",
        "diese",
        "diesen",
        "dieser",
        "dieses",
        "ihn",
        "ihnen",
        "ihr",
        "ihre",
        "ihren",
        "sie",
        "es",
        "er",
        "dann",
        "so",
        "hier",
    ]
)
_SHORT = 7
"""A message of fewer words hardly ever names all that it means."""


@dataclass(frozen=True)
class Turn:
    """A message with everything that was understood of it."""

    text: str
    intent: str
    confidence: float
    intents: Mapping[str, float] = field(default_factory=dict)
    entries: Mapping[str, float] = field(default_factory=dict)
    """The likeliest entries -> probability that the message is about them (of all messages)."""
    details: Mapping[str, float] = field(default_factory=dict)
    """What is meant within the intent: groups of an overview, themes of out-of-scope."""
    groups: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The folded words of the message."""
        return fold(self.text).split()

    @property
    def points_back(self) -> bool:
        """Whether the message may refer to something said before („was biete ich denen?“)."""
        words = self.words
        return len(words) < _SHORT or bool(_POINTING.intersection(words))

    @property
    def likeliest_detail(self) -> str:
        """The group or theme that is likeliest within the intent, or an empty string."""
        return max(self.details, key=lambda name: self.details[name], default="")

    @classmethod
    def from_message(cls, message: Mapping[str, Any], groups: tuple[list[str], list[str]]) -> Turn:
        """Build from Rasa's parse result and the groups that it names and rules out."""
        ranking = message.get("intent_ranking") or []
        intent = message.get("intent") or {}
        meant, excluded = groups
        if not meant and intent.get("name") != CORRECTION:
            # „zwingen kann ich keinen Betrieb“ is about the Betriebe all the same
            meant, excluded = excluded, []
        return cls(
            text=message.get("text") or "",
            intent=intent.get("name") or "",
            confidence=float(intent.get("confidence") or 0.0),
            intents={i["name"]: i["confidence"] for i in ranking},
            entries={e["id"]: e["confidence"] for e in message.get("eintraege") or []},
            details=dict(message.get("einzelheiten") or {}),
            groups=tuple(meant),
            excluded=tuple(excluded),
        )


@dataclass(frozen=True)
class Context:
    """What the dialogue works with in every turn."""

    knowledge: Knowledge
    rank: Rank
    texts: Texts
    rank_new: RankNew = _nothing_new
