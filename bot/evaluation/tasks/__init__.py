"""The evaluation tasks, one module each.

An item of a task knows how to get its outcomes from the assistant (``generate``) and how to judge
them (``evaluate``); its fields are those of the question sets.
"""

from __future__ import annotations

from bot.evaluation.tasks.dialogues import Dialogue
from bot.evaluation.tasks.other import Other
from bot.evaluation.tasks.questions import Question

__all__ = ["Dialogue", "Other", "Question", "Task"]

Task = Question | Other | Dialogue
