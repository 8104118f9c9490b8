"""What Prometheus reads under ``/metrics``: counts and times, never who said what.

Every label has a closed set of values, so neither a person nor a message can show up in one, and
the number of series is bounded.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse

from bot import __version__
from bot.answer import FAILED, STATUSES, Outcome
from bot.health import Part, Readiness
from bot.http import Problem, is_local
from bot.settings import Settings

CHANNELS = ("web", "rest", "rocketchat")
"""Any other channel is counted as ``other``."""
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

MESSAGES = Counter("lotse_messages", "Nachrichten, die angenommen wurden", ["channel"])
OUTCOMES = Counter("lotse_outcomes", "Ergebnisse der Nachrichten", ["channel", "status"])
FAILED_TURNS = Counter("lotse_failed_turns", "Nachrichten, deren Antwort misslang", ["channel"])
SECONDS = Histogram(
    "lotse_answer_seconds",
    "Zeit von der Annahme einer Nachricht bis zur Antwort",
    ["channel"],
    buckets=_BUCKETS,
)
LOGGED = Counter("lotse_log_messages", "Warnungen und Fehler im Protokoll", ["level"])
RESPONSES = Counter("lotse_http_responses", "Antworten des Servers nach Statusklasse", ["status"])

for _channel in CHANNELS:  # a series that is there from the start shows its first increase
    MESSAGES.labels(_channel)
    FAILED_TURNS.labels(_channel)
    for _status in STATUSES:
        OUTCOMES.labels(_channel, _status)
for _level in ("warning", "error"):
    LOGGED.labels(_level)


class Turn:
    """One message on its way; :attr:`outcome` stays empty when it was refused."""

    outcome: Outcome | None = None


@contextmanager
def count_turn(channel: str) -> Iterator[Turn]:
    """Count a message, how long its answer takes, and what comes out."""
    name = channel if channel in CHANNELS else "other"
    MESSAGES.labels(name).inc()
    turn, started = Turn(), perf_counter()
    try:
        yield turn
    finally:
        SECONDS.labels(name).observe(perf_counter() - started)
        if turn.outcome is not None:
            OUTCOMES.labels(name, turn.outcome.status).inc()
            if turn.outcome.topic == FAILED:
                FAILED_TURNS.labels(name).inc()


class LogCounter(logging.Handler):
    """Counts warnings and errors: whatever an administrator should look into is in the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record; its text is not looked at."""
        LOGGED.labels("error" if record.levelno >= logging.ERROR else "warning").inc()


class States(Collector):
    """What is true at the moment of reading: the parts of the server say it themselves."""

    def __init__(
        self,
        knowledge: Callable[[], Any],
        channels: Callable[[], Mapping[str, Mapping[str, Any]]],
        readiness: Readiness,
    ) -> None:
        """Set up.

        Args:
            knowledge: returns the live knowledge base.
            channels: returns the state of each channel that has one, as in ``/health``.
            readiness: looks at all parts.
        """
        self._knowledge = knowledge
        self._channels = channels
        self._readiness = readiness
        self._parts: Mapping[str, Part] = {}

    async def look(self) -> None:
        """Look at the parts whose state takes a while to find out."""
        self._parts = await self._readiness.parts()

    def collect(self) -> Iterable[Metric]:
        """Return the metrics."""
        version = GaugeMetricFamily("lotse_info", "Version des Lotsen", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
        live = self._knowledge()
        yield GaugeMetricFamily(
            "lotse_knowledge_entries", "Einträge der Wissensbasis", len(live.current.knowledge)
        )
        yield GaugeMetricFamily(
            "lotse_knowledge_problems",
            "Fehler in geänderten Wissensdateien, die noch nicht gelten",
            len(live.status.problems),
        )
        reloads = CounterMetricFamily(
            "lotse_knowledge_reloads", "Übernommene und abgelehnte Änderungen", labels=["result"]
        )
        reloads.add_metric(["taken"], live.taken)
        reloads.add_metric(["refused"], live.refused)
        yield reloads
        parts = GaugeMetricFamily("lotse_ready", "1: dieser Teil ist bereit", labels=["part"])
        for name, part in self._parts.items():
            parts.add_metric([name], float(part.status == "ok"))
        yield parts
        yield from self._of_channels()

    def _of_channels(self) -> Iterator[Metric]:
        pending = GaugeMetricFamily(
            "lotse_channel_pending", "Nachrichten in Arbeit", labels=["channel"]
        )
        posted = CounterMetricFamily(
            "lotse_channel_posted", "Zugestellte Antworten", labels=["channel"]
        )
        lost = CounterMetricFamily("lotse_channel_lost", "Verlorene Antworten", labels=["channel"])
        for name, state in self._channels().items():
            pending.add_metric([name], state["pending"])
            posted.add_metric([name], state["posted"])
            lost.add_metric([name], state["lost"])
        yield from (pending, posted, lost)


def add_metrics(app: Sanic, settings: Settings, states: States) -> None:
    """Serve ``/metrics`` to this machine, and elsewhere to whoever has the token."""
    if not settings.metrics:
        return
    registry = CollectorRegistry(auto_describe=False)
    registry.register(REGISTRY)
    registry.register(states)
    token = settings.metrics_token.get_secret_value().encode()

    @app.middleware("response")
    async def count(_: Request, answer: BaseHTTPResponse) -> None:
        RESPONSES.labels(f"{answer.status // 100}xx").inc()

    @app.get("/metrics")
    async def metrics(request: Request) -> HTTPResponse:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not is_local(request) and not (token and hmac.compare_digest(given, token)):
            detail = "from this machine only, or with LOTSE_METRICS_TOKEN as „Bearer“"
            raise Problem(403, "metrics", detail)
        await states.look()
        return response.raw(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
