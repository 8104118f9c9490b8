"""Meaning, words and named groups of a message as features, for the classifiers after it."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import rasa.shared.utils.io
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack

from bot.german import spelling
from bot.german.canonical import canonical, plain_words, with_umlauts
from bot.german.groups import from_words, named_groups
from bot.german.spacy_model import analyses, german, remember
from bot.knowledge.model import GRUPPEN
from bot.knowledge.search.encoder import get_encoder
from bot.knowledge.search.features import LexicalFeatures
from bot.knowledge.search.vectors import Matrix
from bot.nlu.groups import group_words

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class MeaningFeaturizer(Featurizer, GraphComponent):
    """Sparse lexical features and a dense sentence embedding of the whole message.

    The embedding is centred on the mean of the training data and has length one: sentences of
    one domain all point in nearly the same direction, and what they share tells nothing.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """The lemmas come from the tokenizer."""
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """No options of its own."""
        return dict(Featurizer.get_default_config())

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to check."""

    def __init__(
        self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource
    ) -> None:
        super().__init__(name, {**self.get_default_config(), **config})
        self._model_storage = model_storage
        self._resource = resource
        self._lexical = LexicalFeatures()
        self._group_words: dict[str, list[str]] = {}
        self._groups = from_words({})
        self._known: dict[str, Any] = {}
        self._encoder = get_encoder()
        self._centre: Matrix | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MeaningFeaturizer:
        """Create an untrained featurizer."""
        return cls(config, execution_context.node_name, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the vocabulary and the centre of the embeddings."""
        messages = [m for m in training_data.training_examples if m.get(TEXT)]
        spelt = [canonical(m.get(TEXT)) for m in messages]
        words = list(map(_words, messages))
        self._lexical.fit(spelt, words)
        self._known = {
            **analyses(word for tokens in words for word, _ in tokens),
            "spelling": spelling.decisions(
                with_umlauts(word) for m in messages for word in plain_words(m.get(TEXT))
            ),
        }
        self._group_words = group_words(training_data)
        self._groups = from_words(self._group_words)
        if self._encoder:
            self._encoder.save(spelt)
            self._centre = self._encoder.encode(spelt).mean(axis=0)
        self._persist()
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the features to all training messages."""
        self.process([m for m in training_data.training_examples if m.get(TEXT)])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the features to messages."""
        if not messages:
            return messages
        texts = [message.get(TEXT) or "" for message in messages]
        spelt = [canonical(text) for text in texts]
        lexical = self._lexical.transform(spelt, list(map(_words, messages)))
        groups = csr_matrix([self._named(text) for text in texts], dtype=np.float32)
        sparse = hstack([lexical, groups], format="csr")
        for row, message in enumerate(messages):
            self._add(message, sparse[row])
        if self._encoder and self._centre is not None:
            dense = self._encoder.encode(spelt) - self._centre
            dense /= np.linalg.norm(dense, axis=1, keepdims=True) + 1e-9
            for row, message in enumerate(messages):
                self._add(message, dense[row : row + 1])
        return messages

    def _named(self, text: str) -> list[float]:
        """Return for each group whether the text names it, and whether it names none."""
        meant, _ = named_groups(self._groups.find(text))
        return [*(float(group in meant) for group in GRUPPEN), float(not meant)]

    def _add(self, message: Message, features: Any) -> None:
        message.add_features(Features(features, FEATURE_TYPE_SENTENCE, TEXT, self._identifier))

    def _persist(self) -> None:
        with self._model_storage.write_to(self._resource) as folder:
            arrays = self._lexical.to_dict()
            if self._centre is not None:
                arrays["centre"] = self._centre
            np.savez_compressed(folder / "features.npz", **arrays)
            rasa.shared.utils.io.dump_obj_as_json_to_file(
                folder / "group_words.json", self._group_words
            )
            rasa.shared.utils.io.dump_obj_as_json_to_file(folder / "words.json", self._known)
            rasa.shared.utils.io.dump_obj_as_json_to_file(
                folder / "made_with.json", {"german": german()[0], "encoder": self._encoder_name}
            )

    @property
    def _encoder_name(self) -> str:
        return self._encoder.name if self._encoder else ""

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> MeaningFeaturizer:
        """Load a trained featurizer.

        Raises:
            RasaException: the model was trained with another German pipeline or other embeddings
                than this machine has; its features would mean something else.
        """
        featurizer = cls(config, execution_context.node_name, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            made_with = rasa.shared.utils.io.read_json_file(folder / "made_with.json")
            here = {"german": german()[0], "encoder": featurizer._encoder_name}
            if made_with != here:
                raise RasaException(
                    f"Das Modell wurde mit {made_with} trainiert, hier ist {here}. "
                    "Abhilfe: neu trainieren („make train“)."
                )
            featurizer._group_words = rasa.shared.utils.io.read_json_file(
                folder / "group_words.json"
            )
            known = rasa.shared.utils.io.read_json_file(folder / "words.json")
            remember(known)
            spelling.remember(known["spelling"])
            with np.load(folder / "features.npz", allow_pickle=False) as data:
                arrays = {key: data[key] for key in data.files}
        featurizer._groups = from_words(featurizer._group_words)
        featurizer._centre = arrays.pop("centre", None)
        featurizer._lexical = LexicalFeatures.from_dict(arrays)
        return featurizer


def encode_ahead(text: str) -> None:
    """Compute the embedding of a message, so that :meth:`MeaningFeaturizer.process` finds it.

    Rasa calls its components in the event loop; this may run in a thread, and others go on.
    """
    if encoder := get_encoder():
        encoder.encode([canonical(text)])


def _words(message: Message) -> list[tuple[str, str]]:
    return [(token.text, token.lemma) for token in message.get(TOKENS_NAMES[TEXT], [])]
