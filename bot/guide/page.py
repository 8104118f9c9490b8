"""A plan to take along: an accessible page that prints well, and Markdown."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.dialogue.texts import Texts
from bot.guide.plan import Plan
from bot.guide.say import result, step_source, step_texts
from bot.knowledge.model import Knowledge

_FOLDER = Path(__file__).parent / "vorlagen"
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STYLE = (_FOLDER / "plan.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Allows the page its own style sheet and nothing else: no script, no request to anybody."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|])")


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs or a list below."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """All that a page says, in order."""

    title: str
    intro: str
    sections: tuple[Section, ...]
    steps: tuple[tuple[Section, str], ...]
    """Each step with the line that says where it comes from."""
    after: tuple[Section, ...]
    foot: str


def document(
    plan: Plan, made: datetime, until: datetime, knowledge: Knowledge, texts: Texts
) -> Document:
    """Compose the page of a plan."""
    open_ = texts("plan_keine_angabe")
    given = tuple(
        texts("fuehrung_antwort", thema=theme, antwort=title or open_)
        for theme, title in plan.given
    )
    before = [(texts("plan_angaben"), given)]
    if plan.result:
        before += [(part.label or "", part.items) for part in result(plan.result, texts)]
    steps = []
    for number, step in enumerate(plan.steps, 1):
        heading, *paragraphs = step_texts(plan, number, texts)
        steps.append((Section(heading, tuple(paragraphs)), step_source(step, knowledge, texts)))
    after = (
        (texts("plan_erfolgsfaktoren"), tuple(e.titel for e in plan.factors)),
        (texts("plan_spaeter"), tuple(e.titel for e in plan.later)),
    )
    dates = {"datum": f"{made:%d.%m.%Y}", "ende": f"{until:%d.%m.%Y}"}
    return Document(
        texts("plan_titel"),
        texts("plan_motto"),
        tuple(Section(heading, items=items) for heading, items in before if items),
        tuple(steps),
        tuple(Section(heading, items=items) for heading, items in after if items),
        texts("plan_seite_stand", **dates),
    )


def to_html(page: Document, links: tuple[tuple[str, str], ...] = ()) -> str:
    """Render a page; ``links`` are ``(text, address)`` and are not printed."""
    return _render("plan.html.j2", page=page, links=links)


def message(title: str, text: str) -> str:
    """Render a page that only says one thing."""
    return _render("hinweis.html.j2", title=title, text=text)


def to_markdown(page: Document) -> str:
    """Render a page as Markdown."""
    lines = [f"# {_plain(page.title)}", _plain(page.intro)]
    for section in page.sections:
        lines += _markdown(section)
    for section, where in page.steps:
        lines += [*_markdown(section), f"*{_plain(where)}*"]
    for section in page.after:
        lines += _markdown(section)
    return "\n\n".join([*lines, "---", _plain(page.foot)]) + "\n"


def _markdown(section: Section) -> list[str]:
    items = "\n".join(f"- {_plain(item)}" for item in section.items)
    paragraphs = [_plain(paragraph) for paragraph in section.paragraphs]
    return [f"## {_plain(section.heading)}", *paragraphs, *([items] if items else [])]


def _plain(text: str) -> str:
    """Return text in which nothing is mistaken for Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def _render(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(style=_STYLE, **values)
