"""What all responses of the server have in common: security headers, origins and errors."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from sanic import Sanic, response
from sanic.exceptions import SanicException, ServiceUnavailable
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse
from sqlalchemy.exc import SQLAlchemyError

from bot.settings import Settings
from bot.storage.problems import note

logger = logging.getLogger(__name__)

BODY_LIMIT = 128 * 1024
"""No request of any channel needs more bytes than this."""
ARRIVAL_SECONDS = 15
"""A request that has not arrived whole after so long is given up."""
PREFLIGHT_SECONDS = 600
STORE_RETRY_SECONDS = 30
"""When to try again what the database could not do."""
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Problem(SanicException):
    """A request that can't be answered, as :rfc:`9457` has it.

    Args:
        status: the HTTP status.
        code: names the problem for programs; the widget words it for people.
        detail: says to a developer what is wrong and what to do.
        retry_after: seconds after which the same request may succeed.
    """

    quiet = True

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, status)
        self.code = code
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


def secure(app: Sanic, settings: Settings) -> None:
    """Give every response of the app its security headers, and every error one form."""
    app.config.REQUEST_MAX_SIZE = BODY_LIMIT
    app.config.REQUEST_TIMEOUT = ARRIVAL_SECONDS
    app.config.RESPONSE_TIMEOUT = settings.answer_seconds + ARRIVAL_SECONDS
    app.config.PROXIES_COUNT = settings.proxies or None
    policy = content_security_policy(settings.origins)

    @app.middleware("response")
    async def add_headers(request: Request, answer: BaseHTTPResponse) -> None:
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        answer.headers.setdefault("Content-Security-Policy", policy)
        answer.headers.setdefault("Cache-Control", "no-store")
        if settings.origins:
            answer.headers["Vary"] = ", ".join(
                filter(None, ("Origin", answer.headers.get("Vary", "")))
            )
        if request.headers.get("origin") in settings.origins:
            answer.headers["Access-Control-Allow-Origin"] = request.headers["origin"]
            answer.headers["Access-Control-Expose-Headers"] = "Retry-After"

    @app.exception(Exception)
    async def answer_problem(request: Request, error: Exception) -> HTTPResponse:
        return as_response(error)


def content_security_policy(origins: frozenset[str]) -> str:
    """Return the policy of all pages: nothing but what this server serves itself.

    Args:
        origins: the foreign sites that may show the chat in a frame.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            " ".join(("frame-ancestors 'self'", *sorted(origins))),
        )
    )


def as_response(error: Exception) -> HTTPResponse:
    """Return an error as ``application/problem+json``; what is not meant to be seen is logged."""
    if isinstance(error, SQLAlchemyError):
        note(error)
        detail = "the database can't do this now; try again later"
        error = Problem(503, "storage", detail, retry_after=STORE_RETRY_SECONDS)
    if isinstance(error, Problem):
        status, code, detail = error.status_code, error.code, str(error)
    elif isinstance(error, SanicException) and 400 <= (error.status_code or 500) < 500:
        status, code, detail = error.status_code, f"http_{error.status_code}", str(error)
    elif isinstance(error, ServiceUnavailable):  # the client has gone, or nobody waits any longer
        status, code, detail = 503, "unavailable", str(error)
        error.headers = {"Retry-After": "5"}
    else:
        logger.error("Eine Anfrage ist gescheitert", exc_info=error)
        status, code = 500, "internal"
        detail = "The server could not answer. Its log says why."
    return response.json(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status,
         "code": code, "detail": detail},
        status,
        getattr(error, "headers", None),
        "application/problem+json",
    )  # fmt: skip


def check_origin(request: Request, origins: frozenset[str]) -> None:
    """Let only pages of this server and of the allowed sites use it.

    Programs that are no browsers send no ``Origin`` and are let through: they have no visitors
    whose rights they could misuse.

    Raises:
        Problem: 403, the page is of another site.
    """
    origin = request.headers.get("origin")
    if origin is None or origin in origins or _is_own(origin, request.host):
        return
    raise Problem(403, "origin", "this site may not use the assistant; see LOTSE_ALLOWED_ORIGINS")


def _is_own(origin: str, host: str) -> bool:
    try:
        return bool(host) and urlsplit(origin).netloc == host
    except ValueError:  # e.g. half an IPv6 address
        return False


def preflight(request: Request, origins: frozenset[str], methods: str) -> HTTPResponse:
    """Answer a browser that asks whether a page of another site may send a request.

    Raises:
        Problem: 403, it may not.
    """
    check_origin(request, origins)
    headers = {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "authorization, content-type",
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return response.empty(headers=headers)


def is_local(request: Request) -> bool:
    """Whether a program on this machine asks, and no proxy on behalf of someone else."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.ip).is_loopback
    except ValueError:
        return False


def address(request: Request) -> str:
    """Return the address of the person's machine, as far as it can be known.

    Of an IPv6 address only the network counts: a single connection has 2⁶⁴ addresses of its own.
    """
    given = str(request.remote_addr or request.ip).strip("[]")
    try:
        known = ipaddress.ip_address(given)
    except ValueError:
        return given[:64]
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
    return str(known)
