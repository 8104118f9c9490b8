"""Plans to take along: ``/plan/<token>`` as a page, with ``.md`` as Markdown, ``.ics`` as calendar.

The token carries the answers and the plan is made anew for each request: nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable

from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.dialogue.texts import Texts
from bot.guide import link, page
from bot.guide.calendar import to_ics
from bot.guide.plan import build
from bot.knowledge.model import Knowledge

HEADERS = {
    "Content-Security-Policy": page.CONTENT_POLICY,
    "Referrer-Policy": "no-referrer",  # the address holds the answers
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-store",
}
_SUFFIXES = (".md", ".ics")


def plan_routes(
    key: bytes, knowledge: Callable[[], Knowledge], texts: Callable[[], Texts]
) -> Blueprint:
    """Return the routes of the plans.

    Args:
        key: that tokens are signed with.
        knowledge: returns the knowledge base in force.
        texts: returns the sentences in force.
    """
    blueprint = Blueprint("lotse_plan")

    @blueprint.get("/plan/<name>")
    async def plan(_: Request, name: str) -> HTTPResponse:
        suffix = next((s for s in _SUFFIXES if name.endswith(s)), "")
        try:
            read = link.read(name.removesuffix(suffix), key)
        except link.LinkExpired:
            return _message("plan_abgelaufen", 410, texts())
        except link.LinkInvalid:
            return _message("plan_ungueltig", 404, texts())
        if knowledge().guide is None:
            return _message("plan_ungueltig", 404, texts())
        return _file(name, suffix, read, knowledge(), texts())

    return blueprint


def _file(
    name: str, suffix: str, read: link.PlanLink, knowledge: Knowledge, texts: Texts
) -> HTTPResponse:
    made = build(read.dialogue, read.answers, knowledge)
    download = {"Content-Disposition": f'attachment; filename="{texts("plan_dateiname")}{suffix}"'}
    if suffix == ".ics":
        body = to_ics(made, read.made, knowledge, texts)
        kind = "text/calendar; charset=utf-8"
        return response.raw(body, headers={**HEADERS, **download}, content_type=kind)
    composed = page.document(made, read.made, read.until, knowledge, texts)
    if suffix == ".md":
        text, kind = page.to_markdown(composed), "text/markdown; charset=utf-8"
        return response.text(text, headers={**HEADERS, **download}, content_type=kind)
    # relative: they also work where the assistant is not at the root of its host
    links = (
        (texts("plan_link_markdown"), f"{name}.md"),
        (texts("plan_link_kalender"), f"{name}.ics"),
    )
    return response.html(page.to_html(composed, links), headers=HEADERS)


def _message(text: str, status: int, texts: Texts) -> HTTPResponse:
    body = page.message(texts(f"{text}_titel"), texts(text))
    return response.html(body, status, headers=HEADERS)
