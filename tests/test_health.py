"""Health, readiness and metrics, over real HTTP with a scripted assistant."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from bot import server
from bot.health import Readiness, StoreCheck
from bot.metrics import LogCounter
from bot.storage.problems import StoreProblem
from tests import scripted

GONE = OperationalError("select 1", {}, Exception("unable to open database file"))


@pytest.fixture
def running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, scripted.ScriptedAgent]]:
    monkeypatch.setattr(server, "get_live_knowledge", scripted.live_knowledge)
    with scripted.serving(tmp_path) as (url, agent):
        yield url, agent


def get(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def say(url: str, text: str, sender: str = "anna-geheim") -> None:
    body = json.dumps({"sender": sender, "message": text}).encode()
    request = urllib.request.Request(
        f"{url}/webhooks/rest/webhook", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=20).close()


def samples(url: str) -> dict[tuple[str, ...], float]:
    """Return (name, label values …) -> value."""
    status, text = get(f"{url}/metrics")
    assert status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_live_and_ready_server_says_so(running: Any) -> None:
    url, _ = running
    assert get(f"{url}/health/live") == (200, '{"status":"live"}')
    status, body = get(f"{url}/health/ready")
    assert status == 200
    parts = json.loads(body)["parts"]
    assert {name: part["status"] for name, part in parts.items()} == dict.fromkeys(
        ("model", "knowledge", "store", "channels"), "ok"
    )


def test_without_its_database_the_server_lives_but_is_not_ready_and_says_why(running: Any) -> None:
    url, agent = running
    agent.store.failing = GONE
    status, body = get(f"{url}/health/ready")
    assert status == 503
    store = json.loads(body)["parts"]["store"]
    assert store == {"status": "failed", "reason": StoreProblem.MISSING.remedy}
    assert get(f"{url}/health/live")[0] == 200
    assert get(f"{url}/health")[0] == 200  # as before: the model is loaded


def test_a_server_without_its_model_is_not_ready(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, agent = running
    monkeypatch.setattr(agent, "is_ready", lambda: False)
    status, body = get(f"{url}/health/ready")
    assert status == 503
    assert json.loads(body)["parts"]["model"]["status"] == "failed"
    assert get(f"{url}/health")[0] == 503


def test_a_server_without_its_redis_goes_on_and_says_so() -> None:
    async def ping() -> None: ...

    async def look(state: str) -> tuple[str, str | None]:
        readiness = Readiness(
            lambda: True,
            scripted.live_knowledge,
            StoreCheck(ping),
            dict,
            lambda: {"status": state},
        )
        part = (await readiness.parts())["redis"]
        return part.status, part.reason

    assert asyncio.run(look("ok")) == ("ok", None)
    assert asyncio.run(look("degraded")) == ("degraded", "Redis ist nicht erreichbar.")


def test_a_slow_database_is_found_out_in_time_and_asked_once_however_many_ask() -> None:
    async def look() -> tuple[list[StoreProblem | None], int, float]:
        asked, go_on = 0, asyncio.Event()

        async def ping() -> None:
            nonlocal asked
            asked += 1
            await go_on.wait()

        check = StoreCheck(ping, patience=0.05)
        started = time.monotonic()
        found = await asyncio.gather(*(check.look() for _ in range(20)))
        took = time.monotonic() - started
        go_on.set()
        while await check.look():
            await asyncio.sleep(0)
        return found, asked, took

    found, asked, took = asyncio.run(look())
    assert set(found) == {StoreProblem.SLOW}
    assert asked == 1
    assert took < 5


def test_messages_outcomes_and_times_are_counted_by_channel(running: Any) -> None:
    url, _ = running
    before = samples(url)
    say(url, "Empfehlungen für die Wirtschaft")
    say(url, "kaputt")
    say(url, "")
    after = samples(url)

    def more(*key: str) -> float:
        return after[key] - before.get(key, 0)

    assert more("lotse_messages_total", "rest") == 3
    assert more("lotse_outcomes_total", "rest", "overview") == 1
    assert more("lotse_outcomes_total", "rest", "no_answer") == 1
    assert more("lotse_outcomes_total", "rest", "dialog") == 1
    assert more("lotse_failed_turns_total", "rest") == 1
    assert more("lotse_answer_seconds_count", "rest") == 3
    assert more("lotse_http_responses_total", "2xx") >= 3
    assert after["lotse_knowledge_entries",] == 54
    assert after["lotse_ready", "store"] == 1


def test_metrics_hold_nothing_of_persons_and_their_number_does_not_grow(running: Any) -> None:
    url, _ = running
    say(url, "Ich heiße Erika Mustermann")
    first = samples(url)
    for number in range(5):
        say(url, f"Frage {number}", sender=f"mensch-{number}")
        get(f"{url}/gibt-es-nicht-{number}")
    again = samples(url)
    assert {key for key in again if key[0].startswith("lotse")} == {
        key for key in first if key[0].startswith("lotse")
    } | {("lotse_http_responses_total", "4xx"), ("lotse_http_responses_created", "4xx")}
    text = get(f"{url}/metrics")[1]
    assert "Mustermann" not in text
    assert "mensch-" not in text
    assert "gibt-es-nicht" not in text


def test_metrics_are_for_this_machine_or_for_whoever_has_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "get_live_knowledge", scripted.live_knowledge)
    through_proxy = {"X-Forwarded-For": "192.0.2.7"}
    with scripted.serving(tmp_path / "a") as (url, _):
        assert get(f"{url}/metrics")[0] == 200
        assert get(f"{url}/metrics", **through_proxy)[0] == 403
        assert get(f"{url}/metrics", Authorization="Bearer ", **through_proxy)[0] == 403
    with scripted.serving(tmp_path / "b", metrics_token="t" * 32) as (url, _):
        bearer = {"Authorization": f"Bearer {'t' * 32}"}
        assert get(f"{url}/metrics", **through_proxy, **bearer)[0] == 200
        assert get(f"{url}/metrics", Authorization="Bearer falsch", **through_proxy)[0] == 403
    with scripted.serving(tmp_path / "c", metrics=False) as (url, _):
        assert get(f"{url}/metrics")[0] == 404


def test_warnings_and_errors_in_the_log_are_counted(running: Any) -> None:
    url, _ = running
    before = samples(url)
    log = logging.Logger("probe")
    log.addHandler(LogCounter())
    log.info("nichts")
    log.warning("etwas")
    log.error("viel")
    after = samples(url)
    for level in ("warning", "error"):
        key = ("lotse_log_messages_total", level)
        assert after[key] - before[key] == 1


def test_what_the_database_can_not_do_is_503_with_a_time_to_try_again(
    running: Any, caplog: pytest.LogCaptureFixture
) -> None:
    url, agent = running
    opened = json.loads(post(f"{url}/api/v1/conversations")[1])
    agent.store.failing = GONE
    request = urllib.request.Request(
        f"{url}/api/v1/conversation",
        method="DELETE",
        headers={"Authorization": f"Bearer {opened['token']}"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)
    assert caught.value.code == 503
    assert caught.value.headers["Retry-After"]
    assert json.load(caught.value)["code"] == "storage"


def post(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(urllib.request.Request(url, b""), timeout=20) as reply:
        return reply.status, reply.read().decode()
