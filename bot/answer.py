"""What a turn comes to: the outcome that machines read, and the reply that people see.

The outcome is the answer contract. Exactly one is made for each turn, here and nowhere else;
every channel renders the same reply in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["answer", "overview", "clarify", "no_answer", "dialog", "guide"]
STATUSES: tuple[str, ...] = ("answer", "overview", "clarify", "no_answer", "dialog", "guide")

FAILED = "fehler"
"""Topic of the outcome of a turn that went wrong; the same message may be sent again."""
STRUCTURED = "structured"
"""Message metadata: the channel renders the reply itself and wants it in one piece."""


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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """Restore what :meth:`to_json` returned."""
        return cls(**{**data, "entries": tuple(data["entries"])})


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


@dataclass(frozen=True)
class Progress:
    """How far a guided dialogue has come: step ``step`` of ``of``; ``text`` says it in words."""

    text: str
    step: int
    of: int


@dataclass(frozen=True)
class Link:
    """Something to open or download; ``path`` is below the assistant's own address."""

    text: str
    path: str


Part = Paragraph | Heading | Points | Numbered | SourceLine | Progress | Link
_PART_TYPES: dict[str, type[Part]] = {
    "paragraph": Paragraph,
    "heading": Heading,
    "points": Points,
    "numbered": Numbered,
    "source": SourceLine,
    "progress": Progress,
    "link": Link,
}
_PART_NAMES = {type_: name for name, type_ in _PART_TYPES.items()}


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

    def to_json(self) -> dict[str, Any]:
        """Return ``{"answer": outcome, "parts": […], "choices": […]}`` as plain data.

        Each part carries its ``type``, one of the names in ``_PART_TYPES``.
        """
        return {
            "answer": self.outcome.to_json(),
            "parts": [{"type": _PART_NAMES[type(part)], **asdict(part)} for part in self.parts],
            "choices": [asdict(choice) for choice in self.choices],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reply:
        """Restore what :meth:`to_json` returned, also after a way over the wire."""
        return cls(
            Outcome.from_json(data["answer"]),
            tuple(_part_from_json(part) for part in data["parts"]),
            tuple(Choice(**choice) for choice in data["choices"]),
        )


def _part_from_json(data: Mapping[str, Any]) -> Part:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in data.items()
        if key != "type"
    }
    return _PART_TYPES[data["type"]](**values)


def render_text(parts: Iterable[Part]) -> str:
    """Render a reply as plain text, for the terminal and the REST channel.

    Single line breaks only: Rasa splits a text at blank lines into several messages.
    """
    lines: list[str] = []
    for part in parts:
        if isinstance(part, (Points, Numbered)):
            lines.extend(_list_lines(part))
        elif isinstance(part, Link):
            lines.append(f"{part.text}: {part.path}")
        else:
            lines.append(part.text)
    return "\n".join(lines)


def _list_lines(part: Points | Numbered) -> Sequence[str]:
    if isinstance(part, Numbered):
        return [f"{number}. {item}" for number, item in enumerate(part.items, part.start)]
    label = [part.label] if part.label else []
    return [*label, *(f"• {item}" for item in part.items)]
