"""The stock Rasa assistant that ours is compared with: what ``rasa init`` gives, with our data.

Pipeline and policies are Rasa's own defaults, read out of the installed package, so that nobody
can have tuned them for or against. It runs as Rasa's documentation has it: ``rasa run`` with its
default stores, and a custom action in ``rasa run actions``.

The data are ours: every sample question of the knowledge base and every example of the other
intents, so it has the same things to tell apart as our own classifier. Each of the 54 entries is
an intent of its own with a rule to one action, which looks the entry up in a file. That is the
quickest way a stock assistant can answer: it searches nothing. The other intents lead to a
response. Stories are there because without any of them two of the policies would not be trained.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from bot.answer import Reply, render_text
from bot.dialogue import compose
from bot.dialogue.texts import get_texts
from bot.dialogue.turn import Context
from bot.knowledge import Knowledge, load_knowledge
from bot.nlu.importer import CONCERN, ENTRY, KnowledgeImporter
from bot.settings import PROJECT, get_settings

ACTION = Path(__file__).parent / "stock_action.py"
ANSWERS = "antworten.json"
DEFAULTS = "engine/recipes/config_files/default_config.yml"
"""Rasa's suggested pipeline and policies, below its package."""
LANGUAGE = "de"


def write(folder: Path, port_of_actions: int, share: float = 1.0) -> str:
    """Write the assistant into a folder; return the fingerprint of all that it is trained on.

    Args:
        folder: is made anew.
        port_of_actions: where its action server will listen.
        share: part of the examples of each intent that is used, 0 to 1.
    """
    knowledge = load_knowledge(get_settings().knowledge_dir)
    intents = _intents(knowledge, share)
    trained_on = {
        "config.yml": {
            "recipe": "default.v1",
            "assistant_id": "stock",
            **yaml.safe_load(files("rasa").joinpath(DEFAULTS).read_text("utf-8")),
            "language": LANGUAGE,
        },
        "domain.yml": _domain(knowledge, intents),
        "data/nlu.yml": {"version": "3.1", "nlu": _nlu(intents)},
        "data/rules.yml": {"version": "3.1", "rules": _rules(knowledge, intents)},
        "data/stories.yml": {"version": "3.1", "stories": _stories(knowledge)},
    }
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "actions").mkdir()
    digest = hashlib.sha256(version("rasa").encode())
    for name, content in trained_on.items():
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=10_000)
        (folder / name).write_text(text, encoding="utf-8")
        digest.update(text.encode())
    (folder / "actions" / "__init__.py").touch()
    shutil.copy(ACTION, folder / "actions" / "actions.py")
    _write_answers(folder / "actions" / ANSWERS, knowledge)
    (folder / "credentials.yml").write_text("rest:\n", encoding="utf-8")
    endpoint = f"action_endpoint:\n  url: http://127.0.0.1:{port_of_actions}/webhook\n"
    (folder / "endpoints.yml").write_text(endpoint, encoding="utf-8")
    return digest.hexdigest()[:16]


def learnt_questions(folder: Path) -> list[str]:
    """Return the sample questions of entries that an assistant was trained on, from its folder."""
    knowledge = load_knowledge(get_settings().knowledge_dir)
    blocks = yaml.safe_load((folder / "data" / "nlu.yml").read_text("utf-8"))["nlu"]
    return [
        line.removeprefix("- ")
        for block in blocks
        if block["intent"] in knowledge
        for line in block["examples"].splitlines()
    ]


def _intents(knowledge: Knowledge, share: float) -> dict[str, list[str]]:
    """Return intent -> examples: what our own pipeline learns from, each text once."""
    importer = KnowledgeImporter(
        str(PROJECT / "config.yml"),
        str(PROJECT / "domain.yml"),
        [str(PROJECT / "data" / "nlu"), str(PROJECT / "data" / "rules")],
    )
    intents: dict[str, dict[str, None]] = defaultdict(dict)
    for message in importer.get_nlu_data().intent_examples:
        metadata = message.get("metadata") or {}
        intent = message.get("intent")
        name = metadata["example"][ENTRY] if intent == CONCERN else intent
        intents[name][" ".join(message.get("text").split())] = None
    rng = random.Random(0)  # noqa: S311 (no secret)
    return {
        name: rng.sample(list(texts), max(5, round(share * len(texts))))
        for name, texts in sorted(intents.items())
    }


def _nlu(intents: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    # brackets would be read as entities
    plain = str.maketrans("[]{}", "()()")
    return [
        {"intent": name, "examples": "".join(f"- {text.translate(plain)}\n" for text in texts)}
        for name, texts in intents.items()
    ]


def _domain(knowledge: Knowledge, intents: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    texts = get_texts()
    others = [name for name in intents if name not in knowledge]
    return {
        "version": "3.1",
        "intents": list(intents),
        "responses": {
            f"utter_{name}": [{"text": _sentence(texts, name)}] for name in (*others, "unklar")
        },
        "actions": ["action_antworten"],
        "session_config": {
            "session_expiration_time": 60,
            "carry_over_slots_to_new_session": True,
        },
    }


def _sentence(texts: Any, name: str) -> str:
    return texts(name) if name in texts and "{" not in texts._texts[name] else f"({name})"


def _rules(knowledge: Knowledge, intents: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    pairs = [(name, _action(knowledge, name)) for name in intents]
    return [
        {"rule": intent, "steps": [{"intent": intent}, {"action": action}]}
        for intent, action in (*pairs, ("nlu_fallback", "utter_unklar"))
    ]


def _stories(knowledge: Knowledge) -> list[dict[str, Any]]:
    """Return a story for each group: greeting, two questions about it, thanks."""
    stories = []
    for group in knowledge.groups:
        asked = [entry.id for entry in knowledge.select(group)][:2]
        steps: list[dict[str, str]] = []
        for intent in ("gruss", *asked, "dank"):
            steps += [{"intent": intent}, {"action": _action(knowledge, intent)}]
        stories.append({"story": group, "steps": steps})
    return stories


def _action(knowledge: Knowledge, intent: str) -> str:
    return "action_antworten" if intent in knowledge else f"utter_{intent}"


def _write_answers(file: Path, knowledge: Knowledge) -> None:
    """Write what is said about each entry: the same texts and choices as ours."""
    context = Context(knowledge, lambda *_: [], get_texts())
    answers = {
        entry.id: _answer(compose.answer(entry, context, related=entry.siehe_auch))
        for entry in knowledge.values()
    }
    file.write_text(json.dumps(answers, ensure_ascii=False), encoding="utf-8")


def _answer(reply: Reply) -> dict[str, Any]:
    buttons = [{"title": choice.title, "payload": choice.title} for choice in reply.choices]
    return {"text": render_text(reply.parts), "buttons": buttons}
