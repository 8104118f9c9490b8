"""Talk to the running assistant over its REST channel, several conversations at a time."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import uuid4

from bot.answer import Outcome

WORKERS = 4
"""So many conversations run at a time: enough to keep the server busy, too few to flood it."""
TIMEOUT = 120.0
"""Seconds after which a message counts as not answered: a busy machine must not end a long run."""

Ask = Callable[[str], Outcome]
"""Sends a message within one conversation and returns the outcome of the turn."""
Start = Callable[[], Ask]
"""Opens a new conversation."""
Item = TypeVar("Item")
Result = TypeVar("Result")


class AssistantError(RuntimeError):
    """The assistant can't be reached, or did not answer as the contract says."""


class Conversation:
    """A conversation of its own; every instance is a new one."""

    def __init__(self, url: str) -> None:
        self.url = f"{url.rstrip('/')}/webhooks/rest/webhook"
        self.sender = f"eval-{uuid4().hex}"

    def messages(self, text: str) -> list[dict[str, Any]]:
        """Send a message and return all messages of the reply.

        Raises:
            AssistantError: no answer, or an error status.
        """
        body = json.dumps({"sender": self.sender, "message": text}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:  # noqa: S310
                messages: list[dict[str, Any]] = json.load(reply)
                return messages
        except (OSError, ValueError) as error:
            raise AssistantError(f"{self.url}: {error}. Läuft der Lotse? („make run“)") from error

    def ask(self, text: str) -> Outcome:
        """Send a message and return the one outcome of the turn.

        Raises:
            AssistantError: there is no outcome, more than one, or one outside the contract.
        """
        found = [
            message["custom"]["answer"]
            for message in self.messages(text)
            if "answer" in (message.get("custom") or {})
        ]
        if len(found) != 1:
            raise AssistantError(f"{len(found)} Ergebnisse auf {text!r}; es muss genau eins sein")
        try:
            return Outcome.from_json(found[0])
        except (KeyError, TypeError, ValueError) as error:
            raise AssistantError(
                f"Das Ergebnis auf {text!r} entspricht nicht dem Antwortvertrag: {error}"
            ) from error


def conversations(url: str) -> Start:
    """Return what opens conversations with the assistant at an address."""
    return lambda: Conversation(url).ask


def in_order(
    do: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS
) -> list[Result]:
    """Do something with every item, ``workers`` at a time; the results are in the items' order.

    The first error ends it: what has not begun by then is not begun any more.
    """
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(do, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
