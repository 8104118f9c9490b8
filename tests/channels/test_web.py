"""The web channel over real HTTP, with a scripted assistant."""

import http.client
import json
import random
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from string import ascii_lowercase
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from bot import server
from bot.channels.web.contract import document, validator
from bot.channels.web.limits import IDLE_SECONDS, RateLimit, Sessions, TooMany
from bot.channels.web.tokens import InvalidToken, Tokens
from bot.storage.feedback import Feedback, FeedbackStore
from tests.scripted import ScriptedAgent, live_knowledge, serving


def _word() -> str:
    """Return a word that no other test says; digits could be taken for a telephone number."""
    return "".join(random.choices(ascii_lowercase, k=12))


class Answer:
    def __init__(self, status: int, headers, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """A person's browser, as far as HTTP goes."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(
        self, method: str, path: str, body=None, token: str | None = None, **headers
    ) -> Answer:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token}")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def open(self) -> str:
        answer = self.call("POST", "/api/v1/conversations")
        assert answer.status == 201
        assert not list(validator("Ticket").iter_errors(answer.json))
        return answer.json["token"]

    def say(self, token: str, text: str | None = None, id_: str | None = None, **body) -> Answer:
        body = {"id": id_ or uuid4().hex, **({} if text is None else {"text": text}), **body}
        return self.call("POST", "/api/v1/messages", body, token)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(server, "get_live_knowledge", live_knowledge)
    with serving(
        tmp_path_factory.mktemp("lotse"), rate_conversation=1000, rate_address=100_000
    ) as it:
        yield it
    patch.undo()


@pytest.fixture
def client(served) -> Client:
    return Client(served[0])


@pytest.fixture
def agent(served) -> ScriptedAgent:
    return served[1]


def problem(answer: Answer, status: int, code: str) -> Answer:
    """Check that an answer is a problem as the contract has it."""
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not list(validator("Problem").iter_errors(answer.json))
    return answer


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["Wirtschaft", "meinten", "Kuchen", "Plan", "Angriff", "Guten Tag"]
)
def test_every_answer_is_as_the_contract_says(client, text):
    answer = client.say(client.open(), text)
    assert answer.status == 200
    assert not list(validator("Answer").iter_errors(answer.json))


def test_the_target_of_a_choice_stays_on_the_server(client):
    answer = client.say(client.open(), "Wirtschaft")
    assert all(set(choice) == {"id", "title"} for choice in answer.json["choices"])
    assert b"eintrag:" not in answer.body


def test_a_choice_is_taken_up_by_its_id(client):
    token = client.open()
    choice = client.say(token, "Wirtschaft").json["choices"][0]
    answer = client.say(token, choice=choice["id"]).json
    assert answer["answer"]["status"] == "answer"
    assert answer["parts"][0] == {"type": "heading", "text": choice["title"]}


def test_a_choice_of_another_conversation_is_refused(client):
    choice = client.say(client.open(), "Wirtschaft").json["choices"][0]
    problem(client.say(client.open(), choice=choice["id"]), 422, "choice")


@pytest.mark.parametrize("choice", ["", ".", "abc", "YWJj.0000", "eintrag:politik-1", "ä.ö"])
def test_an_invented_choice_is_refused(client, choice):
    problem(client.say(client.open(), choice=choice), 422, "choice")


def test_typed_text_never_acts_as_an_intent(client, agent):
    client.say(client.open(), '/neustart{"gruppe": "politik"}')
    assert not agent.handled[-1].startswith("/")


def test_an_error_inside_ends_in_a_clear_answer(client):
    answer = client.say(client.open(), "Das ist kaputt").json
    assert answer["answer"]["status"] == "no_answer"
    assert answer["parts"]


def test_half_characters_do_no_harm(client):
    body = b'{"id": "12345678", "text": "Vereine \\ud800"}'
    assert client.call("POST", "/api/v1/messages", body, client.open()).status == 200


# --- repeated and simultaneous messages -----------------------------------------------------------


def test_a_repeated_message_gets_the_same_answer_and_is_processed_once(client, agent):
    token, text = client.open(), f"einmal {_word()}"
    first, second = (client.say(token, text, "gleiche-id").json for _ in range(2))
    assert first == second
    assert agent.handled.count(text) == 1


def test_the_id_of_a_message_belongs_to_one_text(client):
    token = client.open()
    client.say(token, "eins", "gleiche-id")
    problem(client.say(token, "zwei", "gleiche-id"), 409, "id_reused")


def test_a_message_sent_twice_at_once_is_processed_once(client, agent):
    token, text = client.open(), f"langsam {_word()}"
    agent.slow.clear()
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(client.say, token, text, "gleiche-id") for _ in range(3)]
        agent.slow.set()
        answers = [call.result().json for call in calls]
    assert answers[0] == answers[1] == answers[2]
    assert agent.handled.count(text) == 1


def test_an_answer_that_takes_too_long_can_be_fetched_later(tmp_path):
    with serving(tmp_path, answer_seconds=1) as (address, agent):
        client = Client(address)
        token = client.open()
        answer = problem(client.say(token, "langsam", "gleiche-id"), 503, "timeout")
        assert int(answer.headers["Retry-After"]) > 0
        agent.slow.set()
        assert client.say(token, "langsam", "gleiche-id").status == 200
        assert agent.handled == ["langsam"]


def test_two_thousand_messages_in_fifty_conversations_are_neither_lost_nor_mixed_up(client):
    def talk(number: int) -> list[str]:
        token = client.open()
        texts = [f"Gespräch {number} Nachricht {turn}" for turn in range(40)]
        return [client.say(token, text).json["parts"][0]["text"] for text in texts]

    with ThreadPoolExecutor(10) as pool:
        conversations = list(pool.map(talk, range(50)))
    for number, said in enumerate(conversations):
        expected = [f"{turn + 1}: Gespräch {number} Nachricht {turn}" for turn in range(40)]
        assert said == expected


# --- whose conversation ---------------------------------------------------------------------------


def test_without_a_valid_token_nothing_is_learnt(client):
    token = client.open()
    client.say(token, "geheim")
    conversation, expires, signature = token.split(".")
    forged = [
        "", "x", "..", "a.b.c",
        f"{conversation}.{expires}.{'0' * len(signature)}",
        f"{conversation}.{int(expires) + 1}.{signature}",
        f"web-{'0' * 32}.{expires}.{signature}",
        Tokens(b"ein anderer Schluessel", 60).issue().token,
    ]  # fmt: skip
    answers = [client.say(wrong, "weiter") for wrong in forged]
    answers += [client.call("DELETE", "/api/v1/conversation", token=wrong) for wrong in forged]
    answers.append(client.call("POST", "/api/v1/messages", {"id": "12345678", "text": "weiter"}))
    answers.append(client.call("DELETE", "/api/v1/conversation", Authorization=f"Basic {token}"))
    for answer in answers:
        assert problem(answer, 401, "token").headers["WWW-Authenticate"] == "Bearer"
    assert len({answer.body for answer in answers}) == 1


def test_a_token_expires():
    now = [1000.0]
    tokens = Tokens(b"schluessel", 60, lambda: now[0])
    ticket = tokens.issue()
    assert tokens.read(ticket.token) == ticket.conversation
    now[0] += 61
    with pytest.raises(InvalidToken):
        tokens.read(ticket.token)


def test_deleting_reaches_the_store_and_ends_the_token(client, agent):
    token = client.open()
    conversation = token.split(".")[0]
    client.say(token, "weg damit")
    assert conversation in agent.store.conversations
    assert client.call("DELETE", "/api/v1/conversation", token=token).status == 204
    assert conversation not in agent.store.conversations
    problem(client.say(token, "noch da?"), 401, "token")


def test_deleting_waits_for_a_turn_that_is_being_taken(client, agent):
    token = client.open()
    agent.slow.clear()
    with ThreadPoolExecutor() as pool:
        started = len(agent.handled)
        message = pool.submit(client.say, token, "langsam")
        while len(agent.handled) == started:
            threading.Event().wait(0.005)
        deletion = pool.submit(client.call, "DELETE", "/api/v1/conversation", None, token)
        agent.slow.set()
        assert deletion.result().status == 204
        assert message.result().status == 200
    assert token.split(".")[0] not in agent.store.conversations


def test_a_conversation_deleted_by_word_leaves_no_answers_behind(client, agent):
    token, text = client.open(), "privat und vertraulich"
    client.say(token, text, "gleiche-id")
    client.say(token, "Lösche meine Daten")
    assert client.say(token, text, "gleiche-id").json["parts"][0]["text"].startswith("1: ")


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"\xff", 400, "invalid_json"),
        (b"[" * 60_000, 400, "invalid_json"),
        (b"[]", 422, "invalid"),
        ({}, 422, "invalid"),
        ({"id": "12345678"}, 422, "invalid"),
        ({"id": "kurz", "text": "a"}, 422, "invalid"),
        ({"id": "12345678", "text": 7}, 422, "invalid"),
        ({"id": "12345678", "text": "a", "choice": "b"}, 422, "invalid"),
        ({"id": "12345678", "text": "a", "sender": "b"}, 422, "invalid"),
        ({"id": "12345678", "text": " \n\u200b"}, 422, "text_empty"),
        ({"id": "12345678", "text": "ä" * 1001}, 422, "text_too_long"),
        (b" " * 70_000, 413, "too_large"),
        (b" " * 200_000, 413, "http_413"),
    ],
)
def test_what_is_not_a_message_is_refused_with_the_reason(client, body, status, code):
    problem(client.call("POST", "/api/v1/messages", body, client.open()), status, code)


def test_the_limit_of_a_text_is_said_and_exact(client):
    token = client.open()
    assert client.say(token, "😀" * 1000).status == 200
    assert "1000" in client.say(token, "a" * 1001).json["detail"]


def test_other_content_types_are_refused(client):
    answer = client.call(
        "POST", "/api/v1/messages", b"{}", client.open(), Content_Type="text/plain"
    )
    problem(answer, 415, "content_type")


def test_too_many_messages_in_a_conversation_have_to_wait(tmp_path):
    with serving(tmp_path, rate_conversation=3) as (address, _):
        client = Client(address)
        token = client.open()
        answers = [client.say(token, "eins", "gleiche-id")]
        answers += [client.say(token, f"{number}") for number in range(2)]
        assert [answer.status for answer in answers] == [200] * 3
        answer = problem(client.say(token, "zu viel"), 429, "rate")
        assert 1 <= int(answer.headers["Retry-After"]) <= 20
        assert client.say(token, "eins", "gleiche-id").status == 200, "a repetition costs nothing"
        assert client.say(client.open(), "andere Leute").status == 200


def test_too_many_requests_from_an_address_have_to_wait(tmp_path):
    with serving(tmp_path, rate_address=5, proxies=1) as (address, _):
        client = Client(address)

        def call(sender: str) -> Answer:
            headers = {"X_Forwarded_For": f"erfunden, {sender}"}
            return client.call("DELETE", "/api/v1/conversation", **headers)

        assert [call("192.0.2.1").status for _ in range(5)] == [401] * 5
        assert "Retry-After" in problem(call("192.0.2.1"), 429, "rate").headers
        assert call("192.0.2.2").status == 401


def test_there_is_a_limit_to_open_conversations(tmp_path):
    with serving(tmp_path, open_conversations=2) as (address, _):
        client = Client(address)
        client.open(), client.open()
        answer = problem(client.call("POST", "/api/v1/conversations"), 429, "full")
        assert 0 < int(answer.headers["Retry-After"]) <= IDLE_SECONDS


def test_a_conversation_long_unused_is_dropped():
    now = [0.0]
    sessions = Sessions(2, lambda: now[0])
    sessions.open("a"), sessions.open("b")
    now[0] = IDLE_SECONDS - 100
    sessions.open("a")
    with pytest.raises(TooMany) as refused:
        sessions.open("c")
    assert refused.value.retry_after == 100
    now[0] = IDLE_SECONDS
    sessions.open("c")
    assert len(sessions) == 2


def test_a_rate_fills_up_steadily():
    now = [0.0]
    limit = RateLimit(60, lambda: now[0])
    assert [limit.wait("a") for _ in range(61)] == [0] * 60 + [1]
    now[0] += 2
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 1]


# --- origins --------------------------------------------------------------------------------------


def test_only_this_site_and_the_allowed_ones_may_use_the_channel(tmp_path):
    allowed = "https://www.erlenwerder.example"
    with serving(tmp_path, allowed_origins=f"{allowed}, https://intern.example:8443") as (
        address,
        _,
    ):
        client = Client(address)

        def opened(origin: str) -> Answer:
            return client.call("POST", "/api/v1/conversations", Origin=origin)

        answer = opened(allowed)
        assert answer.status == 201
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
        assert "Origin" in answer.headers["Vary"]
        assert opened(address).status == 201
        for foreign in ("https://erlenwerder.example", "http://www.erlenwerder.example", "null",
                        f"{allowed}.evil.example", "https://intern.example"):  # fmt: skip
            answer = problem(opened(foreign), 403, "origin")
            assert "Access-Control-Allow-Origin" not in answer.headers

        asked = client.call("OPTIONS", "/api/v1/messages", Origin=allowed)
        assert asked.status == 204
        assert asked.headers["Access-Control-Allow-Methods"] == "POST"
        assert asked.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
        problem(client.call("OPTIONS", "/api/v1/messages", Origin="null"), 403, "origin")


@pytest.mark.parametrize("path", ["/", "/lotse", "/datenschutz", "/widget/engagement-lotse.js",
                                  "/health", "/api/v1/openapi.json", "/gibt-es-nicht"])  # fmt: skip
def test_every_response_has_its_security_headers(client, path):
    headers = client.call("GET", path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_page_that_the_browser_has_is_not_sent_again(client):
    first = client.call("GET", "/widget/engagement-lotse.js")
    again = client.call("GET", "/widget/engagement-lotse.js", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_a_town_shows_its_own_start_page_and_privacy_text(tmp_path):
    own = "https://www.erlenwerder.example/datenschutz"
    with serving(tmp_path, demo=False, privacy_url=own) as (address, _):
        client = Client(address)
        assert b"full-page" in client.call("GET", "/").body
        connection = http.client.HTTPConnection(address.removeprefix("http://"))
        connection.request("GET", "/datenschutz")
        assert connection.getresponse().headers["Location"] == own
        connection.close()


def test_no_other_files_are_served(client):
    for path in ("/widget/../settings.py", "/widget/%2e%2e/settings.py", "/widget/demo.html"):
        problem(client.call("GET", path), 404, "http_404")


# --- feedback -------------------------------------------------------------------------------------


def test_feedback_is_kept_without_any_reference_to_the_conversation(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "get_live_knowledge", live_knowledge)
    with serving(tmp_path) as (address, _):
        client = Client(address)
        token = client.open()
        said = {"entry": "grundlagen-1", "helpful": False, "reason": "zu lang"}
        assert client.call("POST", "/api/v1/feedback", said, token).status == 204
        for wrong in ({"entry": "unbekannt", "helpful": True},):
            problem(client.call("POST", "/api/v1/feedback", wrong, token), 422, "unknown_entry")
        too_long = {**said, "reason": "a" * 501}
        problem(client.call("POST", "/api/v1/feedback", too_long, token), 422, "invalid")
        problem(client.call("POST", "/api/v1/feedback", said), 401, "token")
    database = tmp_path / "unterhaltungen.db"
    assert FeedbackStore(f"sqlite:///{database}").all() == [
        Feedback("grundlagen-1", False, "zu lang")
    ]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("unterhaltungen.db*"))
    assert token.split(".")[0].encode() not in stored


# --- the REST channel -----------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Real-IP"])
def test_the_rest_channel_is_for_this_machine_only(client, header):
    body = {"sender": "test", "message": "Guten Tag"}
    path = "/webhooks/rest/webhook"
    assert client.call("POST", path, body).status == 200
    refused = client.call("POST", path, body, **{header.replace("-", "_"): "192.0.2.1"})
    assert refused.status == 403


# --- the contract ---------------------------------------------------------------------------------


def test_the_contract_is_served_and_its_schemas_are_valid(client):
    assert client.call("GET", "/api/v1/openapi.json").json == document()
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
