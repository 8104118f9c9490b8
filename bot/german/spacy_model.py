"""The German spaCy pipeline: ``de_core_news_sm`` where it is installed, else an embedded one.

``de_core_news_sm`` is published only as a release wheel on GitHub. A machine without access gets
the embedded pipeline: spaCy's German tokenizer with lemmas and tags from HanTa (Hanover Tagger,
C. Wartena 2019), whose model is inside its PyPI package. Which of the two is used is chosen in
one place, :func:`choose`; a model trained with one is never run with the other.
"""

from __future__ import annotations

import gzip
import importlib.util
import logging
import pickle
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from bot.settings import get_settings

logger = logging.getLogger(__name__)

CORE = "de_core_news_sm"
EMBEDDED = "ersatz"
WORDS_KEPT = 25_000
"""What has been found out of so many words is remembered, besides those of the sample sentences."""
_JUST_ASKED = 64
"""Of so many words, HanTa's tables are remembered while they are asked about."""
LONGEST_WORD = 32
"""Longer „words“ are not analysed: HanTa's time grows with the square of the length, and one
message of a single word would keep everybody waiting for minutes."""

# STTS tags, as HanTa gives them, to Universal POS; the first two letters decide most cases.
_UPOS = {
    "NN": "NOUN", "NE": "PROPN", "AD": "ADJ", "AR": "DET", "CA": "NUM", "VV": "VERB", "VA": "AUX",
    "VM": "AUX", "AP": "ADP", "KO": "CCONJ", "PP": "PRON", "PD": "PRON", "PI": "PRON", "PR": "PRON",
    "PW": "PRON", "PT": "PART", "IT": "INTJ", "TR": "X", "FM": "X", "XY": "X",
}  # fmt: skip
_STEMS = {"NN", "NE", "VV", "AD"}
_UPOS_EXACT = {"ADV": "ADV", "KOUS": "SCONJ", "KOUI": "SCONJ", "PPOSAT": "DET", "PDAT": "DET"}


class _ModelReader(pickle.Unpickler):
    """Reads HanTa's model: plain containers and numpy numbers, and nothing else.

    The model was written with numpy 2, which has moved a module that Rasa's numpy has elsewhere.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {("numpy._core.multiarray", "scalar"), ("numpy", "dtype")}:
            return super().find_class(module.replace("._core", ".core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in the model")


@lru_cache(maxsize=1)
def _tagger() -> Any:
    from HanTa import HanoverTagger

    model_file = Path(HanoverTagger.__file__).with_name("morphmodel_ger.pgz")
    with gzip.open(model_file) as file:
        tagger = HanoverTagger.HanoverTagger(None, _ModelReader(file).load())
    tagger.strict = False  # as for a model read by its file name
    # a word is asked for its lemma, its stems and its spelling; each begins with the same search
    tagger.analyze_forward = lru_cache(_JUST_ASKED)(tagger.analyze_forward)
    tagger.analyze_viterbi = lru_cache(_JUST_ASKED)(tagger.analyze_viterbi)
    return tagger


def is_common_word(word: str) -> bool:
    """Whether a lower-case word is among the 23,000 that HanTa has seen often."""
    return word in _tagger().cache


_lemmas: dict[str, tuple[str, str]] = {}
_stems: dict[str, tuple[str, ...]] = {}


def analyse(word: str) -> tuple[str, str]:
    """Return lemma and STTS tag of a word, each by itself, without its sentence.

    >>> analyse("Vereine")
    ('Verein', 'NN')
    """
    return _lemmas.get(word) or _analyse(word)


def stems(word: str) -> tuple[str, ...]:
    """Return the stems that a word is made of, without linking letters and endings.

    >>> stems("Wirtschaftsförderung")
    ('wirtschaft', 'förderung')
    """
    known = _stems.get(word)
    return _take_apart(word) if known is None else known


def analyses(words: Iterable[str]) -> dict[str, Any]:
    """Return what HanTa says of words, for :func:`remember`: one takes it a millisecond or two."""
    words = sorted({word for word in words if word.isalpha()})
    return {
        "lemmas": {word: analyse(word) for word in words},
        "stems": {word: stems(word) for word in map(capitalised, words)},
    }


def remember(known: Mapping[str, Any]) -> None:
    """Take over what :func:`analyses` returned, in this process or an earlier one."""
    _lemmas.update({word: (lemma, tag) for word, (lemma, tag) in known["lemmas"].items()})
    _stems.update({word: tuple(parts) for word, parts in known["stems"].items()})


def capitalised(word: str) -> str:
    """Return a word as a noun: compounds are taken apart better that way."""
    return word[:1].upper() + word[1:]


def common_words() -> list[str]:
    """Return the lower-case words that HanTa has seen often, in no order that means anything."""
    return sorted(word for word in _tagger().cache if word.islower())


def is_made_of_known_stems(word: str) -> bool:
    """Whether a lower-case word, or the same as a noun, has only stems that HanTa has seen."""
    if len(word) > LONGEST_WORD:
        return False
    tagger = _tagger()
    for spelt in (word, capitalised(word)):
        _, morphemes, _ = tagger.analyze(spelt, taglevel=3)
        if all(
            kind.startswith(("SUF", "FUGE")) or part in tagger.LP_m_t[tagger.tag2int[kind]]
            for part, kind in morphemes
        ):
            return True
    return False


@lru_cache(maxsize=WORDS_KEPT)
def _analyse(word: str) -> tuple[str, str]:
    if len(word) > LONGEST_WORD:
        return word, "XY"
    lemma, tag = _tagger().analyze(word, taglevel=1)
    return lemma, tag.split("(")[0]


@lru_cache(maxsize=WORDS_KEPT)
def _take_apart(word: str) -> tuple[str, ...]:
    if len(word) > LONGEST_WORD:
        return ()
    _, morphemes, _ = _tagger().analyze(word, taglevel=3)
    return tuple(part for part, kind in morphemes if kind[:2] in _STEMS and len(part) > 2)


@Language.component("hanta")
def hanta(doc: Doc) -> Doc:
    """Set lemma and tag of each token with HanTa, one word at a time."""
    for token in doc:
        if token.is_alpha:
            lemma, tag = analyse(token.text)
            token.lemma_ = lemma
            token.tag_ = tag
            token.pos_ = _UPOS_EXACT.get(tag) or _UPOS.get(tag[:2], "X")
        else:
            token.lemma_ = token.text
    return doc


def core_is_installed() -> bool:
    """Say whether ``de_core_news_sm`` can be imported."""
    return importlib.util.find_spec(CORE) is not None


def choose(wanted: str = "auto") -> str:
    """Return the pipeline to use: :data:`CORE` or :data:`EMBEDDED`.

    Raises:
        RuntimeError: ``de_core_news_sm`` is demanded but not installed.
    """
    if wanted == EMBEDDED:
        return EMBEDDED
    if core_is_installed():
        return CORE
    if wanted == CORE:
        raise RuntimeError(
            f"Das Sprachmodell {CORE} ist nicht installiert. Abhilfe: „make setup“ mit Zugang zu "
            "GitHub ausführen oder LOTSE_GERMAN_MODEL=auto setzen."
        )
    return EMBEDDED


def build_embedded(folder: Path) -> Path:
    """Save the embedded pipeline to ``folder`` and return it; :func:`spacy.load` reads it."""
    nlp = spacy.blank("de")
    nlp.add_pipe("hanta")
    nlp.meta["name"] = "lotse_ersatz"
    nlp.meta["version"] = "1.0.0"
    folder.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(folder)
    return folder


@lru_cache(maxsize=2)
def load(name: str, folder: Path) -> Language:
    """Load the chosen pipeline.

    Args:
        name: what :func:`choose` returned.
        folder: where the embedded pipeline lies, or is built when it is missing.
    """
    if name == CORE:
        nlp = spacy.load(CORE, exclude=["ner", "parser"])
    else:
        if not (folder / "config.cfg").is_file():
            build_embedded(folder)
        nlp = spacy.load(folder)
    logger.info("Deutsches Sprachmodell: %s %s", name, nlp.meta["version"])
    return nlp


def german() -> tuple[str, Language]:
    """Return the pipeline in use and its name with version, e.g. ``ersatz-1.0.0``."""
    settings = get_settings()
    name = choose(settings.german_model)
    nlp = load(name, settings.state_dir / "spacy")
    return f"{name}-{nlp.meta['version']}", nlp
