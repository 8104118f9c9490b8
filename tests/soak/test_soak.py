"""The real server under attack for a long time: ``make soak`` or ``make soak MINUTES=30``."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from bot.settings import PROJECT
from tests.attack import corpus
from tests.attack.siege import Report, siege
from tests.channels.rocketchat_rig import rocketchat_settings
from tests.channels.rocketchat_server import RocketChatServer

pytestmark = pytest.mark.soak

MINUTES = float(os.environ.get("LOTSE_SOAK_MINUTES", "10"))
START_PATIENCE = 1800
ROUNDS = 10
GROWTH = 0.05
"""The memory of the second half may be so much above that of the first, after warming up."""


def test_under_attack_nothing_breaks_hangs_grows_or_gets_into_the_log(
    tmp_path: Path, free_port, capsys: pytest.CaptureFixture[str]
) -> None:
    reports, memory, log = asyncio.run(attack(tmp_path, free_port()))
    with capsys.disabled():
        print()
        for report, used in zip(reports, memory):
            print(f"{report}; {used / 2**20:.0f} MB")
    assert [fault for report in reports for fault in report.faults] == []
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4000]
    assert corpus.MARKER not in log
    warm = memory[ROUNDS // 2 - 1]
    assert max(memory[ROUNDS // 2 :]) <= warm * (1 + GROWTH), memory


async def attack(folder: Path, port: int) -> tuple[list[Report], list[int], str]:
    """Start everything and attack; return reports and memory by rounds, and the log."""
    async with RocketChatServer() as rocketchat:
        settings = rocketchat_settings(rocketchat)
        for number in range(50):
            rocketchat.room(None, f"raum{number}")
        async with assistant(folder, port, settings) as (url, process):
            token = settings.rocketchat_webhook_token.get_secret_value()
            reports, memory = [], []
            for number in range(ROUNDS):
                seconds = MINUTES * 60 / ROUNDS
                report = await siege(url, seconds, seed=number, webhook_token=token)
                reports.append(report)
                memory.append(process.memory_info().rss)
                rocketchat.messages.clear()
                print(f"{report}; {memory[-1] / 2**20:.0f} MB", file=sys.__stderr__, flush=True)
    return reports, memory, (folder / "log").read_text(encoding="utf-8", errors="replace")


@asynccontextmanager
async def assistant(folder: Path, port: int, settings) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Run the real server; yield its address and process."""
    environment = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "LOTSE_PORT": str(port),
        "LOTSE_STATE_DIR": str(folder),
        "LOTSE_ROCKETCHAT_URL": settings.rocketchat_url,
        "LOTSE_ROCKETCHAT_USER_ID": settings.rocketchat_user_id,
        "LOTSE_ROCKETCHAT_TOKEN": settings.rocketchat_token.get_secret_value(),
        "LOTSE_ROCKETCHAT_WEBHOOK_TOKEN": settings.rocketchat_webhook_token.get_secret_value(),
        "LOTSE_RATE_ADDRESS": "10000000",
        "LOTSE_RATE_CONVERSATION": "1000000",
        "LOTSE_OPEN_CONVERSATIONS": "100000",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "bot", "serve"],
            cwd=PROJECT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        await ready(url, process, folder / "log")
        yield url, psutil.Process(process.pid)
    except ConnectionRefusedError:
        ended = f"the server ended with {process.wait(60)}"
        raise AssertionError(f"{ended}:\n{(folder / 'log').read_text()[-5000:]}") from None
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_PATIENCE
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                async with session.get(f"{url}/health") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.5)
    raise AssertionError("the server did not start in time")
