"""What the outgoing webhook sends is a message to answer or junk to drop, never an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.rocketchat.payload import Drop, Incoming, parse

OWN = "botUser"
MESSAGE: dict[str, Any] = {
    "token": "geheim",
    "bot": False,
    "channel_id": "raum1",
    "channel_name": "ehrenamt",
    "message_id": "m1",
    "timestamp": "2026-11-27T10:00:00.000Z",
    "user_id": "anna",
    "user_name": "anna.beispiel",
    "text": "Wie gewinne ich Vereine?",
    "siteUrl": "https://chat.beispielstadt.de",
}


def direct(**more: Any) -> dict[str, Any]:
    return {**{k: v for k, v in MESSAGE.items() if k != "channel_name"}, **more}


def parsed(data: dict[str, Any], rooms: tuple[str, ...] = ()) -> Incoming | Drop:
    return parse(data, OWN, rooms)


def message(**more: Any) -> Incoming:
    incoming = parsed({**MESSAGE, **more})
    assert isinstance(incoming, Incoming)
    return incoming


def test_a_message_in_a_room_is_answered_in_a_thread_below_it() -> None:
    assert message().answer_thread == "m1"
    assert message(tmid="wurzel").answer_thread == "wurzel"


def test_a_direct_message_has_no_room_name_and_is_answered_beside_it() -> None:
    incoming = parsed(direct())
    assert isinstance(incoming, Incoming)
    assert incoming.direct
    assert incoming.answer_thread is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bot": True}, Drop.BOT),
        ({"bot": {"i": "bot"}}, Drop.BOT),
        ({"user_id": OWN}, Drop.OWN),
        ({"isEdited": True}, Drop.EDIT),
        ({"user_id": None}, Drop.UNKNOWN),
        ({"user_id": 7}, Drop.UNKNOWN),
        ({"message_id": "mit Leerzeichen"}, Drop.UNKNOWN),
        ({"channel_id": "x" * 500}, Drop.UNKNOWN),
        ({"text": ["keine", "Zeichenkette"]}, Drop.UNKNOWN),
        ({"tmid": {"a": 1}}, Drop.UNKNOWN),
        ({"channel_name": 3}, Drop.UNKNOWN),
    ],
)
def test_what_is_not_to_be_answered_is_dropped_with_its_reason(
    changes: dict[str, Any], reason: Drop
) -> None:
    assert parsed({**MESSAGE, **changes}) is reason


def test_events_of_rooms_and_users_are_known_junk() -> None:
    assert parsed({"token": "geheim", "bot": False}) is Drop.EVENT


def test_an_uploaded_file_is_a_message_without_text() -> None:
    assert message(text="").text == ""
    assert message(text=None).text == ""


def test_only_allowed_rooms_are_answered_and_direct_messages_always() -> None:
    assert isinstance(parsed(MESSAGE, ("ehrenamt",)), Incoming)
    assert isinstance(parsed(MESSAGE, ("raum1",)), Incoming)
    assert parsed(MESSAGE, ("andere",)) is Drop.ROOM
    assert isinstance(parsed(direct(), ("andere",)), Incoming)


def test_a_malformed_time_is_ignored() -> None:
    assert message(timestamp="gestern").sent is None
    assert message(timestamp=17).sent is None
    assert message().sent == "2026-11-27T10:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("@lotse Wie gewinne ich Vereine?", "Wie gewinne ich Vereine?"),
        ("@Lotse, wie gewinne ich Vereine?", "wie gewinne ich Vereine?"),
        ("Hallo @lotse: was nun", "Hallo was nun"),
        ("@lotse", ""),
    ],
)
def test_a_mention_is_stripped_wherever_it_stands(text: str, wanted: str) -> None:
    assert message(text=text).wanted("lotse") == (wanted, True)


@pytest.mark.parametrize("text", ["lotse", "@lotsen hilf", "@lotse.amt hilf", "info@lotse", "@all"])
def test_other_names_are_no_mention(text: str) -> None:
    assert message(text=text).wanted("lotse") == (text, False)


def test_a_trigger_word_is_stripped_at_the_start_only() -> None:
    incoming = message(text="Lotse: wen frage ich, Lotse?", trigger_word="lotse")
    assert incoming.wanted("lotse") == ("wen frage ich, Lotse?", True)


values = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from([*MESSAGE, "tmid", "isEdited", "trigger_word"]), values))
def test_no_payload_makes_it_fail(changes: dict[str, Any]) -> None:
    for data in (changes, {**MESSAGE, **changes}):
        incoming = parsed(data)
        if isinstance(incoming, Incoming):
            incoming.wanted("lotse")
