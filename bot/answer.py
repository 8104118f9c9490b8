"""What a turn comes to: the outcome that machines read, and the reply that people see.

The outcome is the answer contract. Exactly one is made for each turn, here and nowhere else;
every channel renders the same reply in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Union

Status = Literal["answer", "overview", "clarify", "no_answer", "dialog", "guide"]
STATUSES: tuple[str, ...] = ("answer", "overview", "clarify", "no_answer", "dialog", "guide")


@dataclass(frozen=True)
class Outcome:
    """The machine-readable outcome of one turn."""

    status: Status
    topic: str | None = None
    group: str | None = None
    kind: str | None = None
    entries: tuple[str, ...] = ()
    confidence: float = 1.0
    source: str | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"unknown status {self.status!r}")

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as the answer contract writes it."""
        return {
            **asdict(self),
            "entries": list(self.entries),
            "confidence": round(self.confidence, 3),
        }


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Heading:
    """The title of what follows."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list without numbers, under a label where there is one."""

    items: tuple[str, ...]
    label: str | None = None


@dataclass(frozen=True)
class Numbered:
    """A list whose items can be asked for by number; ``start`` is the first number."""

    items: tuple[str, ...]
    start: int = 1


@dataclass(frozen=True)
class SourceLine:
    """Where the answer comes from."""

    text: str


Part = Union[Paragraph, Heading, Points, Numbered, SourceLine]


@dataclass(frozen=True)
class Choice:
    """Something that can be chosen next, by button, by its title, or by its number."""

    title: str
    target: str
    """What choosing it does, e.g. ``eintrag:politik-empfehlung-1`` (see :mod:`bot.dialogue`)."""


@dataclass(frozen=True)
class Reply:
    """All that the assistant says in one turn."""

    outcome: Outcome
    parts: tuple[Part, ...] = ()
    choices: tuple[Choice, ...] = field(default=())


def render_text(parts: Iterable[Part]) -> str:
    """Render a reply as plain text, for the terminal and the REST channel.

    Single line breaks only: Rasa splits a text at blank lines into several messages.
    """
    lines: list[str] = []
    for part in parts:
        if isinstance(part, (Points, Numbered)):
            lines.extend(_list_lines(part))
        else:
            lines.append(part.text)
    return "\n".join(lines)


def _list_lines(part: Points | Numbered) -> Sequence[str]:
    if isinstance(part, Numbered):
        return [f"{number}. {item}" for number, item in enumerate(part.items, part.start)]
    label = [part.label] if part.label else []
    return [*label, *(f"• {item}" for item in part.items)]
