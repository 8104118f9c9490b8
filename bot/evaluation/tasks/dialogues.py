"""Dialogues: does the context carry over several turns?"""

from __future__ import annotations

from pydantic import Field, conlist

from bot.answer import Outcome
from bot.evaluation.client import Start
from bot.evaluation.figures import Judged
from bot.evaluation.tasks.item import Item
from bot.knowledge.model import Art, Gruppe


class Turn(Item):
    """A message of a dialogue and what is to be checked about the reply, if anything."""

    nutzer: str = Field(min_length=1)
    gruppe: Gruppe | None = None
    art: Art | None = None
    beste: tuple[str, ...] = ()
    ablehnen: bool = False

    @property
    def is_checked(self) -> bool:
        """Whether there is anything to check."""
        return bool(self.ablehnen or self.gruppe or self.art or self.beste)

    def is_hit(self, outcome: Outcome) -> bool:
        """Whether the outcome is as expected."""
        if self.ablehnen:
            return outcome.status == "no_answer"
        return (
            self.gruppe in (None, outcome.group)
            and self.art in (None, outcome.kind)
            and (not self.beste or bool(set(self.beste).intersection(outcome.entries[:3])))
        )

    @property
    def expected(self) -> str:
        """What is checked, for reading."""
        if self.ablehnen:
            return "no_answer"
        return f"{self.gruppe} / {self.art} / {' | '.join(self.beste)}"


class Dialogue(Item):
    """A conversation of several turns."""

    name: str = Field(min_length=1)
    zuege: conlist(Turn, min_items=1)  # type: ignore[valid-type]

    def generate(self, start: Start) -> list[Outcome]:
        """Send all turns in one conversation."""
        ask = start()
        return [ask(turn.nutzer) for turn in self.zuege]

    def evaluate(self, outcomes: list[Outcome]) -> list[Judged]:
        """Judge the turns that have something to check."""
        return [
            Judged(
                turn.nutzer,
                outcome,
                {"dialogue turn": turn.is_hit(outcome)},
                turn.expected,
                {"dialogue": self.name},
            )
            for turn, outcome in zip(self.zuege, outcomes)
            if turn.is_checked
        ]
