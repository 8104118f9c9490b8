"""The channel between a real HTTP webhook and a faithful stand-in of the Rocket.Chat server."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest
from rasa.core.channels.channel import UserMessage

from bot.answer import Outcome, Paragraph, Reply
from bot.channels.rocketchat.channel import RocketChatChannel
from bot.channels.rocketchat.in_order import InOrder
from bot.dialogue.texts import get_texts
from tests.channels.rocketchat_rig import (
    QUICK,
    FakeRasa,
    echo,
    rig,
    rocketchat_settings,
    running,
    with_choices,
)
from tests.channels.rocketchat_server import WEBHOOK_TOKEN, Fault, Message, RocketChatServer

Scenario = Callable[[RocketChatServer, FakeRasa, RocketChatChannel], Coroutine[Any, Any, None]]


def play(scenario: Scenario, **settings: Any) -> None:
    """Run a scenario with everything started."""

    async def run() -> None:
        async with rig(**settings) as (server, rasa, channel):
            await scenario(server, rasa, channel)

    asyncio.run(run())


async def post_raw(server: RocketChatServer, body: bytes) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            server.webhook_url, data=body, headers={"Content-Type": "application/json"}
        ) as response,
    ):
        return response.status, await response.read()


# The webhook


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"kein JSON",
        b"[1, 2]",
        b"{}",
        b'{"token": 17}',
        b'{"token": null}',
        b'{"token": "falsch"}',
        b"[" * 5000,
        b'{"token": "webhook-token"}',
        json.dumps({"token": WEBHOOK_TOKEN[:-1], "text": "Hallo"}).encode(),
        b'{"token": "\\ud800"}',
    ],
)
def test_without_the_right_token_nothing_happens(body: bytes) -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        status, receipt = await post_raw(server, body)
        assert status == 401
        assert receipt
        assert not rasa.heard

    play(scenario)


def test_a_wrong_token_is_logged_once_with_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, __: RocketChatChannel) -> None:
        for _ in range(5):
            await post_raw(server, b'{"token": "falsch"}')

    play(scenario)
    assert caplog.text.count("LOTSE_ROCKETCHAT_WEBHOOK_TOKEN") == 1
    assert "falsch" not in caplog.text


def test_the_receipt_comes_at_once_while_the_answer_takes_its_time() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        may_answer = asyncio.Event()

        async def slow(message: UserMessage) -> Reply:
            await may_answer.wait()
            return await echo(message)

        rasa.reply = slow
        room = server.room(None, "direkt")
        await server.say("anna", room, "Hallo")
        await server.until(lambda: server.receipts == [200])
        assert not server.posts()
        may_answer.set()
        await server.until(lambda: bool(server.posts()))

    play(scenario)


def test_only_post_is_accepted() -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, __: RocketChatChannel) -> None:
        async with aiohttp.ClientSession() as session, session.get(server.webhook_url) as answer:
            assert answer.status == 405

    play(scenario)


def test_events_are_dropped_silently_and_unknown_shapes_with_a_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        server.deliver_raw({"bot": False})
        await server.settled()
        assert "Unbekanntes" not in caplog.text
        server.deliver_raw({"message_id": "m1", "text": "geheimer Inhalt", "seltsam": 1})
        await server.settled()
        assert server.receipts == [200, 200]
        assert not rasa.heard

    play(scenario)
    assert "seltsam" in caplog.text
    assert "geheimer Inhalt" not in caplog.text


def test_its_own_posts_bots_and_edits_are_never_answered() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        room = server.room(None, "direkt")
        await server.answer("anna", room, "Hallo")  # the answer comes back with bot: false
        message = await server.say("anna", room, "Noch eine Frage")
        await server.until(lambda: len(server.posts()) == 2)
        server.edit(message, "Noch eine andere Frage")
        bot = await server.say("anderer-bot", room, "Piep")
        await server.settled()
        server.deliver(bot, {"bot": True, "message_id": "neu"})
        await server.settled()
        assert rasa.texts == ["Hallo", "Noch eine Frage", "Piep"]

    play(scenario)


def test_the_same_message_delivered_again_is_answered_once() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        room = server.room(None, "direkt")
        message = await server.say("anna", room, "Hallo")
        for _ in range(6):
            server.deliver(message)
        await server.settled()
        await server.until(lambda: len(server.posts()) == 1)
        await server.answer("anna", room, "Danke")
        assert rasa.texts == ["Hallo", "Danke"]

    play(scenario)


def test_when_too_much_waits_rocketchat_is_told_to_try_again_and_nothing_is_lost() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        may_answer = asyncio.Event()

        async def slow(message: UserMessage) -> Reply:
            await may_answer.wait()
            return await echo(message)

        rasa.reply = slow
        room = server.room(None, "direkt")
        for number in range(25):
            await server.say("anna", room, f"Frage {number}")
        await server.until(lambda: 503 in server.receipts)
        may_answer.set()
        await server.until(lambda: len(server.posts()) == 25)
        assert len(set(rasa.texts)) == 25

    play(scenario)


# Conversations


def test_messages_of_one_conversation_are_answered_in_order_and_block_no_other() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        may_answer = asyncio.Event()

        async def first_is_slow(message: UserMessage) -> Reply:
            if message.text == "Frage 0":
                await may_answer.wait()
            return await echo(message)

        rasa.reply = first_is_slow
        slow, quick = server.room(None, "direkt-anna"), server.room(None, "direkt-ben")
        for number in range(5):
            await server.say("anna", slow, f"Frage {number}")
            await server.until(lambda n=number: len(server.receipts) > n)  # type: ignore[misc]
        await server.answer("ben", quick, "Ich zuerst")
        assert not server.posts(slow)
        may_answer.set()
        await server.until(lambda: len(server.posts(slow)) == 5)
        assert [post.text for post in server.posts(slow)] == [
            f"Antwort auf: Frage {number}" for number in range(5)
        ]

    play(scenario)


def test_three_people_in_one_room_at_once_each_have_their_own_conversation() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        room = server.room("ehrenamt", "raum1")
        people = ("anna", "ben", "cem")

        async def talk(person: str) -> str:
            first = await server.answer(person, room, f"@lotse Frage von {person}")
            for number in range(3):
                more = await server.answer(person, room, f"{person} {number}", first.thread)
                assert more.text == f"Antwort auf: {person} {number}"
            return str(first.thread)

        threads = await asyncio.gather(*(talk(person) for person in people))
        assert len(set(threads)) == 3
        heard = defaultdict(set)
        for conversation, text in rasa.heard:
            heard[conversation].add(next(person for person in people if person in text))
        assert sorted(map(sorted, heard.values())) == [["anna"], ["ben"], ["cem"]]

    play(scenario)


def test_two_people_in_one_thread_do_not_share_a_conversation() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        room = server.room("ehrenamt", "raum1")
        first = await server.answer("anna", room, "@lotse Hallo")
        await server.answer("ben", room, "@lotse ich auch", first.thread)
        assert len({conversation for conversation, _ in rasa.heard}) == 2

    play(scenario)


def test_the_conversation_id_does_not_tell_who_writes_where() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        await server.answer("anna.beispiel", server.room("ehrenamt", "raum1"), "@lotse Hallo")
        ((conversation, _),) = rasa.heard
        assert "anna" not in conversation
        assert "raum1" not in conversation

    play(scenario)


def test_a_direct_message_is_answered_beside_it_and_one_in_a_thread_there() -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, __: RocketChatChannel) -> None:
        room = server.room(None, "direkt")
        assert (await server.answer("anna", room, "Hallo")).thread is None
        assert (await server.answer("anna", room, "Hallo", "m99")).thread == "m99"

    play(scenario)


def test_people_talking_with_each_other_in_a_room_are_left_alone() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        room = server.room("ehrenamt", "raum1")
        await server.say("anna", room, "Kommst du mit in die Pause?")
        await server.say("ben", room, "Ja!", "m0000000000000001")
        first = await server.answer("anna", room, "@lotse Wie gewinne ich Vereine?")
        await server.say("ben", room, "Das frage ich mich auch", first.thread)
        await server.answer("anna", room, "mehr", first.thread)
        await server.settled()
        assert rasa.texts == ["Wie gewinne ich Vereine?", "mehr"]

    play(scenario)


def test_in_a_room_of_its_own_it_answers_everything() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        await server.answer("anna", server.room("frag-den-lotsen", "raum2"), "Hallo")
        assert rasa.texts == ["Hallo"]

    play(scenario, rocketchat_mention_only=False)


def test_rooms_that_are_not_allowed_are_silent() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        await server.say("anna", server.room("geheim", "raum3"), "@lotse Hallo")
        await server.answer("anna", server.room("ehrenamt", "raum1"), "@lotse Guten Tag")
        await server.settled()
        assert rasa.texts == ["Guten Tag"]

    play(scenario, rocketchat_rooms="#ehrenamt, andere")


def test_a_trigger_word_counts_as_a_mention() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        server.trigger_words = ("Lotse",)
        await server.answer("anna", server.room("ehrenamt", "raum1"), "Lotse, was nun?")
        assert rasa.texts == ["was nun?"]

    play(scenario)


def test_a_file_gets_a_kind_word() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        answer = await server.answer("anna", server.room(None, "direkt"), "")
        assert answer.text == get_texts()("rocketchat_datei")
        assert not rasa.heard

    play(scenario)


# Choices


def test_a_number_means_what_was_shown_under_it() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        rasa.reply = with_choices
        room = server.room(None, "direkt")
        for text, heard in (
            ("Hallo", "Hallo"),
            ("2", "Zweites"),
            ("4.", "Viertes"),
            ("Nummer 5", "Weitere zeigen (3)"),
            ("17", "17"),
            ("2 Fragen", "2 Fragen"),
        ):
            await server.answer("anna", room, text)
            assert rasa.texts[-1] == heard

    play(scenario)


def test_a_number_is_looked_up_in_the_conversation_in_which_it_is_typed() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        rasa.reply = with_choices
        await server.answer("anna", server.room(None, "direkt-anna"), "Hallo")
        rasa.reply = echo
        await server.answer("ben", server.room(None, "direkt-ben"), "2")
        await server.answer("anna", server.room(None, "direkt-anna"), "2")
        assert rasa.texts[1:] == ["2", "Zweites"]

    play(scenario)


def test_a_click_on_a_button_arrives_as_its_title_even_one_with_a_slash() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        rasa.reply = with_choices
        room = server.room("ehrenamt", "raum1")
        post = await server.answer("anna", room, "@lotse Hallo")
        for title, heard in (("Drittes", "Drittes"), ("/Was Sie tun können", "Was Sie tun können")):
            assert await server.click("anna", post, title) is not None
            await server.until(lambda h=heard: rasa.texts[-1] == h)  # type: ignore[misc]

    play(scenario)


def test_a_long_answer_comes_in_several_posts_in_order() -> None:
    async def scenario(server: RocketChatServer, rasa: FakeRasa, _: RocketChatChannel) -> None:
        parts = tuple(Paragraph(f"{number} " + "lang " * 60) for number in range(20))

        async def long(_: UserMessage) -> Reply:
            return Reply(Outcome("answer"), parts)

        rasa.reply = long
        server.size_limit = 1000
        await server.say("anna", server.room(None, "direkt"), "Hallo")
        await server.until(lambda: any("19 lang" in post.text for post in server.posts()))
        text = " ".join(post.text for post in server.posts())
        assert [text.index(f"{number} lang") for number in range(20)] == sorted(
            text.index(f"{number} lang") for number in range(20)
        )

    play(scenario, rocketchat_text_limit=1000)


# Faults


def once(fault: Fault, path: str = "chat.postMessage") -> Callable[[str, Any], Fault | None]:
    left = [fault]
    return lambda called, _: left.pop() if called == path and left else None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("after", [False, True])
def test_a_server_error_costs_no_answer_and_gives_none_twice(status: int, after: bool) -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, channel: RocketChatChannel) -> None:
        server.fault = once(Fault(status, after=after))
        room = server.room("ehrenamt", "raum1")
        await server.answer("anna", room, "@lotse Hallo")
        await server.answer("ben", room, "@lotse Auch da")
        await wait_for(lambda: channel.health()["pending"] == 0)
        assert len(server.posts()) == 2
        assert channel.health()["status"] == "ok"

    play(scenario)


@pytest.mark.parametrize(
    "fault", [Fault(slow=0.5, after=True), Fault(cut=True), Fault(cut=True, after=True)]
)
def test_a_timeout_or_a_cut_connection_costs_no_answer_and_gives_none_twice(fault: Fault) -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, channel: RocketChatChannel) -> None:
        server.fault = once(fault)
        await server.answer("anna", server.room(None, "direkt"), "Hallo")
        await wait_for(lambda: channel.health()["pending"] == 0)
        assert len(server.posts()) == 1

    play(scenario)


def test_the_rate_limit_is_waited_for() -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, channel: RocketChatChannel) -> None:
        server.roles, server.calls_a_minute, server.rate_window = ["user"], 3, 1.0
        room = server.room(None, "direkt")
        for number in range(5):
            await server.say("anna", room, f"Frage {number}")
        await wait_for(lambda: channel.health()["problem"] == "rate_limited")
        await server.until(lambda: len(server.posts()) == 5)
        assert len({post.text for post in server.posts()}) == 5

    play(scenario)


def test_when_an_answer_is_lost_the_person_is_told_and_the_administrator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, channel: RocketChatChannel) -> None:
        lost = get_texts()("rocketchat_verloren")
        server.fault = lambda path, body: (
            Fault(500) if path == "chat.postMessage" and body["text"] != lost else None
        )
        answer = await server.answer("anna", server.room(None, "direkt"), "Hallo")
        assert answer.text == lost
        assert channel.health()["lost"] == 1

    play(scenario)
    assert "ging verloren" in caplog.text
    assert "Hallo" not in caplog.text


@pytest.mark.parametrize(
    ("breakage", "problem"),
    [
        ("gone", "forbidden"),
        ("archived", "forbidden"),
        ("restricted", "restricted"),
        ("unauthorized", "unauthorized"),
    ],
)
def test_what_cannot_succeed_is_not_tried_again_and_says_why(
    breakage: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, channel: RocketChatChannel) -> None:
        room = server.room(None, "direkt")
        await wait_for(lambda: channel.health()["status"] == "ok")
        room.gone, room.archived = breakage == "gone", breakage == "archived"
        server.restricted = breakage == "restricted"
        if breakage == "unauthorized":
            server.fault = lambda path, _: Fault(401, {"status": "error"})
        await server.say("anna", room, "Hallo")
        await wait_for(lambda: channel.health()["lost"] == 1)
        assert channel.health()["status"] == "degraded"
        assert channel.health()["problem"] == problem
        assert server.calls["chat.postMessage"] == 1

    play(scenario)
    assert "Abhilfe" in caplog.text


def test_a_trouble_that_is_over_is_forgotten() -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, channel: RocketChatChannel) -> None:
        server.fault = lambda path, _: Fault(401, {"status": "error"})
        await server.say("anna", server.room(None, "direkt"), "Hallo")
        await wait_for(lambda: channel.health()["problem"] == "unauthorized")
        server.fault = lambda path, _: None
        await server.answer("anna", server.room(None, "direkt"), "Und jetzt?")
        assert channel.health()["status"] == "ok"

    play(scenario)


def test_nobody_is_there_at_first() -> None:
    async def run() -> None:
        async with RocketChatServer() as server:
            settings = rocketchat_settings(server)
        channel = RocketChatChannel(settings, timing=QUICK)
        await channel.start()
        await wait_for(lambda: channel.health()["problem"] == "unreachable")
        await channel.stop()

    asyncio.run(run())


def test_an_error_of_our_own_is_said_to_the_person_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("bot.channels.rocketchat.channel.render", broken)

    async def scenario(server: RocketChatServer, _: FakeRasa, __: RocketChatChannel) -> None:
        answer = await server.answer("anna", server.room(None, "direkt"), "Hallo")
        assert answer.text == get_texts()("fehler")

    play(scenario)
    assert "ließ sich nicht beantworten" in caplog.text


def test_one_broken_room_holds_up_no_other() -> None:
    async def scenario(server: RocketChatServer, _: FakeRasa, __: RocketChatChannel) -> None:
        broken, fine = server.room(None, "kaputt"), server.room(None, "heil")
        server.fault = lambda path, body: (
            Fault(500) if body.get("roomId") == "kaputt" and path == "chat.postMessage" else None
        )
        await server.say("anna", broken, "Hallo")
        for number in range(10):
            await server.answer("ben", fine, f"Frage {number}")
        assert not server.posts(broken)

    play(scenario)


# Stopping


def test_a_stop_finishes_what_was_begun_and_takes_on_nothing_new() -> None:
    async def run() -> None:
        async with RocketChatServer() as server:
            rasa, begun = FakeRasa(), asyncio.Event()

            async def slow(message: UserMessage) -> Reply:
                begun.set()
                await asyncio.sleep(0)
                return await echo(message)

            rasa.reply = slow
            room = server.room(None, "direkt")
            for restart in range(2):
                channel = RocketChatChannel(rocketchat_settings(server), timing=QUICK)
                async with running(channel, rasa, server):
                    for number in range(3):
                        await server.say("anna", room, f"Frage {restart}{number}")
                    await server.settled()
                server.webhook_url = ""
            assert sorted(post.text[-2:] for post in server.posts()) == [
                "00", "01", "02", "10", "11", "12",
            ]  # fmt: skip

    asyncio.run(run())


def test_a_stop_gives_up_in_time_and_says_how_much_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        jobs = InOrder()
        never = asyncio.Event()

        async def stuck() -> None:
            await never.wait()

        assert jobs.add("a", stuck)
        assert jobs.add("a", stuck)
        assert await jobs.finish(0.01) == 2
        assert not jobs.add("a", stuck)

    asyncio.run(run())


# All at once


def test_of_a_thousand_messages_with_faults_none_is_lost_or_answered_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    chance = random.Random(7)
    faults = [
        Fault(500),
        Fault(502, after=True),
        Fault(503),
        Fault(504, after=True),
        Fault(cut=True),
        Fault(cut=True, after=True),
        Fault(slow=0.05),
        Fault(slow=1.5, after=True),
    ]

    async def run() -> None:
        async with RocketChatServer() as server:
            rasa = FakeRasa()
            timing = QUICK.__class__(**{**QUICK.__dict__, "attempts": 8, "request": 1.0})
            channel = RocketChatChannel(rocketchat_settings(server), timing=timing)
            async with running(channel, rasa, server):
                await scenario(server, channel)

    async def scenario(server: RocketChatServer, channel: RocketChatChannel) -> None:
        server.fault = lambda path, _: (
            chance.choice(faults) if path != "me" and chance.random() < 0.1 else None
        )
        rooms = [server.room("ehrenamt", "r1"), server.room("projekte", "r2")]
        asked: list[Message] = []

        async def talk(person: int) -> None:
            direct = server.room(None, f"direkt-{person}")
            for number in range(20):
                room = direct if number % 2 else rooms[person % 2]
                text = f"@lotse Frage {person}-{number}."
                message = await server.say(f"person{person}", room, text)
                asked.append(message)
                if chance.random() < 0.1:
                    server.deliver(message)  # the same id once more

        def answer_to(message: Message) -> str:
            return message.text.replace("@lotse", "Antwort auf:")

        await asyncio.gather(*(talk(person) for person in range(50)))
        await server.settled()
        await wait_for(lambda: channel.health()["pending"] == 0, 60)
        counted = Counter(post.text for post in server.posts())
        assert counted == Counter(answer_to(message) for message in asked)
        assert len(counted) == 1000
        assert channel.health()["lost"] == 0

    asyncio.run(run())


async def wait_for(condition: Callable[[], bool], patience: float = 10.0) -> None:
    """Wait until something holds that nothing tells about."""

    async def poll() -> None:
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(poll(), patience)
