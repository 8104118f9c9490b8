"""Talk to the assistant in the terminal, without a server."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from uuid import uuid4

from rasa.core.agent import Agent

from bot.answer import Link, Numbered, Reply, render_text
from bot.channels.turn import take_turn
from bot.dialogue.texts import get_texts
from bot.engine import create_agent
from bot.settings import Settings, get_settings
from bot.training import train_if_changed

_END = {"/ende", "/stop", "/quit"}


async def ask(question: str, settings: Settings) -> str:
    """Return the answer to one question as text."""
    train_if_changed(settings)
    return await _answer(await create_agent(settings), question, uuid4().hex)


async def chat(settings: Settings) -> None:
    """Read lines and answer them until the input ends or says /ende."""
    train_if_changed(settings)
    agent = await create_agent(settings)
    sender = uuid4().hex
    print(get_texts()("gruss"), "\n(/ende beendet das Gespräch)")
    while True:
        try:
            line = await asyncio.to_thread(input, "\n> ")
        except EOFError:
            break
        if line.strip() in _END:
            break
        print(await _answer(agent, line, sender))
    if sys.stdin.isatty():
        print(get_texts()("verabschiedung"))


async def _answer(agent: Agent, text: str, sender: str) -> str:
    reply = await take_turn(agent.handle_message, text, sender, "terminal")
    return in_terminal(reply, get_settings())


def in_terminal(reply: Reply, settings: Settings) -> str:
    """Return a reply as text: choices with the numbers that pick them, links in full.

    Below a numbered list the numbers mean its items, so there the choices have none.
    """
    parts = (
        replace(part, path=f"http://{settings.host}:{settings.port}{part.path}")
        if isinstance(part, Link)
        else part
        for part in reply.parts
    )
    listed = reply.outcome.status != "clarify" and any(
        isinstance(part, Numbered) for part in reply.parts
    )
    choices = [
        f"  [{choice.title}]" if listed else f"  {number}) {choice.title}"
        for number, choice in enumerate(reply.choices, 1)
    ]
    return "\n".join([render_text(parts), *choices])
