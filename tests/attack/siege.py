"""Many attackers at once, each sending one nasty request after the other until the time is up.

Used for seconds against the scripted assistant and for minutes against the real one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit
from uuid import UUID

from tests.attack import corpus
from tests.attack.test_protocol import BAD, IN_PIECES

PATIENCE = 60.0
"""Seconds after which an answer counts as never coming; the server gives up earlier."""
REFUSED = "busy"
"""Rocket.Chat is told to try again later by a 503 with this error, as it should be."""


@dataclass
class Report:
    """What a siege came to."""

    answers: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)
    busy: int = 0

    @property
    def total(self) -> int:
        return sum(self.answers.values())

    def __str__(self) -> str:
        by_status: Counter[int | None] = Counter()
        for (_, status), count in self.answers.items():
            by_status[status] += count
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(by_status.items(), key=str))
        return f"{self.total} requests ({statuses}), slowest {self.slowest:.2f} s, busy {self.busy}"


@dataclass(frozen=True)
class Answer:
    status: int | None
    body: bytes

    @property
    def json(self) -> dict:
        data = json.loads(self.body)
        return data if isinstance(data, dict) else {}


class Attacker:
    """One of many; has a conversation of its own in the web channel."""

    def __init__(self, url: str, random: Random, report: Report, webhook_token: str = "") -> None:
        self._parts = urlsplit(url)
        self._random = random
        self._report = report
        self._webhook_token = webhook_token
        self._token = ""
        self._choices: list[str] = []
        self._plans: list[str] = []

    async def attack(self) -> None:
        """Send one request of some kind."""
        kinds: list[Callable] = [
            *[self.rest, self.web] * 6,
            self.rest_body, self.web_body, self.feedback, self.path, self.wire, self.plan,
            self.rocketchat, self.rocketchat, self.forget,
        ]  # fmt: skip
        await self._random.choice(kinds)()

    async def rest(self) -> None:
        sender = f"{corpus.MARKER}-{self._random.randrange(30)}"
        body = {"sender": sender, "message": corpus.message(self._random)}
        answer = await self.send("POST", "/webhooks/rest/webhook", json.dumps(body).encode())
        if answer.status == 200:
            outcomes = [part for part in json.loads(answer.body) if "custom" in part]
            self.expect(len(outcomes) == 1, "rest", f"{len(outcomes)} outcomes")

    async def rest_body(self) -> None:
        body = corpus.body(self._random)
        await self.send("POST", "/webhooks/rest/webhook", body, self.nasty())

    async def web(self) -> None:
        if not self._token:
            answer = await self.send("POST", "/api/v1/conversations", b"")
            self._token = answer.json.get("token", "") if answer.status == 201 else ""
        body = {"id": UUID(int=self._random.getrandbits(128)).hex}
        if self._choices and self._random.random() < 0.5:
            body["choice"] = self._random.choice(self._choices)
        else:
            body["text"] = corpus.message(self._random)[:1000]
        answer = await self.send(
            "POST", "/api/v1/messages", json.dumps(body).encode(), self.ticket()
        )
        if answer.status == 200:
            self._choices = [choice["id"] for choice in answer.json["choices"]]
            self._plans += [p["path"] for p in answer.json["parts"] if p["type"] == "link"]
            self._plans = self._plans[-5:]

    async def web_body(self) -> None:
        body = corpus.body(self._random)
        headers = {**self.ticket(), **self.nasty()}
        await self.send(
            "POST", f"/api/v1/{self._random.choice(('messages', 'feedback'))}", body, headers
        )

    async def feedback(self) -> None:
        reason = corpus.message(self._random)[: self._random.choice((10, 500, 501))]
        body = {
            "entry": self._random.choice(("grundlagen-1", corpus.MARKER)),
            "helpful": True,
            "reason": reason,
        }
        await self.send("POST", "/api/v1/feedback", json.dumps(body).encode(), self.ticket())

    async def forget(self) -> None:
        await self.send("DELETE", "/api/v1/conversation", b"", self.ticket())
        self._token, self._choices = "", []

    async def path(self) -> None:
        path = self._random.choice(corpus.PATHS)
        method = self._random.choice(
            ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
        )
        await self.send(method, path.decode("latin-1"), b"", self.nasty())

    async def plan(self) -> None:
        path = self._random.choice(self._plans) if self._plans else "/plan/a.b.c"
        at = self._random.randrange(len(path) + 1)
        changed = (
            path[:at] + self._random.choice(("", "A", ".", "%00", "a" * 3000)) + path[at + 1 :]
        )
        suffix = self._random.choice(("", ".md", ".ics", ".exe"))
        await self.send("GET", "/" + self._random.choice((path, changed)).lstrip("/") + suffix)

    async def rocketchat(self) -> None:
        if not self._webhook_token:
            return
        body = {
            "token": self._random.choice((self._webhook_token, self._webhook_token, corpus.message(self._random))),
            "message_id": f"{corpus.MARKER}{self._random.getrandbits(64)}",
            "channel_id": f"raum{self._random.randrange(50)}",
            "user_id": f"mensch{self._random.randrange(50)}",
            "text": corpus.message(self._random),
            "siteUrl": "http://127.0.0.1:9/ssrf",
        }  # fmt: skip
        if self._random.random() < 0.5:
            body[self._random.choice([*body, "channel_name", "tmid", "bot", "isEdited"])] = (
                corpus.value(self._random)
            )
        answer = await self.send("POST", "/webhooks/rocketchat/webhook", json.dumps(body).encode())
        self.expect(
            answer.status not in (410,) and answer.body != b"", "rocketchat", "an empty receipt"
        )

    async def wire(self) -> None:
        await self.exchange("wire", self._random.choice([*BAD.values(), *IN_PIECES.values()]))

    # --- tools ------------------------------------------------------------------------------------

    def ticket(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def nasty(self) -> dict[str, str]:
        return dict(self._random.choice(corpus.HEADERS)) if self._random.random() < 0.5 else {}

    async def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        given = {
            "Host": "lotse",
            "Content-Type": "application/json",
            "Connection": "close",
            **(headers or {}),
        }
        if body or method == "POST":
            given["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        head = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace")
        kind = f"{method} {path.split('?')[0][:40]}"
        return await self.exchange(kind, head + body)

    async def exchange(self, kind: str, request: bytes) -> Answer:
        start = time.monotonic()
        try:
            got = await asyncio.wait_for(self._on_the_wire(request), PATIENCE)
        except asyncio.TimeoutError:
            self.expect(False, kind, f"no answer to {request[:300]!r}")
            return Answer(None, b"")
        self._report.slowest = max(self._report.slowest, time.monotonic() - start)
        head, _, body = got.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 100"):
            head, _, body = body.partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        answer = Answer(int(words[1]) if len(words) > 1 else None, body)
        self._report.answers[kind, answer.status] += 1
        if answer.status == 503 and answer.json.get("error") == REFUSED:
            self._report.busy += 1
        else:
            error = answer.status is not None and answer.status >= 500
            self.expect(not error, kind, f"{answer.status} to {request[:300]!r}…{request[-200:]!r}")
        return answer

    async def _on_the_wire(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read(-1)
        except (ConnectionResetError, BrokenPipeError):
            return b""  # refused before it was sent whole
        finally:
            writer.close()

    def expect(self, good: bool, kind: str, what: str) -> None:
        if not good and len(self._report.faults) < 20:
            self._report.faults.append(f"{kind}: {what}")


async def siege(
    url: str, seconds: float, *, seed: int, attackers: int = 4, webhook_token: str = ""
) -> Report:
    """Attack a server for so long; return what it came to."""
    report, end = Report(), time.monotonic() + seconds

    async def work(number: int) -> None:
        attacker = Attacker(url, Random(seed * 1000 + number), report, webhook_token)
        while time.monotonic() < end:
            await attacker.attack()

    await asyncio.gather(*map(work, range(attackers)))
    return report
