"""A reply as Rocket.Chat shows it: its markdown, numbered choices, and buttons.

Rocket.Chat's parser knows a backslash only before ``* _ ~ ` .`` and not inside bold or italics.
Everything else that would turn into markup, a mention or an emoji is kept apart by an invisible
word joiner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.answer import Choice, Heading, Link, Numbered, Part, Points, Progress, Reply, SourceLine
from bot.dialogue.texts import Texts

_JOINER = "\u2060"
_ADDRESS = r"(https?://[^\s<>()\[\]|]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
_MARKS = r"[*~`]|(?<![^\W_])_"
_TO_ESCAPE = re.compile(rf"{_ADDRESS}|{_MARKS}")
_TO_KEEP_APART = re.compile(
    rf"{_ADDRESS}"
    r"|[@#\\](?=\S)|#(?=\s)"  # a mention („@all“ rings everybody's bell), a room, a heading
    r"|:(?=[\w+-]+:)"  # an emoji
    r"|\](?=\()|\|(?=\|)|<(?=https?:)"  # a link, a spoiler
)
_LINE_START = re.compile(r"^([-+>])|^(\d+)\.(?=\s)", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?:;]) ")


@dataclass(frozen=True)
class Rendered:
    """A reply in the form in which it is posted."""

    posts: tuple[dict[str, Any], ...]
    """Bodies for ``chat.postMessage`` without room and thread; buttons are on the last one."""
    numbers: dict[int, str]
    """Which title each number stands for that a person reads."""


def render(reply: Reply, texts: Texts, *, limit: int, public_url: str = "") -> Rendered:
    """Return a reply as one or more posts.

    Args:
        reply: what to say.
        texts: the sentences of the assistant.
        limit: the most that a post may hold, in UTF-16 code units, as Rocket.Chat counts.
        public_url: the assistant's address for people; without it there are no links.
    """
    blocks = [_block(part, texts, public_url) for part in reply.parts]
    numbers = _listed(reply.parts)
    further = [choice for choice in reply.choices if choice.title not in numbers.values()]
    start = max(numbers, default=0) + 1
    if further:
        blocks.append(_numbered([choice.title for choice in further], start))
        numbers |= {n: choice.title for n, choice in enumerate(further, start)}
    if reply.choices:
        blocks.append(_emphasised(texts("rocketchat_auswahl"), "_"))
    posts: list[dict[str, Any]] = [{"text": text} for text in split(blocks, limit)]
    if reply.choices:
        posts[-1]["attachments"] = [_buttons(reply.choices)]
    return Rendered(tuple(posts), numbers)


def escape(text: str) -> str:
    """Return text that Rocket.Chat shows letter by letter; addresses stay links."""
    marked = _TO_ESCAPE.sub(lambda m: m[0] if m[1] else f"\\{m[0]}", _kept_apart(text))
    return _LINE_START.sub(lambda m: f"{_JOINER}{m[1]}" if m[1] else f"{m[2]}\\.", marked)


def split(blocks: Iterable[str], limit: int) -> list[str]:
    """Put blocks together into as few posts as possible, each within the limit.

    A block that is too long alone is divided at a line, a sentence or a word, in this order.
    """
    posts = [""]
    for block in blocks:
        for piece, gap in _pieces(block, limit):
            joined = f"{posts[-1]}{gap}{piece}" if posts[-1] else piece
            if _length(joined) <= limit:
                posts[-1] = joined
            else:
                posts.append(piece)
    return [post for post in posts if post] or [_JOINER]


def _block(part: Part, texts: Texts, public_url: str) -> str:
    if isinstance(part, Heading):
        return _emphasised(part.text, "*")
    if isinstance(part, (SourceLine, Progress)):
        return _emphasised(part.text, "_")
    if isinstance(part, Numbered):
        return _numbered(part.items, part.start)
    if isinstance(part, Points):
        label = [_emphasised(part.label, "*")] if part.label else []
        return "\n".join([*label, *(f"- {_item(item)}" for item in part.items)])
    if isinstance(part, Link):
        return _link(part, texts, public_url)
    return escape(part.text)


def _numbered(items: Iterable[str], start: int) -> str:
    return "\n".join(f"{number}. {_item(item)}" for number, item in enumerate(items, start))


def _item(text: str) -> str:
    line = escape(" ".join(text.split()))
    return f"{_JOINER}{line}" if line.startswith("[") else line  # „[ ]“ would be a check box


def _emphasised(text: str, mark: str) -> str:
    """Return text in bold or italics, or plainly where it holds marks that can't be escaped."""
    if re.search(r"[*_~`]", text) or text != text.strip() or "\n" in text:
        return escape(text)
    return f"{mark}{_kept_apart(text)}{mark}"


def _link(link: Link, texts: Texts, public_url: str) -> str:
    if not public_url:
        return escape(texts("rocketchat_ohne_link", titel=link.text))
    address = f"{public_url.rstrip('/')}/{link.path.lstrip('/')}"
    if re.search(r"[\[\]*_~`]", link.text):
        return f"{escape(link.text)}: {address}"
    return f"[{_kept_apart(link.text)}]({address})"


def _buttons(choices: Iterable[Choice]) -> dict[str, Any]:
    """Return the attachment with a button for each choice; a click posts its title."""
    return {
        "button_alignment": "vertical",
        "actions": [
            {
                "type": "button",
                "text": choice.title,
                # with a leading slash, Rocket.Chat would swallow it as a command
                "msg": choice.title.lstrip("/ "),
                "msg_in_chat_window": True,
                "msg_processing_type": "sendMessage",
            }
            for choice in choices
        ],
    }


def _listed(parts: Iterable[Part]) -> dict[int, str]:
    """Return the numbers that the lists of a reply show; one shown twice stands for nothing."""
    numbers: dict[int, str] = {}
    twice = set()
    for part in parts:
        if isinstance(part, Numbered):
            for number, item in enumerate(part.items, part.start):
                twice |= {number} & {*numbers}
                numbers[number] = item
    return {number: item for number, item in numbers.items() if number not in twice}


def _kept_apart(text: str) -> str:
    return _TO_KEEP_APART.sub(lambda m: m[0] if m[1] else f"{m[0]}{_JOINER}", text)


def _pieces(block: str, limit: int) -> list[tuple[str, str]]:
    """Return pieces within the limit, each with what joins it to the piece before."""
    if _length(block) <= limit:
        return [(block, "\n\n")]
    for parts, gap in (
        (block.split("\n"), "\n"),
        (_SENTENCE_END.split(block), " "),
        (block.split(" "), " "),
    ):
        if len(parts) > 1:
            pieces = [
                (piece, gap if at == 0 else inner)
                for part in parts
                for at, (piece, inner) in enumerate(_pieces(part, limit))
            ]
            return [(pieces[0][0], "\n\n"), *pieces[1:]]
    half = limit // 2  # every character takes at most two code units
    return [(block[at : at + half], "") for at in range(0, len(block), half)]


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
