"""The plan to take along: the link, the page, Markdown and the calendar file."""

from __future__ import annotations

import stat
from datetime import date, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import icalendar
import jwt
import pytest

from bot import secret
from bot.dialogue.texts import Texts
from bot.guide import calendar, link, page
from bot.guide.plan import Plan, build
from bot.guide.state import CHECK, START
from bot.knowledge import Knowledge
from bot.settings import Settings

KEY = b"ein Schluessel nur fuer die Tests"
MADE = datetime(2026, 11, 2, 8, 30, tzinfo=timezone.utc)  # a Monday
UNTIL = MADE + timedelta(days=30)
ANSWERS = {"ort": "dorf", "zeit": "nebenbei", "gruppe": "wirtschaft", "anliegen": "verbuendete"}


@pytest.fixture(scope="module")
def plan(knowledge: Knowledge) -> Plan:
    return build(START, ANSWERS, knowledge)


def now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def test_a_token_carries_all_that_the_plan_needs() -> None:
    made = now()
    read = link.read(link.sign(START, ANSWERS, KEY, 30, made), KEY)
    assert read == link.PlanLink(START, ANSWERS, made, made + timedelta(days=30))


def test_an_expired_token_is_told_from_a_wrong_one() -> None:
    old = link.sign(START, ANSWERS, KEY, 30, now() - timedelta(days=31))
    with pytest.raises(link.LinkExpired):
        link.read(old, KEY)
    with pytest.raises(link.LinkInvalid):
        link.read(old, b"ein ganz anderer Schluessel, lang")


def test_no_tampering_gets_through() -> None:
    token = link.sign(START, ANSWERS, KEY, 30, now())
    for at in range(len(token)):
        other = "A" if token[at] != "A" else "Q"
        changed = token[:at] + other + token[at + 1 :]
        try:
            assert link.read(changed, KEY).answers == ANSWERS  # the last character has spare bits
            assert at == len(token) - 1
        except link.LinkInvalid:
            pass


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ä" * 50, "x" * 10_000])
def test_nonsense_is_no_token(token: str) -> None:
    with pytest.raises(link.LinkInvalid):
        link.read(token, KEY)


def test_an_unsigned_token_or_one_for_something_else_is_none() -> None:
    claims = {"d": START, "a": ANSWERS, "iat": now(), "exp": now() + timedelta(days=1)}
    forged = jwt.encode(claims, "", algorithm="none")
    with pytest.raises(link.LinkInvalid):
        link.read(forged, KEY)
    other = jwt.encode({**claims, "d": "anderes"}, KEY, algorithm="HS256")
    with pytest.raises(link.LinkInvalid):
        link.read(other, KEY)
    endless = jwt.encode({"d": START, "a": ANSWERS}, KEY, algorithm="HS256")
    with pytest.raises(link.LinkInvalid):
        link.read(endless, KEY)


def test_the_longest_token_fits_into_an_address(knowledge: Knowledge) -> None:
    assert knowledge.guide is not None
    answers = {"gruppe": "alle", **dict.fromkeys(knowledge.guide.check.faktoren, "weiss_nicht")}
    token = link.sign(CHECK, answers, KEY, 30, now())
    assert len(token) < 1_500
    assert link.read(token, KEY).answers == answers


def test_the_calendar_file_has_three_reminders_on_working_days(
    plan: Plan, knowledge: Knowledge, texts: Texts
) -> None:
    raw = calendar.to_ics(plan, MADE, knowledge, texts)
    read = icalendar.Calendar.from_ical(raw)
    assert read["version"] == "2.0"
    assert read["method"] == "PUBLISH"
    assert read["prodid"]
    assert not read.errors
    events = list(read.walk("VEVENT"))
    assert len(events) == 3
    assert len({str(event["uid"]) for event in events}) == 3
    for step, event in zip(plan.steps, events):
        assert step.entry.titel in str(event["summary"])
        assert step.text.diese_woche in str(event["description"])
        assert step.entry.quelle.place in str(event["description"])
        assert event["dtstamp"].dt.tzinfo is not None
        start, end = event["dtstart"].dt, event["dtend"].dt
        assert start.tzinfo is None  # floating: 9 o'clock wherever the calendar is
        assert (start.hour, end - start) == (9, timedelta(minutes=30))
        assert start.weekday() < 5
        (alarm,) = event.walk("VALARM")
        assert alarm["action"] == "DISPLAY"
        assert alarm["trigger"].dt == timedelta(minutes=-15)
    assert [e["dtstart"].dt.date() for e in events] == [
        date(2026, 11, 9),
        date(2026, 11, 23),
        date(2026, 12, 14),
    ]


def test_the_calendar_file_keeps_to_the_form_that_outlook_wants(
    plan: Plan, knowledge: Knowledge, texts: Texts
) -> None:
    raw = calendar.to_ics(plan, MADE, knowledge, texts)
    assert raw.startswith(b"BEGIN:VCALENDAR\r\n")
    assert raw.endswith(b"END:VCALENDAR\r\n")
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not any(b"\n" in line for line in lines)
    assert raw == calendar.to_ics(plan, MADE, knowledge, texts)  # imported twice it stays one


def test_a_reminder_at_the_weekend_moves_to_monday(knowledge: Knowledge) -> None:
    assert knowledge.guide is not None
    days = calendar.days(knowledge.guide.erinnerungen, date(2026, 11, 7))  # a Saturday
    assert days[0] == date(2026, 11, 16)


class Outline(HTMLParser):
    """Collects what matters to people who don't see a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "link", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_in_order_and_loads_nothing(
    plan: Plan, knowledge: Knowledge, texts: Texts
) -> None:
    composed = page.document(plan, MADE, UNTIL, knowledge, texts)
    html = page.to_html(composed, (("Kalender", "abc.ics"),))
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    assert outline.tags.count("h1") == 1
    assert {"main", "nav", "footer", "title"} <= set(outline.tags)
    assert ("lang", "de") in outline.attributes
    assert not {"script", "img", "iframe", "link"} & set(outline.tags)
    assert "http" not in html
    assert "02.11.2026" in html and "02.12.2026" in html
    for step in plan.steps:
        assert step.entry.titel in html


def test_what_editors_write_is_never_taken_for_html(
    plan: Plan, knowledge: Knowledge, texts: Texts
) -> None:
    assert "<b>&" not in page.message("<b>&", "x")
    assert "&lt;b&gt;&amp;" in page.message("<b>&", "x")


def test_the_policy_allows_the_style_sheet_of_the_page_and_nothing_else() -> None:
    assert page.CONTENT_POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in page.CONTENT_POLICY


def test_the_markdown_has_everything_that_the_page_has(
    plan: Plan, knowledge: Knowledge, texts: Texts
) -> None:
    text = page.to_markdown(page.document(plan, MADE, UNTIL, knowledge, texts))
    assert text.startswith("# Ihr Plan: drei erste Schritte\n")
    assert text.count("\n## Schritt") == 3
    for step in plan.steps:
        assert step.text.wirkung in text
        assert step.entry.quelle.place in text


def test_the_plan_of_a_check_shows_its_result(knowledge: Knowledge, texts: Texts) -> None:
    answers = {"gruppe": "politik", "politik-erfolgsfaktor-1": "ja"}
    made = build(CHECK, answers, knowledge)
    text = page.to_markdown(page.document(made, MADE, UNTIL, knowledge, texts))
    assert "## Das sind Ihre Stärken:\n\n- Der Dialog mit der Politik läuft stetig" in text
    assert "## Das ist noch offen:" in text


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "neu")
    first = secret.key(settings, "plan")
    file = tmp_path / "neu" / secret.FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret._stored.cache_clear()
    assert secret.key(settings, "plan") == first
    assert secret.key(settings, "anderes") != first
    assert [path.name for path in file.parent.iterdir()] == [secret.FILE_NAME]


def test_a_secret_from_the_settings_needs_no_file(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "neu", secret="x" * 32)
    assert len(secret.key(settings, "plan")) == 32
    assert not (tmp_path / "neu").exists()


def test_a_short_secret_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mindestens 32 Zeichen"):
        Settings(secret="kurz")
    (tmp_path / secret.FILE_NAME).write_text("kurz")
    with pytest.raises(secret.SecretUnusable, match="beschädigt"):
        secret.key(Settings(state_dir=tmp_path), "plan")
