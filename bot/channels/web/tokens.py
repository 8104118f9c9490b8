"""What the web channel signs: who may go on with a conversation, and which choices it issued.

Both are checked without a look into any store, so they hold after a restart and in every process
that shares the key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

PREFIX = "web-"
"""Begins the ids of all conversations of this channel."""


class InvalidToken(ValueError):
    """Not issued here, changed, or expired; which of these is nobody's business."""


@dataclass(frozen=True)
class Ticket:
    """A conversation that has been opened."""

    conversation: str
    token: str
    expires: int
    """Seconds since the epoch."""


class Tokens:
    """Issues and checks tokens and choice ids."""

    def __init__(self, key: bytes, lifetime: int, clock: Callable[[], float] = time.time) -> None:
        """Set up.

        Args:
            key: the server's signing key.
            lifetime: seconds that a token is valid for.
            clock: returns seconds since the epoch.
        """
        self._key = key
        self._lifetime = lifetime
        self._clock = clock

    def issue(self) -> Ticket:
        """Open a conversation under an id that nobody can guess."""
        conversation = PREFIX + secrets.token_hex(16)
        expires = int(self._clock()) + self._lifetime
        payload = f"{conversation}.{expires}"
        return Ticket(conversation, f"{payload}.{self._sign('token', payload)}", expires)

    def read(self, token: str) -> str:
        """Return the conversation that a token is for.

        Raises:
            InvalidToken: it is not valid.
        """
        payload, _, signature = token.rpartition(".")
        if not self._matches("token", payload, signature):
            raise InvalidToken
        conversation, _, expires = payload.partition(".")
        if int(expires) <= self._clock():
            raise InvalidToken
        return conversation

    def choice_id(self, conversation: str, title: str) -> str:
        """Return the id of a choice that is issued in a conversation."""
        encoded = urlsafe_b64encode(title.encode()).decode().rstrip("=")
        return f"{encoded}.{self._sign('choice', f'{conversation}.{encoded}')}"

    def choice_title(self, conversation: str, choice: str) -> str:
        """Return the title of a choice.

        Raises:
            InvalidToken: the choice was not issued in this conversation.
        """
        encoded, _, signature = choice.rpartition(".")
        if not self._matches("choice", f"{conversation}.{encoded}", signature):
            raise InvalidToken
        return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()

    def _sign(self, purpose: str, text: str) -> str:
        message = f"{purpose}:{text}".encode("utf-8", "replace")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:40]

    def _matches(self, purpose: str, text: str, signature: str) -> bool:
        expected = self._sign(purpose, text).encode()
        return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))
