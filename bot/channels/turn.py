"""One turn of a conversation, the same for every channel: a message in, one reply out.

Whatever happens inside, there is exactly one reply with exactly one outcome.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from bot.answer import STRUCTURED, Outcome, Paragraph, Reply
from bot.dialogue.texts import get_texts
from bot.german.text import clean
from bot.settings import get_settings

logger = logging.getLogger(__name__)

Process = Callable[[UserMessage], Awaitable[Any]]
"""What Rasa gives a channel to hand its messages to."""


async def take_turn(
    process: Process,
    text: str,
    sender: str,
    channel: str,
    metadata: dict[str, Any] | None = None,
) -> Reply:
    """Answer a message.

    Args:
        process: Rasa's handler of messages.
        text: what the person wrote, unchanged.
        sender: the id of the conversation.
        channel: the name of the channel.
        metadata: kept with the message in the tracker.
    """
    if refusal := refuse(text):
        return refusal
    collector = CollectingOutputChannel()
    # a leading slash would make Rasa take typed text for an intent
    typed = clean(_written_out(text)).lstrip("/ ") or "?"
    marked = {**(metadata or {}), STRUCTURED: True}
    try:
        await process(UserMessage(typed, collector, sender, input_channel=channel, metadata=marked))
    except Exception:
        logger.exception("Eine Nachricht ließ sich nicht beantworten")
    return _collected(collector.messages)


def refuse(text: str) -> Reply | None:
    """Return the reply to a text that is empty or too long, or ``None`` when it is neither."""
    texts, limit = get_texts(), get_settings().message_limit
    if not clean(text):
        return Reply(Outcome("dialog", topic="leer"), (Paragraph(texts("leer")),))
    if max(len(text), len(_written_out(text))) > limit:
        sentence = texts("zu_lang", anzahl=str(limit))
        return Reply(Outcome("dialog", topic="zu_lang"), (Paragraph(sentence),))
    return None


def _written_out(text: str) -> str:
    """Return a text in plain letters: „ﬁ“ as „fi“, „½“ as „1⁄2“ (NFKC).

    The encoder would write them out itself, in C and in a buffer that is too small: ten „ﷺ“, of
    18 letters each, ended the process (docs/decisions/0019).
    """
    return unicodedata.normalize("NFKC", text)


def _collected(messages: list[dict[str, Any]]) -> Reply:
    """Return the last reply among the messages; an error that left none becomes one."""
    replies = [custom for m in messages if "answer" in (custom := m.get("custom") or {})]
    if replies:
        return Reply.from_json(replies[-1])
    return Reply(Outcome("no_answer", confidence=0.0), (Paragraph(get_texts()("fehler")),))
