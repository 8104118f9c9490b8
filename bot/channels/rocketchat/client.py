"""Talks to the REST API of Rocket.Chat: who am I, post this; whatever happens, at most once.

A post whose fate is unknown (a timeout, a broken connection, a 5xx) is first looked for in the room
before it is sent again: ``chat.postMessage`` knows no id by which it could tell a repetition.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from bot.channels.rocketchat.problems import Problem, of_rejection
from bot.shared.bounded import Bounded

logger = logging.getLogger(__name__)

_API = "/api/v1/"
_AT_ONCE = 20
"""So many calls run at the same time."""
_CLOCK_DIFFERENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Timing:
    """How patient the client is; all in seconds."""

    attempts: int = 7
    first_pause: float = 0.5
    """Doubled after each attempt: about 30 s in all."""
    longest_pause: float = 30.0
    request: float = 15.0
    after_timeout: float = 5.0
    """So long at least before another attempt, as the server may still be at the first one."""
    rate_limit: float = 600.0
    """So long a post waits in all for the rate limit."""
    watch_bad: float = 15.0
    watch_good: float = 300.0


@dataclass(frozen=True)
class Identity:
    """The account of the assistant."""

    user_id: str
    username: str
    roles: tuple[str, ...] = ()


class CallFailed(Exception):
    """One call did not succeed."""

    def __init__(
        self, problem: Problem, detail: str, *, unclear: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(f"{problem.code}: {detail}")
        self.problem = problem
        self.detail = detail
        self.unclear = unclear
        """Whether it may have had its effect all the same."""
        self.wait = wait
        """Seconds until the rate limit allows another call."""


class Client:
    """The REST client of one account; use it inside one event loop and close it."""

    def __init__(self, url: str, user_id: str, token: str, timing: Timing | None = None) -> None:
        self._base = url.rstrip("/") + _API
        self._headers = {"X-Auth-Token": token, "X-User-Id": user_id}
        self._timing = timing or Timing()
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._allowed_from = 0.0
        self._own_posts: Bounded[None] = Bounded(5000)
        self._identity: Identity | None = None
        self._known = asyncio.Event()
        self._checked = False
        self.problem: Problem | None = None
        self._since = datetime.now(timezone.utc)
        self.posted = 0

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def watch(self) -> None:
        """Ask again and again who the assistant is, so that ``/health`` knows before people do."""
        while True:
            try:
                await self.me()
            except CallFailed as failure:
                self._note(failure.problem)
            bad = self.problem is not None
            await asyncio.sleep(self._timing.watch_bad if bad else self._timing.watch_good)

    async def me(self) -> Identity:
        """Return the account of the token.

        Raises:
            CallFailed: it can't be told; the problem says why.
        """
        found = await self.call("GET", "me")
        self._identity = Identity(
            str(found.get("_id", "")),
            str(found.get("username", "")),
            tuple(found.get("roles") or ()),
        )
        self._known.set()
        self._checked = True
        if self.problem and self.problem.of_connection:
            self._note(None)
        return self._identity

    async def username(self, patience: float = 30.0) -> str | None:
        """Return the name of the account, or ``None`` when it can't be found out in time."""
        try:
            await asyncio.wait_for(self._known.wait(), patience)
        except asyncio.TimeoutError:
            return None
        return self._identity.username if self._identity else None

    async def post(
        self, body: Mapping[str, Any], *, room: str, thread: str | None, after: str | None
    ) -> None:
        """Post a message, once, however often that has to be tried.

        Args:
            body: ``text`` and perhaps ``attachments``.
            room: the id of the room.
            thread: the thread to post in, if any.
            after: when the message that is answered was sent (ISO 8601).

        Raises:
            CallFailed: it was not posted and further attempts are of no use.
        """
        message = {"roomId": room, **body, **({"tmid": thread} if thread else {})}
        after = after or (datetime.now(timezone.utc) - _CLOCK_DIFFERENCE).isoformat()
        attempt, limited, unclear = 0, 0.0, False
        while True:
            try:
                if unclear and await self._arrived(message, after):
                    break
                self._remember(await self.call("POST", "chat.postMessage", json=message))
                break
            except CallFailed as failure:
                self._note(failure.problem)
                unclear = unclear or failure.unclear
                if failure.wait is not None:
                    pause, limited = failure.wait, limited + failure.wait
                else:
                    attempt, pause = attempt + 1, self._pause(attempt)
                if failure.problem is Problem.TIMEOUT:
                    pause = max(pause, self._timing.after_timeout)
                out_of_patience = attempt >= self._timing.attempts
                if failure.problem.final or out_of_patience or limited > self._timing.rate_limit:
                    raise
                await asyncio.sleep(pause)
        self.posted += 1
        self._checked = True
        self._note(None)

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make one call and return the decoded response.

        Raises:
            CallFailed: anything but a success.
        """
        if (wait := self._allowed_from - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        # a request that waits for its turn must not run out of time, so the pool has no limit
        try:
            async with (
                self._turns,
                self._open().request(
                    method, self._base + path, json=json, params=params, allow_redirects=False
                ) as response,
            ):
                data = await _decoded(response)
                if response.status == 200 and data is not None and data.get("success"):
                    return data
                raise self._failed(response, data)
        except asyncio.TimeoutError:
            raise CallFailed(Problem.TIMEOUT, path, unclear=True) from None
        except aiohttp.ClientConnectorCertificateError as error:
            raise CallFailed(Problem.CERTIFICATE, str(error)) from None
        except aiohttp.ClientConnectorError as error:
            raise CallFailed(Problem.UNREACHABLE, str(error)) from None
        except aiohttp.InvalidURL as error:
            raise CallFailed(Problem.NOT_ROCKETCHAT, str(error)) from None
        except aiohttp.ClientError as error:
            raise CallFailed(Problem.UNREACHABLE, type(error).__name__, unclear=True) from None

    def health(self) -> dict[str, Any]:
        """Return the state for ``/health``."""
        problem = self.problem
        status = "degraded" if problem else "ok" if self._checked else "starting"
        return {
            "status": status,
            "problem": problem.code if problem else None,
            "remedy": problem.remedy if problem else None,
            "since": self._since.isoformat(timespec="seconds"),
            "posted": self.posted,
        }

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timing.request),
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _failed(self, response: aiohttp.ClientResponse, data: dict[str, Any] | None) -> CallFailed:
        detail = f"{response.method} {response.url.path}: {response.status}"
        if response.status == 429:
            wait = _until_reset(response)
            self._allowed_from = max(self._allowed_from, time.monotonic() + wait)
            return CallFailed(Problem.RATE_LIMITED, detail, wait=wait)
        if data is None and response.status < 500:  # a page, not the API
            return CallFailed(Problem.NOT_ROCKETCHAT, detail, unclear=response.status == 200)
        error = " ".join(str((data or {}).get(key, "")) for key in ("errorType", "error"))[:120]
        problem = of_rejection(response.status, error)
        return CallFailed(problem, f"{detail} {error}".strip(), unclear=response.status >= 500)

    async def _arrived(self, message: Mapping[str, Any], after: str) -> bool:
        """Whether a message is in its room, though sending it seemed to fail."""
        found = await self.call(
            "GET", "chat.syncMessages", params={"roomId": message["roomId"], "lastUpdate": after}
        )
        for seen in found.get("result", {}).get("updated", []):
            if (
                seen.get("u", {}).get("_id") == self._headers["X-User-Id"]
                and str(seen.get("msg", "")).strip() == message["text"].strip()
                and seen.get("tmid") == message.get("tmid")
                and seen.get("_id") not in self._own_posts
            ):
                self._own_posts[seen["_id"]] = None
                return True
        return False

    def _remember(self, response: Mapping[str, Any]) -> None:
        message_id = (response.get("message") or {}).get("_id")
        if message_id:
            self._own_posts[message_id] = None

    def _pause(self, attempt: int) -> float:
        pause = min(self._timing.first_pause * 2.0**attempt, self._timing.longest_pause)
        return pause * random.uniform(0.75, 1.25)  # noqa: S311  (spreads attempts, no secret)

    def _note(self, problem: Problem | None) -> None:
        """Keep the state for ``/health`` and log when it changes."""
        if problem is self.problem:
            return
        self.problem = problem
        self._since = datetime.now(timezone.utc)
        if problem:
            logger.warning("%s", problem.remedy)
        else:
            logger.info("Die Verbindung zu Rocket.Chat steht.")


async def _decoded(response: aiohttp.ClientResponse) -> dict[str, Any] | None:
    """Return the JSON object of a response, or ``None`` when it is something else."""
    try:
        data = await response.json(content_type=None)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _until_reset(response: aiohttp.ClientResponse) -> float:
    """Return the seconds until the rate limit is lifted, by the clock of the server."""
    try:
        reset = float(response.headers["X-RateLimit-Reset"]) / 1000  # epoch milliseconds
        now = parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return 5.0
    # „Date“ has whole seconds, so wait one more at most
    return min(max(reset - now, 0.1), 120.0)
