"""Texts that an editor of a town's own entries writes never run, wherever they are shown."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from html.parser import HTMLParser

import icalendar
import pytest

from bot.answer import (
    Choice,
    Heading,
    Link,
    Numbered,
    Outcome,
    Paragraph,
    Points,
    Reply,
    SourceLine,
)
from bot.channels.rocketchat.markup import render
from bot.dialogue.texts import Texts
from bot.guide import page
from bot.guide.calendar import to_ics
from bot.guide.plan import build
from bot.knowledge import Knowledge, load_knowledge
from bot.settings import get_settings

EVIL = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "[klick](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "a\r\nBEGIN:VALARM\r\nACTION:PROCEDURE\r\nEND:VALARM",
    "a\n# Titel\n- [x](data:text/html,x)",
    "@all #allgemein :smile: ||x||",
    "</style><style>*{display:none}",
)


class Tags(HTMLParser):
    """Collects the elements and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


@pytest.fixture(scope="module")
def own_knowledge() -> Knowledge:
    """A knowledge base that only the tests here see, as they change it."""
    return load_knowledge(get_settings().knowledge_dir)


def document(text: str) -> page.Document:
    section = page.Section(text, (text,), (text,))
    return page.Document(text, text, (section,), ((section, text),), (section,), text)


@pytest.mark.parametrize("text", EVIL)
def test_the_page_of_a_plan_shows_it_as_text(text: str) -> None:
    def tags(written: str) -> Tags:
        parser = Tags()
        parser.feed(page.to_html(document(written), ((written, "x.md"),)))
        return parser

    assert tags(text).names == tags("harmlos").names
    assert tags(text).attributes == tags("harmlos").attributes
    assert "49" not in page.to_html(document(text))


@pytest.mark.parametrize("text", EVIL)
def test_the_markdown_of_a_plan_holds_no_link_picture_or_html(text: str) -> None:
    written = page.to_markdown(document(text))
    assert not re.search(r"(?<!\\)[\[<]", written)


@pytest.mark.parametrize("text", EVIL)
def test_the_calendar_of_a_plan_holds_nothing_but_its_events(
    text: str, own_knowledge: Knowledge, texts: Texts
) -> None:
    plan = build("einstieg", {"gruppe": "politik", "anliegen": "verankern"}, own_knowledge)
    for step in plan.steps:
        object.__setattr__(step.entry, "titel", text)
    calendar = icalendar.Calendar.from_ical(
        to_ics(plan, datetime.now(timezone.utc), own_knowledge, texts)
    )
    assert {part.name for part in calendar.walk()} == {"VCALENDAR", "VEVENT", "VALARM"}
    assert {str(alarm["action"]) for alarm in calendar.walk("VALARM")} == {"DISPLAY"}


@pytest.mark.parametrize("text", EVIL)
def test_rocketchat_gets_no_link_mention_or_heading_out_of_it(text: str, texts: Texts) -> None:
    parts = (
        Heading(text),
        Paragraph(text),
        Points((text,), text),
        Numbered((text,)),
        SourceLine(text),
    )
    reply = Reply(Outcome("answer"), (*parts, Link(text, "plan/x")), (Choice(text, "x"),))
    rendered = render(reply, texts, limit=5000, public_url="https://lotse.example")
    shown = "\n".join(post["text"] for post in rendered.posts)
    for found in re.findall(r"\]\(([^)]*)\)", shown):
        assert found == "https://lotse.example/plan/x"
    assert not re.search(r"[@#](?=\w)|:(?=smile:)|^#(?=\s)|\|\|", shown, re.MULTILINE)
