"""Someone who talks to the assistant through the proxy, as the widget does it."""

from __future__ import annotations

import asyncio
import ssl
import time
from types import TracebackType
from typing import Any
from uuid import uuid4

import aiohttp

_ANY_CERTIFICATE = ssl.create_default_context()
_ANY_CERTIFICATE.check_hostname = False
_ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE


class Person:
    """One conversation. What fails is sent again under the same id, until it is answered."""

    def __init__(self, url: str, number: int = 1) -> None:
        """Set up.

        Args:
            url: of the proxy.
            number: decides over the address that the person comes from.
        """
        self._url = url
        self._from = f"127.{1 + number // 60_000}.{number // 250 % 240}.{1 + number % 250}"
        self._session: aiohttp.ClientSession
        self.token = ""
        self.attempts = 0
        self.latencies: list[float] = []

    async def __aenter__(self) -> Person:
        connector = aiohttp.TCPConnector(ssl=_ANY_CERTIFICATE, local_addr=(self._from, 0))
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=60)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        await self._session.close()

    async def call(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._session.request(
            method, self._url + path, json=body, headers=headers
        ) as answer:
            json = "json" in answer.content_type
            return answer.status, await (answer.json(content_type=None) if json else answer.text())

    async def _until(self, status: int, method: str, path: str, body: dict[str, Any] | None) -> Any:
        end = time.monotonic() + 120
        problem: object = None
        while time.monotonic() < end:
            self.attempts += 1
            try:
                got, answer = await self.call(method, path, body)
                if got == status:
                    return answer
                problem = got, answer
                assert got in (429, 500, 502, 503, 504), problem
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                problem = error
            await asyncio.sleep(0.5)
        raise AssertionError(f"never answered: {problem!r}")

    async def open(self) -> None:
        answer = await self._until(201, "POST", "/api/v1/conversations", None)
        self.token = answer["token"]

    async def say(self, text: str, id_: str | None = None) -> dict[str, Any]:
        body = {"id": id_ or uuid4().hex, "text": text}
        begun = time.monotonic()
        answer = await self._until(200, "POST", "/api/v1/messages", body)
        self.latencies.append(time.monotonic() - begun)
        assert answer["id"] == body["id"]
        return dict(answer)

    @property
    def conversation(self) -> str:
        return self.token.split(".")[0]


def text_of(answer: dict[str, Any]) -> str:
    return str(answer["parts"][0]["text"])
