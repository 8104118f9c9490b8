"""The real assistant gives the same answer to a message written differently."""

from __future__ import annotations

from typing import Any

from bot.evaluation import robustness
from bot.evaluation.client import conversations
from bot.evaluation.run import OWN_SETS
from bot.knowledge import Knowledge

SAMPLE = 40
"""Messages to try; `make robustness` tries them all."""
SLACK = 0.05
"""So far below the goal a share of this few messages may fall by chance."""


def test_learnt_questions_keep_their_answer_however_they_are_written(
    lotse: Any, knowledge: Knowledge
) -> None:
    groups = robustness.messages(sorted(OWN_SETS.glob("*.yml")), knowledge, SAMPLE)
    tried = robustness.generate(conversations(lotse.url), {"learnt": groups["learnt"]})
    too_low = {
        row["transformation"]: row["same"]
        for row in robustness.evaluate(tried)
        if row["same"] < row["goal"] - SLACK
    }
    assert not too_low, robustness.differences(tried)
