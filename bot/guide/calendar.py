"""The calendar file of a plan: one reminder for each step (RFC 5545)."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta

from icalendar import Alarm, Calendar, Event

from bot.dialogue.texts import Texts
from bot.guide.plan import Plan
from bot.guide.say import step_source, step_texts
from bot.knowledge.guide import Reminders
from bot.knowledge.model import Knowledge

_SATURDAY = 5


def to_ics(plan: Plan, made: datetime, knowledge: Knowledge, texts: Texts) -> bytes:
    """Return the calendar file of a plan, the same for the same plan and time.

    The times are „floating“: 9 o'clock wherever the calendar is, which needs no time zone data
    and which Outlook and Thunderbird both read.
    """
    guide = knowledge.guide
    assert guide is not None
    calendar = Calendar()
    calendar.add("prodid", "-//Engagement-Lotse//Plan//DE")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", texts("plan_titel"))
    for number, day in enumerate(days(guide.erinnerungen, made.date()), 1):
        step = plan.steps[number - 1]
        _, why, begin, effect = step_texts(plan, number, texts)
        where = step_source(step, knowledge, texts)
        title = texts("plan_termin", nummer=str(number), titel=step.entry.titel)
        event = Event()
        identity = f"{made.isoformat()} {number} {step.entry.id}".encode()
        event.add("uid", f"{hashlib.sha256(identity).hexdigest()[:32]}@engagement-lotse")
        event.add("dtstamp", made)
        start = datetime.combine(day, time.fromisoformat(guide.erinnerungen.uhrzeit))
        event.add("dtstart", start)
        event.add("dtend", start + timedelta(minutes=guide.erinnerungen.minuten))
        event.add("summary", title)
        event.add("description", "\n\n".join((begin, why, effect, where)))
        event.add("transp", "TRANSPARENT")  # a reminder does not make anybody busy
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", timedelta(minutes=-15))
        event.add_component(alarm)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def days(reminders: Reminders, made: date) -> list[date]:
    """Return the days of the reminders; one at the weekend moves to Monday."""
    wanted = [made + timedelta(days=after) for after in reminders.tage]
    return [
        day + timedelta(days=7 - day.weekday()) if day.weekday() >= _SATURDAY else day
        for day in wanted
    ]
