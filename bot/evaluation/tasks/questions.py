"""In-scope questions: is the right entry, or the right overview, shown?"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, validator

from bot.answer import Outcome
from bot.evaluation.client import Start
from bot.evaluation.figures import Judged
from bot.evaluation.tasks.item import Item, yes_no
from bot.knowledge.model import Art, Gruppe


class Question(Item):
    """A message that the knowledge base answers, by one entry or by an overview."""

    typ: Literal["spezifisch", "ueberblick"]
    frage: str = Field(min_length=1)
    gruppe: Gruppe | None = None
    art: Art | None = None
    beste: tuple[str, ...] = ()
    umschrieben: bool = False
    tippfehler: bool = False
    stil: str = ""

    @validator("beste", always=True)
    def _something_is_right(cls, value: Any, values: dict[str, Any]) -> Any:  # noqa: N805
        if values.get("typ") == "spezifisch" and not value:
            raise ValueError("zu einer Frage vom Typ „spezifisch“ gehört mindestens eine Id")
        return value

    def generate(self, start: Start) -> list[Outcome]:
        """Ask the question in a conversation of its own."""
        return [start()(self.frage)]

    def evaluate(self, outcomes: list[Outcome]) -> list[Judged]:
        """Judge the outcome."""
        (outcome,) = outcomes
        specific = self.typ == "spezifisch"
        counts = self._specific(outcome) if specific else {"overview": self._overview(outcome)}
        counts["wrongly refused"] = outcome.status == "no_answer"
        traits = {
            "group": self.gruppe or "",
            "kind": self.art or "",
            "style": self.stil,
            "paraphrased": yes_no(self.umschrieben),
            "typo": yes_no(self.tippfehler),
        }
        expected = " | ".join(self.beste) if specific else f"{self.gruppe} / {self.art}"
        return [Judged(self.frage, outcome, counts, expected, traits, self._right(outcome))]

    def _specific(self, outcome: Outcome) -> dict[str, bool]:
        entries, best = outcome.entries, set(self.beste)
        return {
            "specific hit@1": outcome.status == "answer" and bool(best.intersection(entries[:1])),
            "specific hit@3": bool(best.intersection(entries[:3])),
        }

    def _overview(self, outcome: Outcome) -> bool:
        return (
            outcome.status in ("overview", "answer")
            and outcome.group == self.gruppe
            and outcome.kind == self.art
        )

    def _right(self, outcome: Outcome) -> bool | None:
        """Overviews carry no confidence of their own, so they say nothing about reliability."""
        if outcome.status not in ("answer", "clarify") or not outcome.entries:
            return None
        if self.typ == "spezifisch":
            return outcome.entries[0] in self.beste
        return self._overview(outcome)
