"""The signed, expiring token of a plan. It carries the answers itself, so nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt

from bot.guide.state import DIALOGUES

_ALGORITHM = "HS256"
MAX_LENGTH = 3_000
"""A longer token is none of ours; the longest, of a whole check, has about a thousand."""


class LinkInvalid(ValueError):
    """The token was tampered with, or is none."""


class LinkExpired(ValueError):
    """The token was valid once."""


@dataclass(frozen=True)
class PlanLink:
    """What a token says."""

    dialogue: str
    answers: Mapping[str, str]
    made: datetime
    until: datetime


def sign(dialogue: str, answers: Mapping[str, str], key: bytes, days: int, now: datetime) -> str:
    """Return a token, safe in a URL.

    Args:
        dialogue: ``einstieg`` or ``check``.
        answers: question id -> answer id.
        key: at least 32 bytes.
        days: how long it is valid.
        now: with a time zone.
    """
    claims = {"d": dialogue, "a": dict(answers), "iat": now, "exp": now + timedelta(days=days)}
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def read(token: str, key: bytes) -> PlanLink:
    """Return what a token says.

    Raises:
        LinkExpired: its time is over.
        LinkInvalid: it was not signed with this key, or is not a plan's.
    """
    if len(token) > MAX_LENGTH:
        raise LinkInvalid("too long")
    options: Any = {"require": ["iat", "exp"]}
    try:
        claims = jwt.decode(token, key, algorithms=[_ALGORITHM], options=options)
    except jwt.ExpiredSignatureError as error:
        raise LinkExpired from error
    except (jwt.InvalidTokenError, UnicodeEncodeError) as error:
        raise LinkInvalid from error
    dialogue, answers = claims.get("d"), claims.get("a")
    if dialogue not in DIALOGUES or not isinstance(answers, dict):
        raise LinkInvalid("not a plan")
    made, until = (datetime.fromtimestamp(claims[name], timezone.utc) for name in ("iat", "exp"))
    return PlanLink(dialogue, {str(q): str(a) for q, a in answers.items()}, made, until)
