"""What a hostile page, server or editor could try on the widget, in a real Chromium."""

import json

import pytest

from tests.attack.test_markup import EVIL
from tests.scripted import ATTACK

pytestmark = pytest.mark.browser

OUTCOME = {"status": "answer", "topic": None, "group": None, "kind": None, "entries": ["x"],
           "confidence": 1, "source": None}  # fmt: skip


def answering(chat, raw: str, status: int = 200) -> None:
    chat.page.route(
        "**/api/v1/messages",
        lambda route: route.fulfill(status=status, content_type="application/json", body=raw),
    )


def untouched(chat) -> None:
    assert chat.page.evaluate("({}).verseucht") is None
    assert chat.page.title().startswith("Engagement fördern")
    assert chat.page.locator("article :is(img, script, iframe, svg, style, object)").count() == 0


def test_what_a_person_types_stays_text_also_after_a_reload(open_page):
    chat = open_page().open()
    for text in EVIL[:4]:
        chat.ask(text)
    untouched(chat)
    chat.page.reload()
    chat.open()
    assert chat.page.locator("article.you").first.inner_text().endswith(EVIL[0])
    untouched(chat)


def test_keys_of_a_response_never_change_what_scripts_inherit(open_page):
    chat = open_page().open()
    part = '{"type": "paragraph", "text": "Gut", "__proto__": {"verseucht": 1}}'
    choice = json.dumps({"id": "__proto__", "title": "__proto__"})
    outcome = json.dumps(OUTCOME)[:-1] + ', "__proto__": {"verseucht": 1}}'
    answering(
        chat,
        f'{{"id": "constructor", "__proto__": {{"verseucht": 1}}, "answer": {outcome}, '
        f'"parts": [{part}, {{"type": "__proto__", "text": "{EVIL[5]}"}}], "choices": [{choice}]}}',
    )
    chat.ask("Guten Tag")
    chat.page.get_by_role("button", name="__proto__").wait_for()
    untouched(chat)


@pytest.mark.parametrize("code", ["__proto__", "constructor", "toString", ATTACK])
def test_an_unknown_problem_is_said_in_plain_words(open_page, code):
    chat = open_page().open()
    answering(chat, json.dumps({"code": code, "detail": ATTACK}), 400)
    chat.ask("Guten Tag", wait=False)
    chat.page.get_by_role("button", name="Erneut versuchen").wait_for()
    assert chat.alert.inner_text().strip()
    untouched(chat)


def test_no_link_leads_to_a_script_or_an_unencrypted_stranger(open_page):
    paths = ("javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "file:///x",
             "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "//evil.example",
             "http://evil.example")  # fmt: skip
    chat = open_page().open()
    parts = [{"type": "link", "text": "Plan", "path": path} for path in paths]
    answering(chat, json.dumps({"id": "x", "answer": OUTCOME, "choices": [], "parts": parts}))
    chat.ask("Guten Tag")
    assert chat.replies.nth(1).get_by_text("Plan").count() == len(paths)
    assert chat.replies.nth(1).locator("a").count() == 0
    untouched(chat)
