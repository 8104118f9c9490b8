"""One classifier for everything a message can be: an entry of the knowledge base, or an intent.

Entries, overviews of a group, follow-ups, small talk and out-of-scope are weighed against each
other in one multinomial logistic regression, so that „how sure are we of this entry?“ and „is it
in the document at all?“ are answered by the same probabilities. Rasa sees the intent
``anliegen`` for all entries; which of them is meant stands in the message property ``eintraege``.
"""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_EXAMPLE, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from bot.german.groups import GroupFinder, from_words, named_groups
from bot.knowledge.search.vectors import Matrix
from bot.nlu.groups import group_words
from bot.nlu.importer import CONCERN, ENTRY

logger = logging.getLogger(__name__)

ENTRIES = "eintraege"
"""Message property: the likeliest entries, ``[{"id": …, "confidence": …}]``, best first."""
DETAILS = "einzelheiten"
"""Message property: what is meant within the intent, ``{group or theme: probability}``."""
THEME = "thema"
"""Intent metadata: the part of an intent that its examples in this block stand for."""
RANKING_LENGTH = 10


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class MessageClassifier(IntentClassifier, GraphComponent):
    """Multinomial logistic regression over all sentence features, dense and sparse."""

    @classmethod
    def required_components(cls) -> list[type]:
        """At least one featurizer comes first."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the options.

        ``C``: inverse strength of the L2 penalty. ``epochs``: passes over the data.
        ``temperature``: divides the scores, so that probabilities are true to the frequency of
        being right on writers never seen. ``per_group``: intents learnt for each group apart.
        """
        return {"C": 10.0, "epochs": 15, "temperature": 0.55, "per_group": []}

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._labels: list[str] = []
        self._weights = np.zeros((0, 0), np.float32)  # (features, labels)
        self._bias = np.zeros(0, np.float32)  # (labels,)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MessageClassifier:
        """Create an untrained classifier."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the regression (about half a minute on two cores for 12,000 examples)."""
        groups = from_words(group_words(training_data))
        examples = [m for m in training_data.intent_examples if m.get(TEXT)]
        labelled = [(m, label) for m in examples if (label := self._label(m, groups))]
        features = vstack([_features(message) for message, _ in labelled], format="csr")
        labels = [label for _, label in labelled]
        logger.info("Training: %d Beispiele, %d Klassen", len(labels), len(set(labels)))
        regression = LogisticRegression(
            C=self._config["C"], solver="sag", max_iter=self._config["epochs"], random_state=0
        )
        with warnings.catch_warnings():
            # a fixed number of epochs is meant: more of them change the answers no further
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(features, labels)
        self._labels = regression.classes_.tolist()
        self._weights = np.ascontiguousarray(regression.coef_.T, np.float32)
        self._bias = regression.intercept_.astype(np.float32)
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(
                folder / "regression.npz",
                labels=np.array(self._labels),
                weights=self._weights,
                bias=self._bias,
            )
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> MessageClassifier:
        """Load a trained classifier."""
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            data = np.load(folder / "regression.npz", allow_pickle=False)
            classifier._labels = data["labels"].tolist()
            classifier._weights = data["weights"]
            classifier._bias = data["bias"]
        return classifier

    def process(self, messages: list[Message]) -> list[Message]:
        """Add intent, ranking, likeliest entries and details of the intent to messages."""
        for message in messages:
            if not message.get(TEXT):
                continue
            scores = np.asarray(_features(message) @ self._weights).ravel() + self._bias
            scores = (scores - scores.max()) / self._config["temperature"]
            chances = np.exp(scores)
            self._annotate(message, chances / chances.sum())
        return messages

    def _annotate(self, message: Message, chances: Matrix) -> None:
        intents: dict[str, float] = defaultdict(float)
        details: dict[str, dict[str, float]] = defaultdict(dict)
        for label, chance in zip(self._labels, chances.tolist()):
            name, _, detail = label.partition("/")
            intents[name] += chance
            if detail:
                details[name][detail] = chance
        entries = details.pop(CONCERN, {})
        best = _best(intents)
        ranking = [{"name": k, "confidence": v} for k, v in best]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set(
            ENTRIES, [{"id": k, "confidence": v} for k, v in _best(entries)], add_to_output=True
        )
        message.set(DETAILS, details.get(best[0][0], {}), add_to_output=True)

    def _label(self, message: Message, groups: GroupFinder) -> str | None:
        """Return ``<intent>/<entry, group or theme>`` or ``<intent>``; None to leave it out."""
        intent: str = message.get(INTENT)
        metadata = message.get(METADATA) or {}
        if intent == CONCERN:
            return f"{CONCERN}/{metadata[METADATA_EXAMPLE][ENTRY]}"
        if theme := (metadata.get(METADATA_INTENT) or {}).get(THEME):
            return f"{intent}/{theme}"
        if intent in self._config["per_group"]:
            meant, _ = named_groups(groups.find(message.get(TEXT)))
            return f"{intent}/{meant[0]}" if len(meant) == 1 else None
        return intent


def _best(chances: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(chances.items(), key=lambda item: -item[1])[:RANKING_LENGTH]


def _features(message: Message) -> csr_matrix:
    """Return sparse and dense sentence features side by side, shape ``(1, features)``."""
    _, sparse = message.get_sparse_features(TEXT)
    _, dense = message.get_dense_features(TEXT)
    blocks = [csr_matrix(block.features, dtype=np.float32) for block in (sparse, dense) if block]
    return hstack(blocks, format="csr")
