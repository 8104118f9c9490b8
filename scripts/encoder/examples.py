"""Write the sample sentences with their classes, for fine-tuning the encoder.

The first half of ``make encoder``; runs in the project's own environment. One JSON object a line:
``{"class": …, "voice": …, "texts": [spelt right, variant …]}``. The variants have typing mistakes,
so that the encoder learns to look through them; small letters, umlauts and punctuation need no
learning, as it only ever sees the canonical spelling.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.evaluation.crossvalidate import all_examples, intent_data
from bot.evaluation.perturb import TRANSFORMATIONS
from bot.german.canonical import canonical
from bot.german.groups import from_words
from bot.knowledge import load_knowledge
from bot.nlu.classifier import label_of
from bot.nlu.groups import group_words
from bot.settings import PROJECT, get_settings

VARIANTS = ("one typo", "two typos", "two typos")


def main() -> None:
    """Write all examples to standard output."""
    folder = get_settings().knowledge_dir
    data = intent_data()
    groups = from_words(group_words(data))
    for example in all_examples(load_knowledge(folder), folder, data):
        name = label_of(example.message, groups, per_group())
        if name is None:
            continue
        meant = canonical(example.text)
        random = Random(meant)  # noqa: S311  (so that the same sentence has the same variants)
        texts = [meant, *(TRANSFORMATIONS[variant](meant, random) for variant in VARIANTS)]
        line = {"class": name, "voice": example.voice, "texts": list(dict.fromkeys(texts))}
        print(json.dumps(line, ensure_ascii=False))


def per_group() -> list[str]:
    """Return the intents that the classifier learns for each group apart."""
    config = yaml.safe_load((PROJECT / "config.yml").read_text("utf-8"))
    return next(c["per_group"] for c in config["pipeline"] if "per_group" in c)


if __name__ == "__main__":
    main()
