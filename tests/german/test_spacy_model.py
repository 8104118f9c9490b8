"""Which German pipeline is used, and that a model of one is never run with the other."""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import spacy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.german import spacy_model
from bot.nlu import featurizer as featurizer_module
from bot.nlu.featurizer import MeaningFeaturizer
from bot.nlu.tokenizer import GermanTokenizer


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a function that has ``de_core_news_sm`` seem to be installed or not."""
    real = importlib.util.find_spec

    def set_(there: bool) -> None:
        def find_spec(name: str, *args: Any) -> Any:
            if name == spacy_model.CORE:
                return SimpleNamespace(name=name) if there else None
            return real(name, *args)

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)

    return set_


@pytest.mark.parametrize(
    ("there", "wanted", "chosen"),
    [
        (True, "auto", spacy_model.CORE),
        (True, spacy_model.CORE, spacy_model.CORE),
        (True, spacy_model.EMBEDDED, spacy_model.EMBEDDED),
        (False, "auto", spacy_model.EMBEDDED),
        (False, spacy_model.EMBEDDED, spacy_model.EMBEDDED),
    ],
)
def test_the_pipeline_is_chosen_by_what_is_installed_and_wanted(
    installed: Callable[[bool], None], there: bool, wanted: str, chosen: str
) -> None:
    installed(there)
    assert spacy_model.choose(wanted) == chosen


def test_demanding_what_is_not_installed_names_the_remedy(
    installed: Callable[[bool], None],
) -> None:
    installed(False)
    with pytest.raises(RuntimeError, match="make setup"):
        spacy_model.choose(spacy_model.CORE)


def test_the_installed_model_is_loaded_without_what_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, Any]] = []
    blank = spacy.blank("de")

    def fake_load(name: Any, **options: Any) -> Any:
        calls.append((name, options))
        return blank

    monkeypatch.setattr(spacy_model.spacy, "load", fake_load)
    spacy_model.load.cache_clear()
    assert spacy_model.load(spacy_model.CORE, tmp_path) is blank
    spacy_model.load.cache_clear()
    assert calls == [(spacy_model.CORE, {"exclude": ["ner", "parser"]})]
    assert not list(tmp_path.iterdir())


def test_the_embedded_pipeline_is_built_saved_and_loaded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "spacy"
    spacy_model.load.cache_clear()
    with caplog.at_level(logging.INFO):
        nlp = spacy_model.load(spacy_model.EMBEDDED, folder)
    spacy_model.load.cache_clear()
    assert (folder / "config.cfg").is_file()
    assert "Deutsches Sprachmodell: ersatz 1.0.0" in caplog.text
    doc = nlp("Die Vereine fragten 3 Betriebe.")
    assert [token.lemma_ for token in doc] == ["der", "Verein", "fragen", "3", "Betrieb", "."]
    assert [token.pos_ for token in doc][:3] == ["DET", "NOUN", "VERB"]
    again = spacy.load(folder)
    assert [t.lemma_ for t in again("Vereine")] == ["Verein"]


@pytest.mark.parametrize(
    ("word", "stems"),
    [
        ("Wirtschaftsförderung", ("wirtschaft", "förderung")),
        ("Handwerksbetrieb", ("hand", "werk", "betrieb")),
    ],
)
def test_compounds_are_taken_apart(word: str, stems: tuple[str, ...]) -> None:
    assert spacy_model.stems(word) == stems


def test_a_word_without_end_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def tagger() -> Any:
        raise AssertionError("minutes of work")

    monkeypatch.setattr(spacy_model, "_tagger", tagger)
    assert spacy_model.analyse("b" * 1000) == ("b" * 1000, "XY")
    assert spacy_model.stems("B" + "b" * 999) == ()


def test_words_that_were_analysed_at_training_need_no_tagger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = json.loads(json.dumps(spacy_model.analyses(["vereine", "handwerksbetrieb", "3", "3"])))
    monkeypatch.setattr(spacy_model, "_lemmas", {})
    monkeypatch.setattr(spacy_model, "_stems", {})
    monkeypatch.setattr(spacy_model, "_analyse", None)
    monkeypatch.setattr(spacy_model, "_take_apart", None)
    spacy_model.remember(known)
    assert spacy_model.analyse("vereine") == ("vereinen", "VV")
    assert spacy_model.stems("Handwerksbetrieb") == ("hand", "werk", "betrieb")
    assert set(known["lemmas"]) == {"vereine", "handwerksbetrieb"}


def test_the_taggers_file_may_hold_nothing_but_plain_data() -> None:
    import io
    import pickle

    with pytest.raises(pickle.UnpicklingError):
        spacy_model._ModelReader(io.BytesIO(pickle.dumps(Path))).load()


def test_a_model_trained_with_one_pipeline_is_refused_with_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(featurizer_module, "get_encoder", lambda: None)
    storage = LocalModelStorage(tmp_path)
    resource = Resource("featurizer")
    context = ExecutionContext(GraphSchema({}), "modell", node_name="featurizer")
    messages = [
        Message.build(text, intent="anliegen")
        for text in ("Was will der Rat?", "Was wollen die Vereine?", "Was will die Firma?")
    ]
    data = TrainingData(messages)
    GermanTokenizer(GermanTokenizer.get_default_config()).process_training_data(data)
    featurizer = MeaningFeaturizer.create({}, storage, resource, context)
    featurizer.train(data)

    MeaningFeaturizer.load({}, storage, resource, context)
    monkeypatch.setattr(featurizer_module, "german", lambda: ("andere-1.0.0", None))
    with pytest.raises(RasaException, match="make train"):
        MeaningFeaturizer.load({}, storage, resource, context)
