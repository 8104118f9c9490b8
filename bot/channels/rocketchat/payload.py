"""What an outgoing webhook of Rocket.Chat sends: a message to answer, or a reason to drop it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_AFTER_NAME = r"[,:;!.]*\s*"
"""What people write between a name and what they want: „@lotse, wie …“."""


class Drop(Enum):
    """Why something that arrived is not answered."""

    EVENT = "not a message"
    BOT = "from a bot"
    OWN = "posted by the assistant itself"
    EDIT = "an edit"
    ROOM = "from a room that is not allowed"
    UNKNOWN = "of an unknown shape"


@dataclass(frozen=True)
class Incoming:
    """A message that somebody wrote."""

    message_id: str
    room: str
    room_name: str | None
    """``None`` in direct messages, which have no name."""
    user: str
    text: str
    """As typed; empty for an uploaded file."""
    sent: str | None
    """When, by the clock of Rocket.Chat (ISO 8601)."""
    thread: str | None
    """The message that started the thread in which this one was written."""
    trigger: str | None
    """The trigger word that the webhook reacted to."""

    @property
    def direct(self) -> bool:
        """Whether it is a direct message."""
        return self.room_name is None

    @property
    def answer_thread(self) -> str | None:
        """The thread to answer in: the same one, or in a room a new one below the message."""
        return self.thread or (None if self.direct else self.message_id)

    def wanted(self, username: str) -> tuple[str, bool]:
        """Return the text without mention and trigger word, and whether it had one of them."""
        text, mentions = re.subn(
            rf"(?<!\S)@{re.escape(username)}(?![\w.-]*\w){_AFTER_NAME}", "", self.text, flags=re.I
        )
        if self.trigger:
            text = re.sub(
                rf"^\s*{re.escape(self.trigger)}(?!\w){_AFTER_NAME}", "", text, flags=re.I
            )
        return text.strip(), bool(mentions or self.trigger)


def parse(data: Mapping[str, Any], own_id: str, rooms: Collection[str]) -> Incoming | Drop:
    """Read a payload whose token is right.

    Args:
        data: the decoded body.
        own_id: the user id of the assistant's account.
        rooms: names or ids of the rooms that are answered; empty for all. Direct messages always
            are.
    """
    if not any(data.get(key) for key in ("message_id", "text", "tmid")):
        return Drop.EVENT  # rooms and users send only the token and ``bot``
    for unwanted, reason in (
        (data.get("bot"), Drop.BOT),
        (data.get("user_id") == own_id, Drop.OWN),
        (data.get("isEdited"), Drop.EDIT),
    ):
        if unwanted:
            return reason
    incoming = _message(data)
    if incoming is None:
        return Drop.UNKNOWN
    if rooms and not incoming.direct and not {incoming.room, incoming.room_name} & {*rooms}:
        return Drop.ROOM
    return incoming


def _message(data: Mapping[str, Any]) -> Incoming | None:
    """Return the message, or ``None`` when a field is missing or not what it should be."""
    ids = [data.get(key) for key in ("message_id", "channel_id", "user_id")]
    optional = {key: data.get(key) or None for key in ("channel_name", "tmid", "trigger_word")}
    text = data.get("text") or ""
    strings = [text, *(value for value in optional.values() if value is not None)]
    if not all(isinstance(value, str) for value in strings) or not all(map(_is_id, ids)):
        return None
    if optional["tmid"] and not _is_id(optional["tmid"]):
        return None
    message_id, room, user = (str(value) for value in ids)
    sent = data.get("timestamp")
    return Incoming(
        message_id=message_id,
        room=room,
        room_name=optional["channel_name"],
        user=user,
        text=text,
        sent=sent if isinstance(sent, str) and _TIME.fullmatch(sent) else None,
        thread=optional["tmid"],
        trigger=optional["trigger_word"],
    )


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))
