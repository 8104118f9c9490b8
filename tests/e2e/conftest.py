"""Debian's Chromium, driven by Playwright, on pages of the server with a scripted assistant."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from bot import server
from bot.settings import PROJECT
from tests.scripted import live_knowledge, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        missing = "Chromium fehlt. Abhilfe: „make browser“"
        assert not os.environ.get("CI"), missing
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(server, "get_live_knowledge", live_knowledge)
    limits = {"rate_conversation": 10_000, "rate_address": 100_000}
    with serving(tmp_path_factory.mktemp("lotse"), **limits) as it:
        yield it
    patch.undo()


@pytest.fixture
def agent(served):
    served[1].slow.set()
    return served[1]


@pytest.fixture
def open_page(browser, served, agent):
    """Open pages whose errors and policy violations fail the test at its end."""
    contexts, errors = [], []

    def note(message) -> None:
        if "Content Security Policy" in message.text:
            errors.append(message.text)

    def open_(path: str = "/", **options):
        options = {"locale": "de-DE", "viewport": {"width": 1280, "height": 860}, **options}
        browsing = browser.new_context(**options)
        contexts.append(browsing)
        page = browsing.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.goto(path if path.startswith("http") else served[0] + path)
        page.wait_for_function("!!customElements.get('engagement-lotse')")
        return Chat(page)

    yield open_
    for browsing in contexts:
        browsing.close()
    assert not errors


class Chat:
    """The widget on a page, as a person uses it."""

    def __init__(self, page) -> None:
        self.page = page
        self.launcher = page.get_by_role("button", name="Der Lotse hilft")
        self.panel = page.get_by_role("dialog", name="Engagement-Lotse")
        self.log = page.get_by_role("log")
        self.input = page.get_by_label("Ihre Frage")
        self.alert = page.get_by_role("alert")
        self.status = page.get_by_role("status")

    def open(self) -> "Chat":
        self.launcher.click()
        self.input.wait_for()
        return self

    def ask(self, text: str, *, wait: bool = True) -> "Chat":
        before = self.replies.count()
        self.input.fill(text)
        self.input.press("Enter")
        if wait:
            self.replies.nth(before).wait_for()
        return self

    @property
    def replies(self):
        return self.page.locator("article.bot")

    def menu(self, item: str) -> None:
        self.page.get_by_role("button", name="Menü").click()
        self.page.get_by_role("button", name=item).click()

    def focused(self) -> str:
        """The visible name of what has the focus, within the widget or outside."""
        return self.page.evaluate(
            """() => {
              let node = document.activeElement;
              while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
              return node.id || node.textContent.trim() || node.tagName;
            }"""
        )

    def stored(self) -> int:
        script = "sessionStorage.length + localStorage.length + document.cookie.length"
        return self.page.evaluate(script)


@pytest.fixture(scope="session")
def violations():
    """Return what axe-core finds on a page: WCAG 2.0 to 2.2 A and AA, and best practices."""
    from axe_playwright_python import sync_playwright as bundled

    source = (Path(bundled.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def find(page) -> list[str]:
        page.wait_for_timeout(250)  # the short fade-in would lower the contrast
        page.evaluate(source)
        run = "tags => axe.run(document, {runOnly: tags})"
        result = page.evaluate(run, tags)
        assert result["passes"], "axe-core did not run"
        found = result["violations"]
        return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]

    return find


@pytest.fixture(scope="session")
def assistant(tmp_path_factory):
    """Serve the real assistant, trained if need be; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("assistent")
    values = {
        "LOTSE_PORT": str(port),
        "LOTSE_DATABASE_URL": f"sqlite:///{folder / 'unterhaltungen.db'}",
        "LOTSE_SECRET": "nur für diesen Test, 32 Zeichen lang",
    }
    command = [sys.executable, "-W", "ignore", "-m", "bot", "serve"]
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **values}, stdout=file, stderr=file
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 1200
        while not _answers(f"{address}/health"):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
            threading.Event().wait(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
