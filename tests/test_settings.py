"""What is configured and declared is also documented, implemented, and the other way round."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from bot.settings import Settings, get_settings


def test_every_setting_is_documented_with_its_meaning(project: Path) -> None:
    page = (project / "docs" / "betrieb.md").read_text(encoding="utf-8")
    for name, field in Settings.__fields__.items():
        assert f"`LOTSE_{name.upper()}`" in page, name
        assert field.field_info.description, name
        assert field.field_info.description in page, f"{name}: Beschreibung weicht ab"


def test_no_setting_is_documented_that_does_not_exist(project: Path) -> None:
    import re

    names = {f"LOTSE_{name.upper()}" for name in Settings.__fields__} | {"LOTSE_PYTHON"}
    for file in (project / "docs").rglob("*.md"):
        for name in re.findall(r"\bLOTSE_[A-Z_]+[A-Z]\b", file.read_text(encoding="utf-8")):
            assert name in names, f"{file.name}: {name}"


def test_settings_come_from_the_environment(set_environment: Callable[..., None]) -> None:
    set_environment(port=8080, embeddings="false", knowledge_dir="data/anderswo")
    settings = get_settings()
    assert settings.port == 8080
    assert settings.embeddings is False
    assert settings.knowledge_dir.is_absolute()


def test_invalid_settings_are_all_named_at_once(set_environment: Callable[..., None]) -> None:
    set_environment(port="viele", message_limit=5, german_model="englisch")
    with pytest.raises(ValidationError) as caught:
        get_settings()
    assert {e["loc"][0] for e in caught.value.errors()} == {"port", "message_limit", "german_model"}


def test_the_database_is_sqlite_in_the_state_directory_unless_told_otherwise(
    set_environment: Callable[..., None], tmp_path: Path
) -> None:
    set_environment(state_dir=tmp_path)
    assert get_settings().database == f"sqlite:///{tmp_path / 'unterhaltungen.db'}"
    set_environment(database_url="postgresql://db/lotse")
    assert get_settings().database == "postgresql://db/lotse"


def nlu_intents(project: Path) -> set[str]:
    return {
        item["intent"].split("/")[0]
        for file in (project / "data" / "nlu").glob("*.yml")
        for item in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
        if "intent" in item
    }


def rules(project: Path) -> list[dict[str, Any]]:
    return [
        rule
        for file in (project / "data" / "rules").glob("*.yml")
        for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]
    ]


def test_every_intent_has_examples(project: Path, domain: dict[str, Any]) -> None:
    # the examples of „anliegen“ are the questions of the knowledge base
    assert nlu_intents(project) | {"anliegen"} == set(domain["intents"])


def test_every_intent_has_exactly_one_rule(project: Path, domain: dict[str, Any]) -> None:
    intents = [rule["steps"][0]["intent"] for rule in rules(project)]
    assert sorted(intents) == sorted(domain["intents"])


def test_every_rule_leads_to_an_action_of_the_domain_and_every_action_is_used(
    project: Path, domain: dict[str, Any]
) -> None:
    used = {rule["steps"][1]["action"] for rule in rules(project)}
    assert used | {"action_default_fallback"} == set(domain["actions"])


def test_responses_are_one_clean_paragraph_each(domain: dict[str, Any]) -> None:
    for name, variants in domain["responses"].items():
        (variant,) = variants
        assert "\n" not in variant["text"].strip(), name
        assert '"' not in variant["text"], name


def test_telemetry_is_off_however_the_assistant_is_started(project: Path) -> None:
    code = "import bot, rasa.telemetry as t; print(t.is_telemetry_enabled())"
    environment = {k: v for k, v in os.environ.items() if k != "RASA_TELEMETRY_ENABLED"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
    assert "RASA_TELEMETRY_ENABLED := false" in (project / "Makefile").read_text()
