"""Plan links over real HTTP: the page, the files, and what a bad link gets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import icalendar
import pytest
import requests
from sanic import Sanic

from bot.channels.plan import plan_routes
from bot.dialogue.texts import get_texts
from bot.guide import link
from bot.knowledge import load_knowledge
from bot.settings import PROJECT

KEY = b"ein Schluessel nur fuer die Tests"
ANSWERS = {"ort": "dorf", "gruppe": "politik", "anliegen": "verankern"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The routes in a web server of their own, in a thread, on a free port."""
    knowledge = load_knowledge(PROJECT / "data" / "knowledge")
    app = Sanic("lotse_plan_test", register=False, configure_logging=False)
    app.blueprint(plan_routes(KEY, lambda: knowledge, get_texts))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> Any:
        running = await app.create_server("127.0.0.1", 0, return_asyncio_server=True)
        await running.startup()
        await running.start_serving()
        return running

    running = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    yield f"http://127.0.0.1:{running.server.sockets[0].getsockname()[1]}"

    async def stop() -> None:
        running.close()
        await running.wait_closed()

    asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


def token(days_ago: int = 0) -> str:
    now = datetime.now(timezone.utc) - timedelta(days=days_ago)
    return link.sign("einstieg", ANSWERS, KEY, 30, now)


def test_a_link_shows_the_plan_and_offers_both_files(url: str) -> None:
    reply = requests.get(f"{url}/plan/{token()}", timeout=30)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "Schritt 1 – Engagementförderung durch Beschlüsse verankern" in reply.text
    assert ".ics" in reply.text and ".md" in reply.text


def test_the_page_is_private_and_asks_nobody_else(url: str) -> None:
    headers = requests.get(f"{url}/plan/{token()}", timeout=30).headers
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["x-content-type-options"] == "nosniff"


def test_the_calendar_file_is_a_download_that_a_calendar_reads(url: str) -> None:
    reply = requests.get(f"{url}/plan/{token()}.ics", timeout=30)
    assert reply.headers["content-type"] == "text/calendar; charset=utf-8"
    assert 'filename="plan-engagement.ics"' in reply.headers["content-disposition"]
    assert len(icalendar.Calendar.from_ical(reply.content).walk("VEVENT")) == 3


def test_the_markdown_is_a_download(url: str) -> None:
    reply = requests.get(f"{url}/plan/{token()}.md", timeout=30)
    assert reply.headers["content-type"] == "text/markdown; charset=utf-8"
    assert reply.text.startswith("# Ihr Plan")


@pytest.mark.parametrize("suffix", ["", ".md", ".ics"])
def test_an_expired_link_gets_a_clear_page(suffix: str, url: str) -> None:
    reply = requests.get(f"{url}/plan/{token(31)}{suffix}", timeout=30)
    assert reply.status_code == 410
    assert "Dieser Plan ist abgelaufen" in reply.text
    assert "einen neuen Plan" in reply.text


@pytest.mark.parametrize(
    "name", ["x", "x.ics", "a.b.c.md", "%00", "%3Cscript%3E", "ä", "x" * 5_000]
)
def test_nonsense_gets_a_clear_page(name: str, url: str) -> None:
    reply = requests.get(f"{url}/plan/{name}", timeout=30)
    assert reply.status_code == 404
    assert "Diesen Plan gibt es nicht" in reply.text
    assert "<script>" not in reply.text


def test_a_tampered_link_gets_a_clear_page(url: str) -> None:
    head, body, sign = token().split(".")
    reply = requests.get(f"{url}/plan/{head}.{body[:-4]}AAAA.{sign}", timeout=30)
    assert reply.status_code == 404
    assert "verändert" in reply.text
