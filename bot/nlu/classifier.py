"""One classifier for everything a message can be: an entry of the knowledge base, or an intent.

Entries, overviews of a group, follow-ups, small talk and out-of-scope are weighed against each
other by one score, the sum of what the words and what the meaning say, so that „how sure are we of
this entry?“ and „is it in the document at all?“ are answered by the same probabilities. Rasa sees
the intent ``anliegen`` for all entries; which of them is meant stands in the message property
``eintraege``.
"""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_EXAMPLE, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, vstack
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
    """Logistic regression over the words, and the nearest class mean of the meaning, added up.

    The fine-tuned encoder has seen the same examples and puts them almost perfectly in place. A
    regression over words and meaning together would therefore rely on the meaning alone; learnt
    apart, each has its say (docs/decisions/0020).
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """At least one featurizer comes first."""
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the options.

        ``C``: inverse strength of the L2 penalty. ``epochs``: passes over the data.
        ``meaning``: weight of the cosine to the mean of a class, against the scores of the words.
        ``prior``: weight of the frequency of a class in the score of the meaning.
        ``temperature``: divides the scores, so that probabilities are true to the frequency of
        being right on writers never seen. ``per_group``: intents learnt for each group apart.
        """
        return {
            "C": 10.0,
            "epochs": 15,
            "meaning": 12.0,
            "prior": 0.5,
            "temperature": 0.95,
            "per_group": [],
        }

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
        groups, per_group = from_words(group_words(training_data)), self._config["per_group"]
        examples = [m for m in training_data.intent_examples if m.get(TEXT)]
        labelled = [(m, label) for m in examples if (label := label_of(m, groups, per_group))]
        messages, labels = [m for m, _ in labelled], np.array([label for _, label in labelled])
        words = vstack([_words(message) for message in messages], format="csr")
        logger.info("Training: %d Beispiele, %d Klassen", len(labels), len(set(labels)))
        regression = LogisticRegression(
            C=self._config["C"], solver="sag", max_iter=self._config["epochs"], random_state=0
        )
        with warnings.catch_warnings():
            # a fixed number of epochs is meant: more of them change the answers no further
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(words, labels)
        self._labels = regression.classes_.tolist()
        weights, bias = regression.coef_.T, regression.intercept_
        if _meaning(messages[0]) is not None:
            meanings = np.concatenate([_meaning(message) for message in messages])
            means, counts = _class_means(meanings, labels, self._labels)
            weights = np.concatenate([weights, self._config["meaning"] * means.T])
            bias = bias + self._config["prior"] * np.log(counts)
        self._weights = np.ascontiguousarray(weights, np.float32)
        self._bias = bias.astype(np.float32)
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
            scores = self._scores(message)
            scores = (scores - scores.max()) / self._config["temperature"]
            chances = np.exp(scores)
            self._annotate(message, chances / chances.sum())
        return messages

    def _scores(self, message: Message) -> Matrix:
        """Return the score of each class, shape ``(classes,)``."""
        words, meaning = _words(message), _meaning(message)
        scores = np.asarray(words @ self._weights[: words.shape[1]]).ravel() + self._bias
        if meaning is not None:
            scores += (meaning @ self._weights[words.shape[1] :])[0]
        return np.asarray(scores)

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


def label_of(message: Message, groups: GroupFinder, per_group: Collection[str]) -> str | None:
    """Return the class that an example belongs to; None to leave it out.

    Args:
        message: an example with intent and metadata.
        groups: finds the groups that the message names.
        per_group: intents learnt for each group apart.

    Returns:
        ``<intent>/<entry, group or theme>`` or ``<intent>``.
    """
    intent: str = message.get(INTENT)
    metadata = message.get(METADATA) or {}
    if intent == CONCERN:
        return f"{CONCERN}/{metadata[METADATA_EXAMPLE][ENTRY]}"
    if theme := (metadata.get(METADATA_INTENT) or {}).get(THEME):
        return f"{intent}/{theme}"
    if intent in per_group:
        meant, _ = named_groups(groups.find(message.get(TEXT)))
        return f"{intent}/{meant[0]}" if len(meant) == 1 else None
    return intent


def _best(chances: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(chances.items(), key=lambda item: -item[1])[:RANKING_LENGTH]


def _class_means(
    meanings: Matrix, labels: npt.NDArray[np.str_], classes: Sequence[str]
) -> tuple[Matrix, Matrix]:
    """Return the direction of the mean of each class, and the number of its examples.

    Args:
        meanings: unit vectors, shape ``(examples, dimension)``.
        labels: the class of each, shape ``(examples,)``.
        classes: all classes, each with at least one example.
    """
    means = np.stack([meanings[labels == name].mean(axis=0) for name in classes])
    counts = np.array([(labels == name).sum() for name in classes])
    return means / (np.linalg.norm(means, axis=1, keepdims=True) + 1e-9), counts


def _words(message: Message) -> csr_matrix:
    """Return the sparse sentence features, shape ``(1, features)``."""
    _, sparse = message.get_sparse_features(TEXT)
    return csr_matrix(sparse.features, dtype=np.float32)


def _meaning(message: Message) -> Matrix | None:
    """Return the dense sentence features, shape ``(1, dimension)``, if there are any."""
    _, dense = message.get_dense_features(TEXT)
    return None if dense is None else np.asarray(dense.features, np.float32)
