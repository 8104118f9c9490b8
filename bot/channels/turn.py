"""One turn of a conversation, the same for every channel: a message in, one reply out.

Whatever happens inside, there is exactly one reply with exactly one outcome.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from bot.answer import STRUCTURED, Outcome, Paragraph, Reply
from bot.dialogue.texts import get_texts
from bot.german.text import clean
from bot.once import REPEATABLE, ConversationClosed, MessageReused
from bot.settings import get_settings

logger = logging.getLogger(__name__)

Process = Callable[[UserMessage], Awaitable[Any]]
"""What Rasa gives a channel to hand its messages to."""

FAILED = Outcome("no_answer", confidence=0.0)
"""The outcome of a turn that came to nothing; the same message may be sent again."""


async def take_turn(
    process: Process,
    text: str,
    sender: str,
    channel: str,
    metadata: dict[str, Any] | None = None,
    *,
    message_id: str | None = None,
    digest: str = "",
) -> Reply:
    """Answer a message.

    Args:
        process: Rasa's handler of messages.
        text: what the person wrote, unchanged.
        sender: the id of the conversation.
        channel: the name of the channel.
        metadata: kept with the message in the tracker.
        message_id: under which the message may come again; it is answered once then.
        digest: tells this message from another one under the same id.

    Raises:
        ConversationClosed: the conversation was deleted meanwhile.
        MessageReused: another message had this id.
    """
    if refusal := refuse(text):
        return refusal
    collector = CollectingOutputChannel()
    # a leading slash would make Rasa take typed text for an intent
    typed = clean(text).lstrip("/ ") or "?"
    marked = {**(metadata or {}), STRUCTURED: True}
    if message_id:
        marked[REPEATABLE] = digest
    try:
        await process(UserMessage(typed, collector, sender, None, channel, message_id, marked))
    except (ConversationClosed, MessageReused):
        raise
    except Exception:
        logger.exception("Eine Nachricht ließ sich nicht beantworten")
    return _collected(collector.messages)


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
    return Reply(FAILED, (Paragraph(get_texts()("fehler")),))
