"""Whose conversation it is: forged and replayed tokens, foreign sites, false addresses."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from uuid import uuid4

import jwt
import pytest

from bot import secret
from bot.dialogue.guided import plan_key
from bot.guide import link
from bot.settings import Settings, get_settings
from tests.attack import corpus
from tests.attack.wire import exchange, status
from tests.channels.test_web import Client, problem
from tests.scripted import ScriptedAgent, serving

ANSWERS = {"ort": "dorf", "gruppe": "politik", "anliegen": "verankern"}
NOW = datetime.now(timezone.utc)


@pytest.fixture
def client(url: str) -> Client:
    return Client(url)


@pytest.fixture
def agent(served: tuple[str, ScriptedAgent]) -> ScriptedAgent:
    return served[1]


def plan_token() -> str:
    return link.sign("einstieg", ANSWERS, plan_key(), 30, NOW)


# --- tokens ---------------------------------------------------------------------------------------


def test_a_web_token_opens_no_plan_and_a_plan_link_no_conversation(client: Client) -> None:
    token, plan = client.open(), plan_token()
    assert client.call("GET", f"/plan/{plan}").status == 200
    assert client.call("GET", f"/plan/{token}").status == 404
    problem(client.say(plan, "weiter"), 401, "token")
    problem(client.call("DELETE", "/api/v1/conversation", token=plan), 401, "token")


def test_each_purpose_has_a_key_of_its_own() -> None:
    settings = get_settings()
    keys = {secret.key(settings, purpose) for purpose in ("web", "plan", "")} | {plan_key()}
    assert len(keys) >= 3
    assert plan_key() != secret.key(settings, "web")


@pytest.mark.filterwarnings("ignore:The HMAC key")
@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_a_plan_signed_in_another_way_is_none(client: Client, algorithm: str) -> None:
    claims = {"d": "einstieg", "a": ANSWERS, "iat": NOW, "exp": NOW.timestamp() + 1000}
    key = None if algorithm == "none" else plan_key()
    forged = jwt.encode(claims, key, algorithm=algorithm)
    assert client.call("GET", f"/plan/{forged}").status == 404
    head, body, _ = plan_token().split(".")
    for signature in ("", "AAAA"):
        assert client.call("GET", f"/plan/{head}.{body}.{signature}").status == 404


@pytest.mark.parametrize("claims", [{"d": "../x"}, {"a": []}, {"exp": None}, {"iat": "x"}])
def test_a_plan_with_odd_contents_is_none_even_when_signed(client: Client, claims: dict) -> None:
    whole = {
        "d": "einstieg",
        "a": ANSWERS,
        "iat": NOW,
        "exp": int(NOW.timestamp()) + 1000,
        **claims,
    }
    signed = jwt.encode({k: v for k, v in whole.items() if v is not None}, plan_key(), "HS256")
    assert client.call("GET", f"/plan/{signed}").status == 404


def test_answers_that_are_no_answers_make_no_error(client: Client) -> None:
    odd = {"ort": corpus.ATTACK_TEXT, "__proto__": "x", "": "", "gruppe": "../../etc/passwd"}
    signed = link.sign("check", odd, plan_key(), 30, NOW)
    for suffix in ("", ".md", ".ics"):
        answer = client.call("GET", f"/plan/{signed}{suffix}")
        assert answer.status == 200
        assert b"<script>" not in answer.body


def test_two_conversations_do_not_fit_into_one_token(client: Client) -> None:
    mine, other = client.open(), client.open()
    theirs, expires, signature = other.split(".")
    me, my_expiry, my_signature = mine.split(".")
    mixed = [
        f"{mine} {other}", f"{mine},{other}", f"{mine}.{other}",
        f"{theirs}.{my_expiry}.{my_signature}",
        f"{me}.{theirs}.{expires}.{signature}", f"{me}%00{theirs}.{expires}.{signature}",
        f"{theirs}.{expires}", f"{theirs}.{expires}.", f"{theirs}.{expires}.{signature[:-1]}",
        f"{theirs}.{expires}.{signature.upper()}x", f"{theirs}.99999999999.{signature}",
    ]  # fmt: skip
    for token in mixed:
        problem(client.say(token, "weiter"), 401, "token")


def test_a_token_counts_in_its_header_only(client: Client) -> None:
    token = client.open()
    body = {"id": uuid4().hex, "text": "weiter"}
    for headers in ({"Cookie": f"token={token}"}, {"X_Token": token}, {"Authorization": token}):
        problem(
            client.call("POST", f"/api/v1/messages?token={token}", body, **headers), 401, "token"
        )


def test_nobody_deletes_or_continues_the_conversation_of_another(
    client: Client, agent: ScriptedAgent
) -> None:
    mine, other = client.open(), client.open()
    client.say(other, "mein Geheimnis")
    theirs = other.split(".")[0]
    assert client.call("DELETE", "/api/v1/conversation", {"conversation": theirs}).status == 401
    assert client.call("DELETE", f"/api/v1/conversation?id={theirs}", token=mine).status == 204
    assert agent.store.conversations[theirs] == ["mein Geheimnis"]
    for sender in (theirs, "rocketchat-0123"):
        body = {"sender": sender, "message": "Nochmal"}
        assert client.call("POST", "/webhooks/rest/webhook", body).status == 400


def test_a_message_sent_again_with_another_text_is_refused_also_as_a_choice(client: Client) -> None:
    token = client.open()
    choice = client.say(token, "Wirtschaft", "erste-id").json["choices"][0]
    problem(client.say(token, "Politik", "erste-id"), 409, "id_reused")
    problem(client.say(token, id_="erste-id", choice=choice["id"]), 409, "id_reused")
    assert client.say(client.open(), "Politik", "erste-id").status == 200, (
        "ids are each person's own"
    )


def test_signatures_and_tokens_are_compared_in_constant_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(1) or real(a, b))
    token = client.open()
    choice = client.say(token, "Wirtschaft").json["choices"][0]["id"]
    for call in (
        lambda: client.say("a.b.c", "x"),
        lambda: client.say(token, choice=choice),
        lambda: client.call("GET", f"/plan/{plan_token()}"),
    ):
        compared.clear()
        call()
        assert compared


# --- web pages of others --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    allowed = "https://www.erlenwerder.example"
    folder = tmp_path_factory.mktemp("lotse")
    with serving(folder, allowed_origins=allowed) as (address, _):
        yield Client(address)


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "https://", "http://[", "https://erlenwerder.example", "https://evil.example",
        "https://www.erlenwerder.example.evil.example", "https://evilwww.erlenwerder.example",
        "https://www.erlenwerder.example:444", "http://www.erlenwerder.example",
        "https://www.erlenwerder.example/", "https://www.erlenwerder.example@evil.example",
        "https://evil.example#www.erlenwerder.example", "HTTPS://WWW.ERLENWERDER.EXAMPLE",
        "https://www.erlenwerder.example, https://evil.example", "file://", "*",
    ],
)  # fmt: skip
def test_a_foreign_page_gets_no_answer_and_no_leave_to_read_one(town: Client, origin: str) -> None:
    for method, path in (
        ("POST", "/conversations"),
        ("OPTIONS", "/messages"),
        ("DELETE", "/conversation"),
    ):
        answer = town.call(method, f"/api/v1{path}", Origin=origin)
        problem(answer, 403, "origin")
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_without_a_host_cannot_pass_for_our_own(town: Client) -> None:
    request = (
        b"POST /api/v1/conversations HTTP/1.1\r\nHost: \r\nOrigin: null\r\nContent-Length: 0\r\n"
    )
    assert status(exchange(town.address, request + b"Connection: close\r\n\r\n")) == 403


@pytest.mark.parametrize("header", [{"Origin": "http://evil.example"}, {"Sec_Fetch_Mode": "cors"}])
def test_no_web_page_reaches_the_rest_channel(client: Client, header: dict) -> None:
    body = {"sender": "anna", "message": "Guten Tag"}
    for host in ({}, {"Host": "evil.example"}):
        assert client.call("POST", "/webhooks/rest/webhook", body, **header, **host).status == 403


@pytest.mark.parametrize("path", ["/", "/lotse", "/datenschutz", "/health", "/nirgends", "/plan/x"])
def test_a_false_host_appears_nowhere(client: Client, path: str) -> None:
    headers = {
        "Host": "evil.example",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Proto": "evil",
    }
    answer = client.call("GET", path, **headers)
    assert b"evil" not in answer.body
    assert "evil" not in str(answer.headers)


@pytest.mark.parametrize("path", ["/", "/lotse", "/datenschutz", "/plan/x", "/health", "/nirgends"])
def test_no_foreign_site_may_frame_a_page(client: Client, path: str) -> None:
    policy = client.call("GET", path).headers["Content-Security-Policy"]
    assert re.search(r"frame-ancestors '(self|none)'(;|$)", policy)


# --- false addresses ------------------------------------------------------------------------------


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_false_address_does_not_lift_the_rate_limit(tmp_path: Path, proxies: int) -> None:
    with serving(tmp_path, rate_address=5, proxies=proxies) as (address, _):
        client = Client(address)
        real = ["203.0.113.7"] if proxies else []
        answers = []
        for number in range(15):
            false = {
                "X_Forwarded_For": ", ".join([f"10.0.0.{number}", "127.0.0.1", *real]),
                "Forwarded": f"for=10.1.0.{number}",
                "X_Real_IP": f"10.2.0.{number}",
            }
            answers.append(client.call("DELETE", "/api/v1/conversation", **false).status)
    assert set(answers) == {401, 429}


def test_the_addresses_of_one_ipv6_network_count_as_one(tmp_path: Path) -> None:
    with serving(tmp_path, rate_address=5, proxies=1) as (address, _):
        client = Client(address)

        def call(sender: str) -> int:
            return client.call("DELETE", "/api/v1/conversation", X_Forwarded_For=sender).status

        assert 429 in [call(f"2001:db8:1:2::{number:x}") for number in range(15)]
        assert call("2001:db8:1:3::1") == 401
        assert 429 in [call(f"[2001:db8:1:4::{number}]") for number in range(15)]
        mapped = ("198.51.100.1", "::ffff:198.51.100.1")
        assert 429 in [call(mapped[number % 2]) for number in range(10)]


# --- files, headers, log --------------------------------------------------------------------------


def test_whatever_the_path_no_file_is_served_that_is_not_meant_to_be(url: str) -> None:
    secrets = (b"root:", b"BaseSettings", b"pydantic", b"intents:", b"SQLite format")
    for path in corpus.PATHS:
        answer = exchange(
            url, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert status(answer) in (200, 400, 403, 404, 405, 413), path
        assert not any(secret in answer for secret in secrets), path
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"\nset-cookie" not in head.lower(), path
        if status(answer) == 404 and b"text/html" in head:
            assert b"<script>alert" not in body, path


def test_line_breaks_and_terminal_codes_reach_neither_headers_nor_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    token = client.open()
    evil = f"{corpus.MARKER}\r\nSet-Cookie: a=b\r\n\r\n\x1b[2J\n2026-01-01 CRITICAL root: falsch"
    answers = [
        client.say(token, evil),
        client.call("POST", "/webhooks/rest/webhook", {"sender": "anna", "message": evil}),
        client.call("POST", "/webhooks/rest/webhook", {"sender": evil, "message": "a"}),
        client.call("POST", "/api/v1/feedback", {"entry": evil, "helpful": True}, token),
        client.call("GET", "/plan/%0d%0aSet-Cookie:%20a=b"),
        client.call("GET", f"/%0d%0a{corpus.MARKER}%1b%5b2J"),
    ]
    assert all("Set-Cookie" not in answer.headers for answer in answers)
    assert all(answer.status < 500 for answer in answers)
    assert corpus.MARKER not in caplog.text
    assert "\x1b" not in caplog.text


@pytest.mark.parametrize("key", ["__proto__", "constructor", "toString"])
def test_keys_that_scripts_stumble_over_are_refused(client: Client, key: str) -> None:
    raw = json.dumps({"id": "12345678", "text": "a", key: {"x": 1}}).encode()
    problem(client.call("POST", "/api/v1/messages", raw, client.open()), 422, "invalid")


def test_what_is_stored_never_becomes_part_of_an_error_message(tmp_path: Path) -> None:
    from bot.storage.feedback import Feedback, FeedbackStore

    store = FeedbackStore(f"sqlite:///{tmp_path / 'u.db'}")
    with store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE rueckmeldungen")
    with pytest.raises(Exception, match="no such table") as caught:
        store.add(Feedback("grundlagen-1", True, corpus.MARKER))
    assert corpus.MARKER not in str(caught.value)


def test_settings_never_show_their_secrets() -> None:
    settings = Settings(secret="x" * 40, rocketchat_url="", state_dir=Path("/nirgends"))
    assert "x" * 40 not in repr(settings) + str(settings.dict())
