"""How far a person has come in the guided dialogues: immutable, and plain data when stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Phase = Literal["idle", "asking", "paused", "done"]
START = "einstieg"
CHECK = "check"
DIALOGUES = (START, CHECK)


@dataclass(frozen=True)
class Session:
    """One guided dialogue: the answers so far and the open question."""

    given: tuple[tuple[str, str], ...] = ()
    """Question id and answer id, in the order in which the questions were first answered."""
    skipped: tuple[str, ...] = ()
    current: str = ""
    """The id of the open question; empty when none is left."""
    asked_back: bool = False
    """Whether the open question has been asked back once already."""

    @property
    def answers(self) -> dict[str, str]:
        """The answers so far: question id -> answer id."""
        return dict(self.given)

    @property
    def begun(self) -> bool:
        """Whether something was answered or skipped and a question is left."""
        return bool(self.current and (self.given or self.skipped))

    def answering(self, answers: Mapping[str, str]) -> Session:
        """Return the session with further or other answers."""
        skipped = tuple(question for question in self.skipped if question not in answers)
        given = tuple({**self.answers, **answers}.items())
        return replace(self, given=given, skipped=skipped)

    def at(self, question: str) -> Session:
        """Return the session with another open question."""
        return replace(self, current=question, asked_back=False)

    @classmethod
    def from_slot(cls, value: Mapping[str, Any]) -> Session:
        """Restore from plain data."""
        given = tuple((question, answer) for question, answer in value.get("given", ()))
        return cls(**{**value, "given": given, "skipped": tuple(value.get("skipped", ()))})


@dataclass(frozen=True)
class GuideState:
    """Both guided dialogues of a conversation, and which of them is going on."""

    dialogue: str = START
    phase: Phase = "idle"
    interrupted: bool = False
    """Whether the last message was a question in between."""
    proposed: bool = False
    """The guide proposes itself once."""
    einstieg: Session = Session()
    check: Session = Session()

    @property
    def session(self) -> Session:
        """The session of the current dialogue."""
        return self.check if self.dialogue == CHECK else self.einstieg

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return self.phase == "asking"

    def going_on(self, session: Session, phase: Phase = "asking") -> GuideState:
        """Return the state with the current dialogue moved on."""
        state = replace(self, phase=phase, interrupted=False)
        if self.dialogue == CHECK:
            return replace(state, check=session)
        return replace(state, einstieg=session)

    def to_slot(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return asdict(self)

    @classmethod
    def from_slot(cls, value: Mapping[str, Any]) -> GuideState:
        """Restore what :meth:`to_slot` returned, also after a way over JSON."""
        sessions = {name: Session.from_slot(value.get(name, {})) for name in DIALOGUES}
        return cls(**{**value, **sessions})
