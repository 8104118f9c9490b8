"""Messages that are no question to the knowledge base: out of scope, or about the conversation."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, validator

from bot.answer import Outcome
from bot.evaluation.client import Start
from bot.evaluation.figures import Judged
from bot.evaluation.tasks.item import Item, yes_no


class Other(Item):
    """A message that is to be refused (``fern``, ``kommunal``, ``nah``), or ``meta``."""

    typ: Literal["fern", "kommunal", "nah", "meta"]
    frage: str = Field(min_length=1)
    erwartet: str = ""
    tippfehler: bool = False
    stil: str = ""

    @validator("erwartet", always=True)
    def _meta_names_its_topic(cls, value: str, values: dict[str, Any]) -> str:  # noqa: N805
        if values.get("typ") == "meta" and not value:
            raise ValueError("zu einer Nachricht vom Typ „meta“ gehört ihr Thema")
        return value

    def generate(self, start: Start) -> list[Outcome]:
        """Send the message in a conversation of its own."""
        return [start()(self.frage)]

    def evaluate(self, outcomes: list[Outcome]) -> list[Judged]:
        """Judge the outcome."""
        (outcome,) = outcomes
        traits = {"style": self.stil, "typo": yes_no(self.tippfehler)}
        if self.typ == "meta":
            hit = outcome.status == "dialog" and outcome.topic == self.erwartet
            return [Judged(self.frage, outcome, {"meta": hit}, self.erwartet, traits)]
        counts = {
            f"rejected {self.typ}": outcome.status == "no_answer",
            "confidently wrong": outcome.status in ("answer", "overview"),
        }
        entry_shown = outcome.status in ("answer", "clarify") and outcome.entries
        right = False if entry_shown else None
        return [Judged(self.frage, outcome, counts, "no_answer", traits, right)]
