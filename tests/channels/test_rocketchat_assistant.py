"""The real assistant in its own process, talked to through a stand-in Rocket.Chat."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.channels.rocketchat_rig import assistant, get_json
from tests.channels.rocketchat_server import Fault, Message, RocketChatServer, Room

pytestmark = pytest.mark.rasa

T = TypeVar("T")


class Talk:
    """One person in one place, who waits for each answer before going on."""

    def __init__(self, server: RocketChatServer, person: str, room: Room) -> None:
        self.server, self.person, self.room = server, person, room
        self.thread: str | None = None

    async def say(self, text: str) -> Message:
        mention = "@lotse " if self.room.name and not self.thread else ""
        answer = await self.server.answer(self.person, self.room, mention + text, self.thread)
        self.thread = answer.thread
        return answer

    async def click(self, post: Message, title: str) -> Message:
        before = len(self.server.posts(self.room, post.thread))
        await self.server.click(self.person, post, title)
        await self.server.until(lambda: len(self.server.posts(self.room, post.thread)) > before)
        return self.server.posts(self.room, post.thread)[-1]


class Stage:
    """The assistant and the server, kept running between tests in one event loop."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self.play(self._start(folder))

    async def _start(self, folder: Path) -> None:
        self.server = await self._stack.enter_async_context(RocketChatServer())
        self.url = await self._stack.enter_async_context(assistant(self.server, folder))

    def play(self, scenario: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(scenario)

    def close(self) -> None:
        self.play(self._stack.aclose())
        self._loop.close()

    def direct(self, person: str) -> Talk:
        return Talk(self.server, person, self.server.room(None, f"direkt-{person}"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("rocketchat"))
    yield stage
    stage.close()


def title_of(post: Message) -> str:
    return post.text.split("\n")[0].strip("*")


def test_a_dialogue_in_a_direct_message_by_question_number_and_title(stage: Stage) -> None:
    async def scenario() -> None:
        talk = stage.direct("anna")
        overview = await talk.say("Welche Empfehlungen gibt es für die Wirtschaft?")
        lines = overview.text.split("\n")
        listed = {int(line[0]): line[3:] for line in lines if line[:1].isdigit()}
        assert len(listed) > 4
        assert title_of(await talk.say("4")) == listed[4]
        overview = await talk.say("Welche Empfehlungen gibt es für die Wirtschaft?")
        more = await talk.say("5")
        assert "5. " in more.text
        assert listed[1] not in more.text
        again = await talk.say("Welche Empfehlungen gibt es für die Wirtschaft?")
        assert again.text == overview.text
        assert title_of(await talk.say(listed[2])) == listed[2]

    stage.play(scenario())


def test_every_number_that_is_shown_leads_where_it_says(stage: Stage) -> None:
    async def scenario() -> None:
        talk = stage.direct("vera")
        question = "Welche Erfolgsfaktoren gibt es in der Verwaltung?"
        overview = await talk.say(question)
        for number in range(1, 5):
            line = next(x for x in overview.text.split("\n") if x.startswith(f"{number}. "))
            assert title_of(await talk.say(str(number))) == line[3:]
            await talk.say(question)

    stage.play(scenario())


def test_buttons_in_a_room_go_on_in_the_thread(stage: Stage) -> None:
    async def scenario() -> None:
        room = stage.server.room("ehrenamt", "raum-knopf")
        talk = Talk(stage.server, "anna", room)
        greeting = await talk.say("Guten Tag")
        assert greeting.thread
        assert [button["text"] for button in greeting.buttons][-1] == "Wirtschaft"
        chosen = await talk.click(greeting, "Wirtschaft")
        assert chosen.thread == greeting.thread
        assert "Wirtschaft" in title_of(chosen)

    stage.play(scenario())


def test_the_guide_starts(stage: Stage) -> None:
    async def scenario() -> None:
        talk = stage.direct("neu")
        start = await talk.say("Ich bin neu in der Aufgabe. Wie fange ich an?")
        assert start.buttons
        assert (await talk.say("1")).text != start.text

    stage.play(scenario())


def test_three_people_in_one_room_at_once_never_share_context(stage: Stage) -> None:
    async def scenario() -> None:
        room = stage.server.room("ehrenamt", "raum-drei")
        groups = {"anna": "Politik", "ben": "Zivilgesellschaft", "cem": "Wirtschaft"}

        async def talk(person: str, group: str) -> None:
            talk = Talk(stage.server, person, room)
            await talk.say(f"Welche Empfehlungen gibt es für die {group}?")
            more = await talk.say("Und woran erkenne ich Erfolg?")
            others = {*groups.values()} - {group}
            assert not any(other in title_of(more) for other in others)
            assert group in title_of(more)

        await asyncio.gather(*(talk(*item) for item in groups.items()))

    stage.play(scenario())


def test_faults_do_not_disturb_a_dialogue(stage: Stage) -> None:
    async def scenario() -> None:
        talk = stage.direct("pech")
        for fault in (Fault(503), Fault(502, after=True), Fault(cut=True, after=True)):
            left = [fault]
            stage.server.fault = lambda path, _, left=left: (  # type: ignore[misc]
                left.pop() if path == "chat.postMessage" and left else None
            )
            await talk.say("Guten Tag")
        assert len(stage.server.posts(talk.room)) == 3
        health = await get_json(f"{stage.url}/health")
        assert health["channels"]["rocketchat"]["lost"] == 0

    stage.play(scenario())


def test_after_a_restart_in_the_middle_the_dialogue_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with RocketChatServer() as server:
            talk = Talk(server, "anna", server.room("ehrenamt", "raum1"))
            async with assistant(server, tmp_path):
                overview = await talk.say("Welche Empfehlungen gibt es für die Wirtschaft?")
            async with assistant(server, tmp_path):
                line = next(x for x in overview.text.split("\n") if x.startswith("2. "))
                assert title_of(await talk.say("2")) == line[3:]
                await server.say("anna", talk.room, "quelle", talk.thread)
                await server.until(lambda: len(server.receipts) >= 5)
            # the stop above came while the last question was being answered
            assert len(server.posts()) == 3

    asyncio.run(scenario())
