"""Talk to the running assistant over its REST channel."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from uuid import uuid4


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
            with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
                messages: list[dict[str, Any]] = json.load(reply)
                return messages
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            raise AssistantError(f"{self.url}: {error}. Läuft der Lotse? („make run“)") from error

    def ask(self, text: str) -> dict[str, Any]:
        """Send a message and return the one outcome of the turn.

        Raises:
            AssistantError: there is no outcome, or more than one.
        """
        outcomes = [
            message["custom"]["answer"]
            for message in self.messages(text)
            if "answer" in message.get("custom", {})
        ]
        if len(outcomes) != 1:
            raise AssistantError(f"{len(outcomes)} outcomes for {text!r}, there must be one")
        return dict(outcomes[0])
