"""The entity ``akteursgruppe``: which groups a message names, and which it rules out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import rasa.shared.utils.io
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.german.groups import from_words

GROUP = "akteursgruppe"
EXCLUDED = "ausgeschlossen"
"""The role of a group that is ruled out."""


def group_words(training_data: TrainingData) -> dict[str, list[str]]:
    """Return group -> words from the synonyms of the training data."""
    words: dict[str, list[str]] = defaultdict(list)
    for word, group in training_data.entity_synonyms.items():
        words[group].append(word)
    return dict(words)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class GroupExtractor(GraphComponent, EntityExtractorMixin):
    """Finds groups by words, lemmas, compound stems and near spellings."""

    def __init__(
        self, model_storage: ModelStorage, resource: Resource, words: dict[str, list[str]]
    ) -> None:
        self._model_storage = model_storage
        self._resource = resource
        self._finder = from_words(words)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> GroupExtractor:
        """Create an extractor that knows no words yet."""
        return cls(model_storage, resource, {})

    def train(self, training_data: TrainingData) -> Resource:
        """Keep the synonyms of the groups."""
        words = group_words(training_data)
        self._finder = from_words(words)
        with self._model_storage.write_to(self._resource) as folder:
            rasa.shared.utils.io.dump_obj_as_json_to_file(folder / "words.json", words)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> GroupExtractor:
        """Load the words."""
        with model_storage.read_from(resource) as folder:
            words = rasa.shared.utils.io.read_json_file(folder / "words.json")
        return cls(model_storage, resource, words)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add an entity for each mention of a group."""
        for message in messages:
            found = [
                {
                    "entity": GROUP,
                    "value": mention.group,
                    "start": mention.start,
                    "end": mention.end,
                    "extractor": type(self).__name__,
                    **({"role": EXCLUDED} if mention.excluded else {}),
                }
                for mention in self._finder.find(message.get(TEXT) or "")
            ]
            message.set(ENTITIES, message.get(ENTITIES, []) + found, add_to_output=True)
        return messages
