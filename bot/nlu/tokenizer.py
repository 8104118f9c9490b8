"""Tokens and lemmas from the German spaCy pipeline that this machine has.

Rasa's own ``SpacyNLP`` takes one fixed model name; which pipeline is used here is chosen at run
time (:mod:`bot.german.spacy_model`), so the tokenizer asks for it directly.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from bot.german.canonical import canonical
from bot.german.spacy_model import german


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class GermanTokenizer(Tokenizer):
    """Splits a message into words with their lemmas, spelt canonically first."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        _, self._nlp = german()

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The options that Rasa's base class reads."""
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_"}

    @staticmethod
    def required_packages() -> list[str]:
        """The pipeline needs spaCy."""
        return ["spacy"]

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Return the words of a message."""
        text = message.get(attribute)
        return [
            Token(token.text, token.idx, lemma=token.lemma_)
            for token in self._nlp(canonical(text))
            if not token.is_space
        ]
