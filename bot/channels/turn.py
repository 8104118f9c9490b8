"""One turn of a conversation, the same for every channel: a message in, one reply out.

Whatever happens inside, there is exactly one reply with exactly one outcome.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from bot.answer import FAILED, STRUCTURED, Outcome, Paragraph, Reply
from bot.dialogue.texts import get_texts
from bot.german.text import clean
from bot.metrics import count_turn
from bot.once import REPEATABLE, ConversationClosed, MessageReused
from bot.privacy import Kind, Masked, mask, without_introduction
from bot.settings import get_settings
from bot.storage.problems import noting_troubles

logger = logging.getLogger(__name__)

DELETED_TOPIC = "daten_loeschen"
"""The outcome after which nothing of the conversation is left in the store."""
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
    *,
    issued: bool = False,
    message_id: str | None = None,
    digest: str = "",
) -> Reply:
    """Answer a message.

    Personal data in it is replaced or left out here, so that neither Rasa nor any store ever gets
    it; the person is told so in front of the answer.

    Args:
        process: Rasa's handler of messages.
        text: what the person wrote, unchanged.
        sender: the id of the conversation.
        channel: the name of the channel.
        issued: the text was not typed: it is the title of a choice that the assistant gave, which
            may name a contact of the municipality.
        message_id: under which the message may come again; it is answered once then.
        digest: tells this message from another one under the same id.

    Raises:
        ConversationClosed: the conversation was deleted meanwhile.
        MessageReused: another message had this id.
    """
    marked: dict[str, Any] = {STRUCTURED: True}
    if message_id:
        marked[REPEATABLE] = digest
    with count_turn(channel) as turn, noting_troubles() as troubles:
        reply = refuse(text)
        if reply is None:
            masked, collector = _masked(text, issued=issued), CollectingOutputChannel()
            message = UserMessage(masked.text, collector, sender, None, channel, message_id, marked)
            reply = _told(await _answer(process, message), masked.kinds)
        if troubles:
            reply = without_memory(reply)
        turn.outcome = reply.outcome
    return reply


def _masked(text: str, *, issued: bool) -> Masked:
    """Return what Rasa gets to read of a text."""
    # a leading slash would make Rasa take typed text for an intent
    typed = clean(_written_out(text)).lstrip("/ ") or "?"
    masked = Masked(typed) if issued else mask(typed)
    return replace(masked, text=without_introduction(masked.text)) if masked.kinds else masked


async def _answer(process: Process, message: UserMessage) -> Reply:
    try:
        await process(message)
    except (ConversationClosed, MessageReused):
        raise
    except Exception:
        logger.exception("Eine Nachricht ließ sich nicht beantworten")
    return _collected(message.output_channel.messages)


def without_memory(reply: Reply) -> Reply:
    """Return a reply that says that the conversation could not be read or saved.

    What was answered stands on its own. Only that something was deleted would not be true.
    """
    if reply.outcome.topic == DELETED_TOPIC:
        return _failed("nicht_geloescht")
    return replace(reply, parts=(*reply.parts, Paragraph(get_texts()("ohne_gedaechtnis"))))


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

    So the limit counts what is read in the end. In the engine of the encoder ten „ﷺ“, of 18 letters
    each, ended the process; the encoder itself keeps them away from it, too (docs/decisions/0019).
    """
    return unicodedata.normalize("NFKC", text)


def _collected(messages: list[dict[str, Any]]) -> Reply:
    """Return the last reply among the messages; an error that left none becomes one."""
    replies = [custom for m in messages if "answer" in (custom := m.get("custom") or {})]
    if replies:
        return Reply.from_json(replies[-1])
    return _failed("fehler")


def _failed(sentence: str) -> Reply:
    outcome = Outcome("no_answer", topic=FAILED, confidence=0.0)
    return Reply(outcome, (Paragraph(get_texts()(sentence)),))


def _told(reply: Reply, kinds: tuple[Kind, ...]) -> Reply:
    """Return the reply, with a sentence in front when the message held personal data."""
    if not kinds:
        return reply
    texts = get_texts()
    data = ", ".join(texts(_CALLED[kind]) for kind in kinds)
    return replace(reply, parts=(Paragraph(texts("persoenlich", angaben=data)), *reply.parts))
