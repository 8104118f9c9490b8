"""The files that browsers get: the widget, the full page, and the demo of an invented town."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.settings import Settings

WIDGET = Path(__file__).parent / "widget"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Page:
    """A file, read and compressed once."""

    body: bytes
    compressed: bytes
    content_type: str
    etag: str

    @classmethod
    def read(cls, path: Path, **blanks: str) -> Page:
        """Read a file and fill in what stands in it as ``{{name}}``."""
        body = path.read_bytes()
        for name, value in blanks.items():
            body = body.replace(b"{{%s}}" % name.encode(), value.encode())
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        return cls(body, gzip.compress(body, 9, mtime=0), _TYPES[path.suffix], etag)

    def answer(self, request: Request) -> HTTPResponse:
        """Return the file, or word that the browser has it already."""
        headers = {
            "Cache-Control": "no-cache",  # always ask, so that an update is never half loaded
            "ETag": self.etag,
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == self.etag:
            return response.empty(304, headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return response.raw(self.compressed, 200, headers, self.content_type)
        return response.raw(self.body, 200, headers, self.content_type)


def add_pages(app: Sanic, settings: Settings) -> None:
    """Serve the widget's files, the full page, and the demo unless it is switched off."""
    for path in sorted(WIDGET.iterdir()):
        if path.suffix in (".css", ".js", ".svg"):
            _add(app, f"/widget/{path.name}", path)
    _add(app, "/lotse", WIDGET / "lotse.html")
    _add(app, "/", WIDGET / ("demo.html" if settings.demo else "lotse.html"))
    if settings.privacy_url:

        @app.get("/datenschutz")
        async def privacy(_: Request) -> HTTPResponse:
            return response.redirect(settings.privacy_url)

    else:
        days = str(settings.retention_days)
        _add(app, "/datenschutz", WIDGET / "datenschutz.html", retention_days=days)


def _add(app: Sanic, address: str, path: Path, **blanks: str) -> None:
    page = Page.read(path, **blanks)

    async def show(request: Request) -> HTTPResponse:
        return page.answer(request)

    app.add_route(show, address, methods=["GET", "HEAD"], name=f"page_{address}")
