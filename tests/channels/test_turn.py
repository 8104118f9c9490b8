"""A turn is the same for every channel: what is personal never gets further than this."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from bot.answer import Outcome, Paragraph, Reply
from bot.channels.turn import take_turn
from bot.dialogue.texts import get_texts

ANSWER = Reply(Outcome("answer"), (Paragraph("Antwort"),))


def turn(text: str, **more: Any) -> tuple[Reply, str]:
    """Return the reply and what Rasa got."""
    got: list[str] = []

    async def process(message: UserMessage) -> None:
        got.append(message.text)
        await message.output_channel.send_custom_json(message.sender_id, ANSWER.to_json())

    reply = asyncio.run(take_turn(process, text, "anna", "rest", **more))
    return reply, got[0]


def test_personal_data_is_replaced_before_rasa_gets_it_and_the_person_is_told_once() -> None:
    text = "Frau Berg (anna@berg.de, a.berg@stadt.de) fragt: Wie gewinne ich Vereine?"
    reply, got = turn(text)
    assert got == "Frau [Name] ([E-Mail], [E-Mail]) fragt: Wie gewinne ich Vereine?"
    told = get_texts()("persoenlich", angaben="E-Mail-Adresse, Name")
    assert reply.parts == (Paragraph(told), *ANSWER.parts)
    assert (reply.outcome, reply.choices) == (ANSWER.outcome, ANSWER.choices)


def test_an_ordinary_question_gets_nothing_but_its_answer() -> None:
    assert turn("Wie gewinne ich 2024 Vereine?") == (ANSWER, "Wie gewinne ich 2024 Vereine?")


def test_a_choice_that_names_a_local_contact_is_taken_up_as_it_was_given() -> None:
    title = "Sprechstunde bei Frau Berg, Tel. 02303 103-0"
    assert turn(title, issued=True) == (ANSWER, title)


@pytest.mark.parametrize("hidden", ["an\u200bna@be\u200brg.de", "anna＠berg.de"])
def test_hidden_characters_do_not_hide_an_address(hidden: str) -> None:
    assert "berg.de" not in turn(f"Mail: {hidden}")[1]


@pytest.mark.parametrize(
    "typed",
    [
        "Ich heiße Anna Berg und wie gewinne ich Vereine?",
        "mein name ist anna, wie gewinne ich Vereine?",
        "wie gewinne ich Vereine? Viele Grüße, Anna Berg",
        "wie gewinne ich Vereine? Tel. 0211 8991234 oder anna@berg.de",
    ],
)
def test_who_is_asking_makes_no_difference_to_what_is_asked(typed: str) -> None:
    assert turn(typed)[1] == "wie gewinne ich Vereine?"


def test_a_message_that_only_introduces_somebody_is_not_emptied() -> None:
    assert turn("Guten Tag, ich heiße Anna Berg.")[1] == "Guten Tag, ich heiße [Name]."
