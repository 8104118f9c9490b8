"""``python -m bot crossvalidate``: how well are people understood who wrote none of the examples?

The sample questions come from several writers („Stimmen“, one file each). They are dealt into
folds; the model is trained on all folds but one and tested on that one, so that no writer is in
both halves. The other intents have two writers, which are left out in turn: half of their
examples are missing from each training, so rejection is measured on the strict side.

It is the pipeline of ``config.yml``, component by component, and the dialogue's own decision
whether to answer, to ask back or to refuse, only without Rasa's engine around them.

The fine-tuned encoder has seen all writers, so figures with it are too good. They are true with
``LOTSE_EMBEDDINGS=false``; what the encoder adds is measured when it is made (``make encoder
HOLD_OUT=…``).
"""

from __future__ import annotations

import importlib
import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.importers.utils import training_data_from_paths
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from actions.base import understood
from bot.answer import Outcome
from bot.dialogue.concern import concern, not_known
from bot.dialogue.state import State
from bot.dialogue.texts import get_texts
from bot.dialogue.turn import CONCERN, OUT_OF_SCOPE, OVERVIEWS, Context
from bot.evaluation.figures import Judged, figures
from bot.evaluation.folds import Example, limited, split
from bot.evaluation.tasks import Other, Question
from bot.german.canonical import canonical
from bot.knowledge import Knowledge, load_knowledge
from bot.knowledge.load import load_questions_by_voice
from bot.knowledge.search.encoder import get_encoder
from bot.nlu.importer import ENTRY
from bot.settings import PROJECT, Settings

logger = logging.getLogger(__name__)

FOLDS = 4
"""An even number, so that both writers of the other intents are left out equally often."""
SIZES = (8, 16, 32, 64)
"""Sample questions for each entry along the learning curve, before its end: all of them."""
CURVES = ("specific hit@1", "specific hit@3", "wrongly refused", "rejected nah")
"""The figures that the learning curve shows."""


@dataclass(frozen=True)
class Point:
    """A point of the learning curve."""

    size: float
    """Mean number of sample questions for each entry in training."""
    judged: list[Judged]


class Pipeline:
    """The project's own components of ``config.yml`` in a row, without Rasa's engine."""

    def __init__(self, folder: Path) -> None:
        """Create the components, untrained; ``folder`` takes what they store."""
        config = yaml.load((PROJECT / "config.yml").read_text("utf-8"), Loader=yaml.CSafeLoader)
        storage = LocalModelStorage.create(folder)
        own = [options for options in config["pipeline"] if options["name"].startswith("bot.")]
        self._components = [_component(options, storage) for options in own]

    def tokenize(self, messages: list[Message]) -> None:
        """Split messages into words. Once for all: it is the same in every fold."""
        for component in self._components:
            if isinstance(component, Tokenizer):
                component.process(messages)

    def train(self, data: TrainingData) -> None:
        """Train on tokenized messages."""
        for component in self._components:
            if isinstance(component, Tokenizer):
                continue
            component.train(data)
            if hasattr(component, "process_training_data"):
                component.process_training_data(data)

    def process(self, messages: list[Message]) -> list[Message]:
        """Understand tokenized messages."""
        for component in self._components:
            if not isinstance(component, Tokenizer):
                messages = component.process(messages)
        return messages


def _component(options: Mapping[str, Any], storage: LocalModelStorage) -> Any:
    module, _, name = options["name"].rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    config = {**kind.get_default_config(), **options}
    context = ExecutionContext(GraphSchema({}), node_name=name)
    return kind.create(config, storage, Resource(name), context)


def crossvalidate(
    settings: Settings, folds: int = FOLDS, sizes: Sequence[int] = SIZES
) -> list[Point]:
    """Train and test with different writers, for growing numbers of sample questions.

    Args:
        settings: where the knowledge base lies.
        folds: parts that the writers are dealt into.
        sizes: sample questions for each entry; all of them come last in any case.

    Returns:
        The learning curve; its last point is the cross-validation proper.

    Raises:
        ValueError: the number of folds does not fit the number of writers.
    """
    knowledge = load_knowledge(settings.knowledge_dir)  # nobody learns local entries
    data = intent_data()
    examples = all_examples(knowledge, settings.knowledge_dir, data)
    if encoder := get_encoder():
        encoder.save([canonical(example.text) for example in examples])
    return learning_curve(examples, data.entity_synonyms, knowledge, folds, sizes)


def learning_curve(
    examples: Sequence[Example],
    synonyms: dict[str, str],
    knowledge: Knowledge,
    folds: int = FOLDS,
    sizes: Sequence[int] = SIZES,
) -> list[Point]:
    """Train and test with the examples as :func:`crossvalidate` does with those of the project.

    Args:
        examples: with the engine's messages; those are tokenized here.
        synonyms: word -> group that it names.
        knowledge: the entries that questions lead to.
        folds: parts that the writers are dealt into.
        sizes: sample questions for each entry; all of them come last in any case.

    Raises:
        ValueError: the number of folds does not fit the number of writers.
    """
    splits = [split(examples, fold, folds) for fold in range(folds)]
    with tempfile.TemporaryDirectory() as folder:
        Pipeline(Path(folder)).tokenize([example.message for example in examples])
    context = Context(knowledge, lambda text, group: [], get_texts())
    points = []
    for size in [*sizes, None]:
        judged: list[Judged] = []
        trained_on = 0
        for number, (train, test) in enumerate(splits, 1):
            started = time.monotonic()
            chosen = limited(train, size)
            judged += _fold(chosen, test, synonyms, context)
            trained_on += sum(example.intent == CONCERN for example in chosen)
            logger.info(
                "%s Fragen je Eintrag, Teil %d von %d: %d Beispiele gelernt, %d geprüft, %.0f s",
                size or "alle", number, folds, len(chosen), len(test), time.monotonic() - started,
            )  # fmt: skip
        points.append(Point(trained_on / folds / len(knowledge), judged))
    return points


def intent_data() -> TrainingData:
    """Return the examples of ``data/nlu`` as the engine reads them."""
    return training_data_from_paths([str(PROJECT / "data" / "nlu")], "de")


def all_examples(knowledge: Knowledge, folder: Path, data: TrainingData) -> list[Example]:
    """Return the sample questions of all entries, and the examples of the other intents."""
    return [*_questions(knowledge, folder), *_intents(data)]


def _questions(knowledge: Knowledge, folder: Path) -> list[Example]:
    voice_of = {
        (entry_id, question): voice
        for voice, entries in load_questions_by_voice(folder).items()
        for entry_id, questions in entries.items()
        for question in questions
    }
    return [
        Example(
            str(question),
            voice_of.get((entry.id, question), ""),
            CONCERN,
            str(entry.id),
            Message.build(text=question, intent=CONCERN, example_metadata={ENTRY: entry.id}),
        )
        for entry in knowledge.values()
        for question in dict.fromkeys(entry.fragen)
    ]


def _intents(data: TrainingData) -> list[Example]:
    examples = []
    for message in data.intent_examples:
        about = (message.get(METADATA) or {}).get(METADATA_INTENT) or {}
        voice, theme = about.get("stimme", ""), about.get("thema", "")
        examples.append(Example(message.get(TEXT), voice, message.get(INTENT), theme, message))
    return examples


def _fold(
    train: Sequence[Example],
    test: Sequence[Example],
    synonyms: dict[str, str],
    context: Context,
) -> list[Judged]:
    # components add to messages: each fold works on its own copies
    learnt = [Message(data=dict(example.message.data)) for example in train]
    asked = [Message(data=dict(example.message.data)) for example in test]
    for message in asked:
        for answer in (INTENT, METADATA):
            message.data.pop(answer, None)
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(Path(folder))
        pipeline.train(TrainingData(learnt, entity_synonyms=synonyms))
        parsed = pipeline.process(asked)
    outcomes = [_outcome(message, context) for message in parsed]
    return [
        judged
        for example, outcome in zip(test, outcomes)
        for judged in _judge(example, outcome, context.knowledge)
    ]


def _outcome(message: Message, context: Context) -> Outcome:
    """Decide as the dialogue does in a new conversation; other intents are named by ``topic``."""
    turn = understood(message.data)
    if turn.intent == CONCERN:
        return concern(turn, State(), context)[0].outcome
    if turn.intent == OUT_OF_SCOPE:
        return not_known(turn, State(), context)[0].outcome
    overview = turn.intent in OVERVIEWS
    return Outcome("overview" if overview else "dialog", topic=turn.intent)


def _judge(example: Example, outcome: Outcome, knowledge: Knowledge) -> list[Judged]:
    """Judge by the definitions of the contract; other intents count as ``intent``."""
    if example.intent == CONCERN:
        entry = knowledge[example.detail]
        question = Question(
            typ="spezifisch",
            frage=example.text,
            gruppe=entry.gruppe,
            art=entry.kind,
            beste=(entry.id,),
            stil=example.voice,
        )
        return question.evaluate([outcome])
    if example.intent == OUT_OF_SCOPE:
        message = {"typ": example.detail, "frage": example.text, "stil": example.voice}
        return Other.parse_obj(message).evaluate([outcome])
    hit = outcome.topic == example.intent
    traits = {"style": example.voice}
    return [Judged(example.text, outcome, {"intent": hit}, example.intent, traits)]


def curves(points: Sequence[Point]) -> dict[str, list[tuple[float, float]]]:
    """Return figure -> ``(questions for each entry, share)`` along the learning curve."""
    lines: dict[str, list[tuple[float, float]]] = {name: [] for name in CURVES}
    for point in points:
        sums = figures(point.judged)
        for name in CURVES:
            if name in sums:
                count, of = sums[name]
                lines[name].append((round(point.size, 1), count / of))
    return lines


def curve_table(points: Sequence[Point]) -> str:
    """Return the learning curve as a table, one line for each number of questions."""
    lines = ["learning curve"]
    if get_encoder():
        lines += ["  (too good: the fine-tuned encoder has seen all writers, docs/bewertung.md)"]
    lines += ["  questions an entry  " + "  ".join(f"{n:>15}" for n in CURVES)]
    for point in points:
        sums = figures(point.judged)
        shares = [f"{sums[n][0] / sums[n][1]:15.3f}" if n in sums else " " * 15 for n in CURVES]
        lines.append(f"  {point.size:>18.1f}  " + "  ".join(shares))
    return "\n".join(lines)
