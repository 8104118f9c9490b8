"""How far a person has come in the guided dialogues: immutable, and plain data when stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Phase = Literal["idle", "asking", "paused", "done"]
START = "einstieg"
CHECK = "check"
DIALOGUES = (START, CHECK)


@dataclass(frozen=True)
class Session:
    """One guided dialogue: the answers so far and the open question."""

    answers: Mapping[str, str] = field(default_factory=dict)
    """Question id -> option id."""
    skipped: tuple[str, ...] = ()
    current: str = ""
    """The id of the open question; empty when none is left."""
    asked_back: bool = False
    """Whether the open question has been asked back once already."""

    def answering(self, answers: Mapping[str, str]) -> Session:
        """Return the session with further or other answers."""
        skipped = tuple(question for question in self.skipped if question not in answers)
        return replace(self, answers={**self.answers, **answers}, skipped=skipped)

    def at(self, question: str) -> Session:
        """Return the session with another open question."""
        return replace(self, current=question, asked_back=False)


@dataclass(frozen=True)
class GuideState:
    """Both guided dialogues of a conversation, and which of them is going on."""

    dialogue: str = START
    phase: Phase = "idle"
    interrupted: bool = False
    """Whether the last message was a question in between."""
    proposed: bool = False
    """The guide proposes itself once."""
    sessions: Mapping[str, Session] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """The session of the current dialogue."""
        return self.sessions.get(self.dialogue, Session())

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return self.phase == "asking"

    def begun(self, dialogue: str) -> bool:
        """Whether a dialogue was begun and has a question left."""
        session = self.sessions.get(dialogue)
        return bool(session and session.current and (session.answers or session.skipped))

    def going_on(self, session: Session, phase: Phase = "asking") -> GuideState:
        """Return the state with the current dialogue moved on."""
        sessions = {**self.sessions, self.dialogue: session}
        return replace(self, sessions=sessions, phase=phase, interrupted=False)

    def to_slot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return asdict(self)

    @classmethod
    def from_slot(cls, value: Mapping[str, Any] | None) -> GuideState:
        """Restore what :meth:`to_slot` returned, also after a way over JSON."""
        if not value:
            return cls()
        sessions = {
            name: Session(**{**session, "skipped": tuple(session["skipped"])})
            for name, session in value["sessions"].items()
        }
        return cls(**{**value, "sessions": sessions})
