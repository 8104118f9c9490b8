"""Train the model, but only when something that it is made of has changed."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from rasa.engine.graph import GraphNodeHook

from bot.german.spacy_model import german
from bot.german.spelling import WORDS
from bot.knowledge import load_knowledge
from bot.knowledge.search.encoder import get_encoder
from bot.preflight import is_intact
from bot.settings import PROJECT, Settings

logger = logging.getLogger(__name__)

MODEL_PREFIX = "lotse-"
_PACKAGES = ("rasa", "spacy", "scikit-learn", "HanTa")
_CODE = ("bot/nlu", "bot/german", "bot/knowledge/search")


def fingerprint(settings: Settings) -> str:
    """Return a digest of everything that the model is made of.

    Texts of entries and responses are no part of it: they are read at the start, not learnt.
    """
    digest = hashlib.sha256()
    domain = yaml.load((PROJECT / "domain.yml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    del domain["responses"]
    digest.update(json.dumps(domain, sort_keys=True).encode())
    digest.update(" ".join(f"{name} {version(name)}" for name in _PACKAGES).encode())
    for path in sorted(_inputs()):
        digest.update(path.relative_to(PROJECT).as_posix().encode())
        digest.update(path.read_bytes())
    knowledge = load_knowledge(settings.knowledge_dir)  # own entries are never learnt
    for entry in knowledge.values():
        digest.update("\0".join([entry.id, *entry.fragen]).encode())
    encoder = get_encoder()
    digest.update(f"{german()[0]} {encoder.name if encoder else ''}".encode())
    return digest.hexdigest()[:16]


def _inputs() -> Iterable[Path]:
    yield PROJECT / "config.yml"
    yield WORDS
    for folder in ("data/nlu", "data/rules"):
        yield from (PROJECT / folder).glob("*.yml")
    for folder in _CODE:
        yield from (PROJECT / folder).glob("*.py")


def train_if_changed(settings: Settings, *, force: bool = False) -> Path:
    """Return the model for the present data; train it when there is none yet.

    Raises:
        RuntimeError: training failed.
    """
    name = MODEL_PREFIX + fingerprint(settings)
    model = settings.models_dir / f"{name}.tar.gz"
    if model.is_file() and not is_intact(model):
        logger.warning("%s ist beschädigt und wird neu trainiert.", model.name)
        model.unlink()
    if model.is_file() and not force:
        logger.info("Das Modell ist aktuell: %s", model.name)
        return model
    logger.info("Training beginnt; es dauert einige Minuten.")
    started = time.monotonic()
    _train(name, settings)
    if not model.is_file():
        raise RuntimeError("Das Training ist fehlgeschlagen; der Grund steht weiter oben.")
    for old in settings.models_dir.glob(f"{MODEL_PREFIX}*.tar.gz"):
        if old != model:
            old.unlink()
    logger.info("Training fertig nach %.0f Sekunden: %s", time.monotonic() - started, model.name)
    return model


class _NothingCached(GraphNodeHook):
    """Stands for Rasa's cache of trained parts, which fingerprints all examples for each of them.

    That takes half a minute, and nothing is ever taken from it: a model is trained as a whole, and
    only when its own fingerprint has changed.
    """

    def __init__(self, **_: Any) -> None:
        """Take what Rasa gives."""

    def on_before_node(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Note nothing."""
        return {}

    def on_after_node(self, *_: Any, **__: Any) -> None:
        """Keep nothing."""


def _train(name: str, settings: Settings) -> None:
    from rasa.api import train
    from rasa.engine.training import graph_trainer

    graph_trainer.TrainingHook = _NothingCached
    for part in ("rasa.engine.training.hooks", "bot"):
        logging.getLogger(part).setLevel(logging.INFO)
    train(
        domain=str(PROJECT / "domain.yml"),
        config=str(PROJECT / "config.yml"),
        training_files=[str(PROJECT / "data" / "nlu"), str(PROJECT / "data" / "rules")],
        output=str(settings.models_dir),
        fixed_model_name=name,
        force_training=True,
    )
