"""One turn of a conversation, the same for every channel: a message in, one reply out.

Whatever happens inside, there is exactly one reply with exactly one outcome.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from bot.answer import STRUCTURED, Outcome, Paragraph, Reply
from bot.dialogue.texts import get_texts
from bot.german.text import clean
from bot.privacy import Kind, Masked, mask, without_introduction
from bot.settings import get_settings

logger = logging.getLogger(__name__)

_CALLED: dict[Kind, str] = {
    "email": "persoenlich_email",
    "iban": "persoenlich_iban",
    "telefon": "persoenlich_telefon",
    "name": "persoenlich_name",
}
"""What people are told that they have written."""

Process = Callable[[UserMessage], Awaitable[Any]]
"""What Rasa gives a channel to hand its messages to."""


async def take_turn(
    process: Process,
    text: str,
    sender: str,
    channel: str,
    metadata: dict[str, Any] | None = None,
    *,
    issued: bool = False,
) -> Reply:
    """Answer a message.

    Personal data in it is replaced or left out here, so that neither Rasa nor any store ever gets
    it; the person is told so in front of the answer.

    Args:
        process: Rasa's handler of messages.
        text: what the person wrote, unchanged.
        sender: the id of the conversation.
        channel: the name of the channel.
        metadata: kept with the message in the tracker.
        issued: the text was not typed: it is the title of a choice that the assistant gave, which
            may name a contact of the municipality.
    """
    if refusal := refuse(text):
        return refusal
    collector = CollectingOutputChannel()
    # a leading slash would make Rasa take typed text for an intent
    typed = clean(text).lstrip("/ ") or "?"
    masked = Masked(typed) if issued else mask(typed)
    meant = without_introduction(masked.text) if masked.kinds else masked.text
    marked = {**(metadata or {}), STRUCTURED: True}
    try:
        await process(UserMessage(meant, collector, sender, input_channel=channel, metadata=marked))
    except Exception:
        logger.exception("Eine Nachricht ließ sich nicht beantworten")
    return _told(_collected(collector.messages), masked.kinds)


def refuse(text: str) -> Reply | None:
    """Return the reply to a text that is empty or too long, or ``None`` when it is neither."""
    texts, limit = get_texts(), get_settings().message_limit
    if not clean(text):
        return Reply(Outcome("dialog", topic="leer"), (Paragraph(texts("leer")),))
    if len(text) > limit:
        sentence = texts("zu_lang", anzahl=str(limit))
        return Reply(Outcome("dialog", topic="zu_lang"), (Paragraph(sentence),))
    return None


def _collected(messages: list[dict[str, Any]]) -> Reply:
    """Return the last reply among the messages; an error that left none becomes one."""
    replies = [custom for m in messages if "answer" in (custom := m.get("custom") or {})]
    if replies:
        return Reply.from_json(replies[-1])
    return Reply(Outcome("no_answer", confidence=0.0), (Paragraph(get_texts()("fehler")),))


def _told(reply: Reply, kinds: tuple[Kind, ...]) -> Reply:
    """Return the reply, with a sentence in front when the message held personal data."""
    if not kinds:
        return reply
    texts = get_texts()
    data = ", ".join(texts(_CALLED[kind]) for kind in kinds)
    return replace(reply, parts=(Paragraph(texts("persoenlich", angaben=data)), *reply.parts))
