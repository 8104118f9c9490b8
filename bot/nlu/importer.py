"""Training data from the knowledge base: each sample question is an example of ``anliegen``.

So the questions stand in one place, beside the entries that they belong to, and ``rasa train``
and ``rasa data validate`` see them. A municipality's own entries are no part of it: they are found
without training (:mod:`bot.dialogue.unlearnt`).
"""

from __future__ import annotations

from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method

from bot.knowledge import load_knowledge
from bot.settings import get_settings

CONCERN = "anliegen"
"""The intent of a message that one entry of the knowledge base answers."""
ENTRY = "eintrag"
"""The message property that names this entry."""


class KnowledgeImporter(RasaFileImporter):
    """Rasa's own importer, plus the sample questions of the knowledge base."""

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | str | None = None,
        **_: Any,
    ) -> None:
        super().__init__(config_file, domain_path, training_data_paths)

    def get_domain(self) -> Domain:
        """Return the domain without the responses.

        Rasa never utters them by itself: the actions compose replies out of them
        (:mod:`bot.dialogue.texts`). As actions of their own they would only be unused ones.
        """
        return Domain.from_dict({**super().get_domain().as_dict(), "responses": {}})

    @cached_method  # Rasa asks for them three times
    def get_nlu_data(self, language: str | None = "de") -> TrainingData:
        """Return the examples of ``data/nlu`` and the questions of ``data/knowledge``."""
        knowledge = load_knowledge(get_settings().knowledge_dir)
        questions = [
            Message.build(text=question, intent=CONCERN, example_metadata={ENTRY: entry.id})
            for entry in knowledge.values()
            for question in dict.fromkeys(entry.fragen)
        ]
        return super().get_nlu_data(language).merge(TrainingData(questions))
