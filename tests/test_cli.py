"""The command line: expected errors are one clear line, never a stack trace."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import cli
from bot.settings import Settings


@pytest.fixture(autouse=True)
def stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line changes the directory and the logging of its process; tests don't."""
    monkeypatch.setattr(cli.os, "chdir", lambda _: None)
    monkeypatch.setattr(cli, "configure_logging", lambda *_: None)


def test_a_correct_knowledge_base_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["knowledge", "check"]) == 0
    assert "54 Einträge" in capsys.readouterr().out


def test_mistakes_in_the_knowledge_base_are_counted_and_listed(
    project: Path,
    tmp_path: Path,
    set_environment: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "wissen"
    shutil.copytree(project / "data" / "knowledge", folder)
    file = folder / "politik.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("    titel:", "    titl:", 1), encoding="utf-8")
    set_environment(knowledge_dir=folder)
    assert cli.main(["knowledge", "check"]) == 1
    errors = capsys.readouterr().err
    assert "2 Fehler" in errors
    assert f"{file}:6 [politik-handlungslogik-1]" in errors
    assert "Traceback" not in errors


def test_a_knowledge_folder_that_does_not_exist_is_named(
    tmp_path: Path, set_environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(knowledge_dir=tmp_path / "fehlt")
    assert cli.main(["knowledge", "check"]) == 1
    assert "fehlt/gruppen.yml" in capsys.readouterr().err


def test_the_schema_is_written_beside_the_knowledge(
    project: Path,
    tmp_path: Path,
    set_environment: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_environment(knowledge_dir=tmp_path)
    assert cli.main(["knowledge", "schema"]) == 0
    written = (tmp_path / "schema.json").read_text(encoding="utf-8")
    assert written == (project / "data" / "knowledge" / "schema.json").read_text(encoding="utf-8")
    assert str(tmp_path) in capsys.readouterr().out


def test_a_port_that_is_taken_is_named_with_a_remedy_before_anything_is_trained(
    set_environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        set_environment(port=port)
        assert cli.main(["serve"]) == 1
    errors = capsys.readouterr().err
    assert f"Port {port}" in errors
    assert "LOTSE_PORT" in errors


def test_all_settings_are_listed_with_value_and_meaning(
    set_environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(port=8123)
    assert cli.main(["settings"]) == 0
    listed = capsys.readouterr().out
    assert "LOTSE_PORT=8123" in listed
    for name, field in Settings.__fields__.items():
        assert f"LOTSE_{name.upper()}=" in listed
        assert field.field_info.description in listed


def test_the_password_of_the_database_is_not_shown(
    set_environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(database_url="postgresql://lotse:streng-geheim@localhost/lotse")
    assert cli.main(["settings"]) == 0
    listed = capsys.readouterr().out
    assert "streng-geheim" not in listed
    assert "@localhost/lotse" in listed


def test_all_invalid_settings_are_named_at_once(
    set_environment: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(port="x", history_events=1)
    assert cli.main(["settings"]) == 2
    errors = capsys.readouterr().err
    assert "LOTSE_PORT" in errors
    assert "LOTSE_HISTORY_EVENTS" in errors


@pytest.mark.parametrize("content", [None, "- etwas: anderes\n", "kein: [yaml", "- 5\n"])
def test_a_question_set_that_is_missing_or_of_another_form_is_one_clear_line(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fragen.yml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert cli.main(["evaluate", str(file), "--url", "http://127.0.0.1:9"]) == 1
    errors = capsys.readouterr().err
    assert "fragen.yml" in errors
    assert "Traceback" not in errors


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["tanzen"])
    assert "tanzen" in capsys.readouterr().err
