"""Setting up: missing settings are named, and the check says what is wrong and what to enter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from bot.channels.rocketchat.channel import RocketChatChannel
from bot.channels.rocketchat.check import check
from bot.settings import Settings
from bot.shared.marks import MarksHere
from tests.channels.rocketchat_rig import rocketchat_settings
from tests.channels.rocketchat_server import TOKEN, WEBHOOK_TOKEN, Fault, RocketChatServer


def checked(prepare: Callable[[RocketChatServer], None], **settings: str) -> tuple[str, bool]:
    async def run() -> tuple[str, bool]:
        async with RocketChatServer() as server:
            prepare(server)
            lines, ready = await check(rocketchat_settings(server, **settings))
            return "\n".join(lines), ready

    return asyncio.run(run())


def test_without_a_server_there_is_no_channel() -> None:
    assert RocketChatChannel.if_configured(Settings(), MarksHere()) == []
    with pytest.raises(ValueError, match=r"docs/rocketchat\.md"):
        RocketChatChannel(Settings())


def test_half_a_configuration_is_one_error_that_names_what_is_missing() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(rocketchat_url="https://chat.beispielstadt.de", rocketchat_token="x")
    (error,) = caught.value.errors()
    assert "LOTSE_ROCKETCHAT_USER_ID, LOTSE_ROCKETCHAT_WEBHOOK_TOKEN" in error["msg"]
    assert "LOTSE_ROCKETCHAT_TOKEN" not in error["msg"]


def test_tokens_without_a_server_are_an_error_too() -> None:
    with pytest.raises(ValidationError, match="LOTSE_ROCKETCHAT_URL"):
        Settings(rocketchat_webhook_token="x")


def test_tokens_are_never_shown() -> None:
    settings = Settings(
        rocketchat_url="https://chat.beispielstadt.de",
        rocketchat_user_id="u",
        rocketchat_token="zeig-mich-nicht",
        rocketchat_webhook_token="mich-auch-nicht",
    )
    assert "nicht" not in str(settings.dict())
    assert "nicht" not in repr(settings)


def test_a_sound_setup_is_confirmed_and_what_to_enter_is_printed() -> None:
    def prepare(server: RocketChatServer) -> None:
        server.room("ehrenamt", "r1")

    text, ready = checked(
        prepare, rocketchat_rooms="ehrenamt", public_url="https://lotse.beispielstadt.de/"
    )
    assert ready
    assert "@lotse" in text
    assert "✓ #ehrenamt" in text
    assert "Channel: @lotse,#ehrenamt" in text
    assert "URLs: https://lotse.beispielstadt.de/webhooks/rocketchat/webhook" in text
    assert TOKEN not in text
    assert WEBHOOK_TOKEN not in text


def test_a_missing_role_is_a_hint_but_no_obstacle() -> None:
    def prepare(server: RocketChatServer) -> None:
        server.roles = ["user"]

    text, ready = checked(prepare)
    assert ready
    assert "Rolle „bot“" in text


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (401, {"status": "error"}, "LOTSE_ROCKETCHAT_TOKEN"),
        (404, {"message": "not found"}, "LOTSE_ROCKETCHAT_URL"),
        (301, {}, "LOTSE_ROCKETCHAT_URL"),
        (503, {}, "Protokoll"),
    ],
)
def test_every_obstacle_is_named_with_its_remedy(
    status: int, body: dict[str, str], remedy: str
) -> None:
    def prepare(server: RocketChatServer) -> None:
        server.fault = lambda path, _: Fault(status, body)

    text, ready = checked(prepare)
    assert not ready
    assert remedy in text


def test_a_workspace_that_takes_no_messages_and_a_missing_room_are_named() -> None:
    def prepare(server: RocketChatServer) -> None:
        server.restricted = True

    text, ready = checked(prepare, rocketchat_rooms="gibt-es-nicht")
    assert not ready
    assert "eingeschränkt" in text
    assert "#gibt-es-nicht: nicht gefunden" in text


def test_a_server_that_is_not_there_is_named() -> None:
    settings = Settings(
        rocketchat_url="http://127.0.0.1:9",
        rocketchat_user_id="u",
        rocketchat_token="t",
        rocketchat_webhook_token="w",
    )
    lines, ready = asyncio.run(check(settings))
    assert not ready
    assert "nicht erreichbar" in lines[0]


def test_without_settings_it_says_which_are_needed() -> None:
    lines, ready = asyncio.run(check(Settings()))
    assert not ready
    assert "LOTSE_ROCKETCHAT_WEBHOOK_TOKEN" in lines[0]
