"""The files in ``deploy/`` agree with the assistant and with each other.

nginx runs with its file in ``tests/services``. Docker is not available where these tests run:
the images are built and started by nobody but their users.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings

NAMES = {f"LOTSE_{name.upper()}" for name in Settings.__fields__}


@pytest.fixture
def deploy(project: Path) -> Path:
    return project / "deploy"


@pytest.fixture
def compose(deploy: Path) -> dict[str, Any]:
    return yaml.safe_load((deploy / "compose.yml").read_text())


def test_every_setting_in_the_files_exists(deploy: Path) -> None:
    for file in deploy.rglob("*"):
        if file.is_file():
            for name in re.findall(r"\bLOTSE_[A-Z_]*[A-Z]\b", file.read_text()):
                assert name in NAMES, f"{file.name}: {name}"


def test_the_example_of_the_settings_is_accepted_once_it_is_filled_in(
    deploy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (deploy / "lotse.env.beispiel").read_text().splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    assert Settings().redis_url.get_secret_value() == "redis://redis:6379/0"


def test_every_service_is_checked_bounded_and_without_rights(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["mem_limit"], name
        assert service["restart"], name
        assert "healthcheck" in service or name.startswith("lotse"), name
        assert ("ports" in service) == (name == "nginx"), name


def test_the_proxy_knows_exactly_the_processes_of_the_compose_file(
    deploy: Path, compose: dict[str, Any]
) -> None:
    upstream = (deploy / "nginx" / "upstream.compose.conf").read_text()
    processes = {name for name in compose["services"] if name.startswith("lotse")}
    assert set(re.findall(r"server (\w+):5005", upstream)) == processes
    normal = (deploy / "nginx" / "upstream.conf").read_text().splitlines()[1:]
    named = [re.sub(r"127\.0\.0\.1:500(\d)", _named, line) for line in normal]
    assert upstream.splitlines()[1:] == named


def _named(match: re.Match[str]) -> str:
    return f"lotse{int(match[1]) - 4}:5005"


def test_the_image_installs_by_hash_and_runs_without_rights(deploy: Path) -> None:
    text = (deploy / "Dockerfile").read_text()
    assert "--require-hashes" in text
    assert re.search(r"^USER 10001$", text, re.M)
    assert "/health/ready" in text


def test_the_unit_is_one_that_systemd_accepts(deploy: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    unit = tmp_path / "engagement-lotse@5005.service"
    text = (deploy / "engagement-lotse@.service").read_text()
    unit.write_text(text.replace("/opt/engagement-lotse/.venv/bin/python", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert not complaints
