"""Rasa's own commands work in the same checkout."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def tools() -> ModuleType:
    """The helpers of ``conftest.py`` beside this file."""
    spec = importlib.util.spec_from_file_location(
        "rasa_tools", Path(__file__).with_name("conftest.py")
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_rasa_data_validate_has_nothing_to_say_against_it(tools: ModuleType) -> None:
    done = tools.python("-W", "ignore::DeprecationWarning", "-m", "rasa", "data", "validate")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    about_ours = [
        line
        for line in said.splitlines()
        if re.search(r"\b(WARNING|ERROR|UserWarning)\b", line) and "Slot auto-fill" not in line
    ]
    assert about_ours == []


def test_rasa_run_with_an_action_server_answers_on_the_rest_channel(
    tools: ModuleType, model: None, tmp_path: Path, knowledge: Any, project: Path
) -> None:
    actions_port, port = tools.unused_port(), tools.unused_port()
    endpoints = yaml.safe_load((project / "endpoints.yml").read_text(encoding="utf-8"))
    endpoints["action_endpoint"]["url"] = f"http://127.0.0.1:{actions_port}/webhook"
    file = tmp_path / "endpoints.yml"
    file.write_text(yaml.safe_dump(endpoints), encoding="utf-8")
    database = {"LOTSE_DATABASE_URL": f"sqlite:///{tmp_path / 'unterhaltungen.db'}"}

    action_server = ["-m", "rasa", "run", "actions", "--port", str(actions_port)]
    ready = f"http://127.0.0.1:{actions_port}/health"
    with tools.running(action_server, ready, tmp_path / "actions.log"):
        reply = tools.post(
            f"http://127.0.0.1:{actions_port}/webhook",
            {
                "next_action": "action_gespraech",
                "sender_id": "anna",
                "tracker": {
                    "sender_id": "anna",
                    "slots": {},
                    "latest_message": {"text": "Danke", "intent": {"name": "dank"}},
                    "events": [],
                },
                "domain": {},
            },
        )
        said = reply["responses"]
        assert [r["custom"]["answer"]["topic"] for r in said if r["custom"]] == ["dank"]
        assert said[0]["text"]

        rasa = [
            "-m", "rasa", "run", "--interface", "127.0.0.1", "--port", str(port),
            "--endpoints", str(file), "--credentials", "credentials.yml",
        ]  # fmt: skip
        ready = f"http://127.0.0.1:{port}/webhooks/rest/"
        with tools.running(rasa, ready, tmp_path / "rasa.log", **database):
            talk = tools.Lotse(f"http://127.0.0.1:{port}").conversation()
            outcome = talk.say("Was bedeutet Hebammenfunktion?")
            assert outcome["entries"][0] == "grundlagen-3"
            assert knowledge["grundlagen-3"].kurz in talk.text
            assert talk.say("Einfacher bitte")["topic"] == "einfacher"


def test_rasa_test_measures_the_understanding(
    tools: ModuleType, model: None, tmp_path: Path
) -> None:
    data = tmp_path / "nlu.yml"
    data.write_text(
        'version: "3.1"\nnlu:\n- intent: gruss\n  examples: |\n    - Hallo zusammen\n'
        "- intent: dank\n  examples: |\n    - Danke schön\n",
        encoding="utf-8",
    )
    report = tmp_path / "ergebnis"
    command = ["-m", "rasa", "test", "nlu", "--nlu", str(data), "--out", str(report), "--no-plot"]
    done = tools.python(*command)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert (report / "intent_report.json").is_file()
