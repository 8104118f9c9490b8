"""Set-up: runs on any Python 3, says what is missing, refuses what it can't trust."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def setup(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, in an empty place, where nothing is really installed."""
    spec = importlib.util.spec_from_file_location("setup_script", project / "scripts" / "setup.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    lock = tmp_path / "requirements.lock"
    lock.write_text("rasa==3.6.21\n")
    checksum = tmp_path / "de_core_news_sm.sha256"
    for name, value in {
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "LOCK": lock,
        "DONE": venv / "installed.sha256",
        "MODEL_TRIED": venv / "german_model",
        "MODEL_CHECKSUM": checksum,
    }.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.delenv("LOTSE_PYTHON", raising=False)
    return module


@pytest.fixture
def calls(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been installed."""
    made: list[Any] = []
    monkeypatch.setattr(setup.subprocess, "check_call", made.append)
    return made


@pytest.fixture
def wheel(setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel of the German model that can be „downloaded“."""
    file = tmp_path / "modell.whl"
    file.write_bytes(b"ein Modell")
    monkeypatch.setattr(setup, "MODEL_URL", file.as_uri())
    return file


@pytest.mark.parametrize("version", [(3, 8), (3, 9), (3, 10)])
def test_the_script_is_valid_on_older_pythons(project: Path, version: tuple[int, int]) -> None:
    source = (project / "scripts" / "setup.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=version)


def test_the_script_needs_only_the_standard_library(project: Path) -> None:
    tree = ast.parse((project / "scripts" / "setup.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).split(".")[0] in sys.stdlib_module_names


def test_python_310_is_recognised(setup: ModuleType) -> None:
    assert setup.is_python_310(sys.executable)
    assert not setup.is_python_310("/gibt/es/nicht")
    assert not setup.is_python_310("")
    assert not setup.is_python_310("false")


def test_the_python_that_is_named_is_taken(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOTSE_PYTHON", sys.executable)
    assert setup.find_python() == sys.executable


def test_the_first_python_310_is_taken(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "is_python_310", lambda command: command == "python3")
    assert setup.find_python() == "python3"


def test_versions_of_pyenv_are_found(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "versions" / "3.10.13" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert setup.pyenv_pythons() == [str(python)]


@pytest.mark.parametrize("named", [None, "/gibt/es/nicht"])
def test_without_python_310_the_remedy_is_named_and_nothing_is_done(
    setup: ModuleType,
    calls: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    named: str | None,
) -> None:
    if named:
        monkeypatch.setenv("LOTSE_PYTHON", named)
    monkeypatch.setattr(setup, "is_python_310", lambda _: False)
    monkeypatch.setattr(setup.shutil, "which", lambda _: None)
    assert setup.main() == 1
    said = capsys.readouterr().out
    assert "Python 3.10 fehlt" in said
    assert "LOTSE_PYTHON" in said
    assert calls == []


def test_everything_is_installed_by_hash(
    setup: ModuleType, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "find_python", lambda: "python3.10")

    def make(command: list[str]) -> None:
        calls.append(command)
        setup.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        setup.PYTHON.touch()

    monkeypatch.setattr(setup.subprocess, "check_call", make)
    monkeypatch.setattr(setup, "install_german_model", lambda: "ersatz")
    assert setup.main() == 0
    assert calls[0] == ["python3.10", "-m", "venv", str(setup.VENV)]
    assert "--require-hashes" in calls[1]
    assert setup.DONE.read_text() == hashlib.sha256(setup.LOCK.read_bytes()).hexdigest()

    calls.clear()
    assert setup.main() == 0
    assert calls == [], "what is done is not done again"

    setup.LOCK.write_text("rasa==3.6.22\n")
    assert setup.main() == 0
    assert len(calls) == 2, "a changed lock file is installed"


def test_an_installation_that_breaks_off_is_not_taken_for_done(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "find_python", lambda: "python3.10")

    def broken(command: list[str]) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(setup.subprocess, "check_call", broken)
    with pytest.raises(subprocess.CalledProcessError):
        setup.main()
    assert not setup.DONE.exists()


def test_a_wheel_with_the_right_checksum_is_installed(
    setup: ModuleType, calls: list[Any], wheel: Path
) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    setup.MODEL_CHECKSUM.write_text(f"{digest}  {setup.MODEL_WHEEL}\n")
    assert setup.install_german_model() == setup.MODEL
    (command,) = calls
    assert command[-1].endswith(setup.MODEL_WHEEL)


def test_a_wheel_with_another_checksum_is_refused(
    setup: ModuleType, calls: list[Any], wheel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup.MODEL_CHECKSUM.write_text(f"{'0' * 64}  {setup.MODEL_WHEEL}\n")
    assert setup.install_german_model() == "ersatz"
    assert calls == []
    assert "NICHT installiert" in capsys.readouterr().out


def test_without_a_way_to_github_the_embedded_pipeline_is_used_and_that_is_said(
    setup: ModuleType,
    calls: list[Any],
    wheel: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wheel.unlink()
    assert setup.install_german_model() == "ersatz"
    assert calls == []
    assert "eingebaute Pipeline" in capsys.readouterr().out
