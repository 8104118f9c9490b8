"""The chat widget in a real Chromium."""

import gzip
import re
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.pages import WIDGET
from tests.scripted import ATTACK, serving

pytestmark = pytest.mark.browser

NARROW = {"viewport": {"width": 320, "height": 640}}
ZOOMED = {"viewport": {"width": 320, "height": 256}}  # 1280 × 1024 at 400 %
LOOKS = {
    "hell": {},
    "dunkel": {"color_scheme": "dark"},
    "erzwungene Farben": {"forced_colors": "active"},
    "schmal": NARROW,
    "400 %": ZOOMED,
    "ohne Bewegung": {"reduced_motion": "reduce"},
}


# --- accessibility --------------------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_any_state(open_page, violations, look):
    chat = open_page(**LOOKS[look])
    found = {"zu": violations(chat.page)}
    chat.open()
    found["offen"] = violations(chat.page)
    for question in ("Unternehmen mit guten Argumenten gewinnen", "Wirtschaft", "meinten", "Kuchen",
                     "neu in dieser Aufgabe", "Plan"):  # fmt: skip
        found[question] = violations(chat.ask(question).page)
    chat.page.get_by_role("button", name="Nein").first.click()
    found["Rückmeldung"] = violations(chat.page)
    chat.page.get_by_role("button", name="Menü").click()
    found["Menü"] = violations(chat.page)
    chat.page.get_by_role("button", name="Gespräch löschen").click()
    found["Löschen"] = violations(chat.page)
    chat.page.get_by_role("button", name="Abbrechen").click()
    chat.page.route("**/messages", lambda route: route.fulfill(status=500, body="{}"))
    chat.ask("Fehler", wait=False)
    chat.page.get_by_role("button", name="Erneut versuchen").wait_for()
    found["Fehler"] = violations(chat.page)
    assert not {state: found_ for state, found_ in found.items() if found_}


@pytest.mark.parametrize("path", ["/lotse", "/datenschutz"])
def test_axe_finds_nothing_on_the_other_pages(open_page, violations, path):
    assert violations(open_page(path).page) == []


def test_a_whole_conversation_works_by_keyboard_alone(open_page):
    chat = open_page()
    press = chat.page.keyboard.press
    for _ in range(30):
        press("Tab")
        if "Lotse hilft" in chat.focused():
            break
    assert "Lotse hilft" in chat.focused()
    press("Enter")
    assert chat.focused() == "input"
    chat.page.keyboard.type("Wirtschaft")
    press("Enter")
    chat.replies.nth(1).wait_for()
    assert chat.focused() == "input", "an answer must not move the focus"
    while "Sich Türen" not in chat.focused():
        press("Shift+Tab")
    press("Enter")
    chat.replies.nth(2).wait_for()
    assert "Sich Türen" in chat.focused()
    seen = []
    while chat.focused() != "input":
        press("Tab")
        seen.append(chat.focused())
    assert "Ja" in seen
    press("Tab")
    assert chat.focused() == "Senden"
    press("Tab")
    assert "Sich Türen" not in chat.focused(), "the panel is no trap"
    press("Shift+Tab")
    press("Escape")
    assert "Lotse hilft" in chat.focused()
    assert chat.launcher.get_attribute("aria-expanded") == "false"


def test_the_closed_panel_cannot_be_reached(open_page):
    chat = open_page()
    names = set()
    for _ in range(20):
        chat.page.keyboard.press("Tab")
        names.add(chat.focused())
    assert not names & {"input", "Menü", "Schließen", "Senden"}
    assert not chat.panel.is_visible()


def test_escape_closes_the_innermost_first(open_page):
    chat = open_page().open()
    chat.page.get_by_role("button", name="Menü").click()
    chat.page.keyboard.press("Escape")
    assert chat.focused() == "Menü"
    chat.menu("Gespräch löschen")
    assert chat.focused() == "Abbrechen"
    chat.page.keyboard.press("Escape")
    assert chat.focused() == "Menü"
    assert chat.panel.is_visible()
    chat.page.keyboard.press("Escape")
    assert not chat.panel.is_visible()


def test_messages_are_announced_as_a_whole_in_the_log(open_page):
    chat = open_page().open()
    chat.page.evaluate(
        """() => {
          const log = document.querySelector('engagement-lotse').shadowRoot.querySelector('.log');
          window.announced = [];
          new MutationObserver((changes) => {
            for (const change of changes) for (const node of change.addedNodes)
              if (change.target === log) window.announced.push(node.textContent);
          }).observe(log, {childList: true});
        }"""
    )
    chat.ask("Plan")
    announced = chat.page.evaluate("window.announced")
    assert len(announced) == 2
    assert announced[0] == "SiePlan"
    assert "Ihr Plan für die ersten 100 Tage" in announced[1]
    tree = chat.page.context.new_cdp_session(chat.page).send("Accessibility.getFullAXTree")
    roles = {
        node["role"]["value"]: {p["name"]: p["value"].get("value") for p in node["properties"]}
        for node in tree["nodes"]
        if node.get("role") and node.get("properties")
    }
    assert roles["log"]["live"] == "polite"
    assert roles["status"]["live"] == "polite"
    assert roles["alert"]["live"] == "assertive"
    assert "modal" not in roles["dialog"] or not roles["dialog"]["modal"]


def test_the_status_says_that_the_assistant_is_writing(open_page, agent):
    chat = open_page().open()
    agent.slow.clear()
    chat.ask("langsam", wait=False)
    chat.page.get_by_text("Der Lotse schreibt …").wait_for()
    assert chat.input.is_enabled()
    agent.slow.set()
    chat.replies.nth(1).wait_for()
    assert chat.status.inner_text() == ""


@pytest.mark.parametrize("look", ["schmal", "400 %", "hell"])
def test_nothing_sticks_out_and_every_target_is_big_enough(open_page, look):
    chat = open_page(**LOOKS[look]).open().ask("Wirtschaft")
    chat.ask("Unternehmen mit guten Argumenten gewinnen").ask("Plan")
    page = chat.page
    # spacing that WCAG 1.4.12 lets people set
    page.add_style_tag(url="/widget/demo.css")
    page.evaluate(
        """() => { const sheet = new CSSStyleSheet();
          sheet.replaceSync(`* {letter-spacing: .12em !important; word-spacing: .16em !important;
            line-height: 1.5 !important}`);
          document.adoptedStyleSheets = [sheet]; }"""
    )
    widths = page.evaluate(
        """() => { const root = document.querySelector('engagement-lotse').shadowRoot;
          return [document.documentElement, ...root.querySelectorAll('*')]
            .filter((node) => node.clientWidth && node.scrollWidth > node.clientWidth + 1)
            .map((node) => node.className + ' ' + node.tagName); }"""
    )
    assert widths == []
    small = page.evaluate(
        """() => { const root = document.querySelector('engagement-lotse').shadowRoot;
          return [...root.querySelectorAll('button, textarea, summary, a.download')]
            .filter((node) => node.checkVisibility())
            .map((node) => [node.textContent, node.getBoundingClientRect()])
            .filter(([, box]) => box.height < (box.width > 200 ? 24 : 44) || box.width < 24)
            .map(([text, box]) => `${text} ${box.width}×${box.height}`); }"""
    )
    assert small == []


# --- privacy and security -------------------------------------------------------------------------


def test_nothing_is_asked_for_or_stored_before_the_first_message(browser, served):
    context = browser.new_context()
    page = context.new_page()
    seen = []
    page.on("request", lambda request: seen.append(request.url))
    page.add_init_script(
        """window.touched = [];
        for (const name of ['getItem', 'setItem', 'key'])
          Storage.prototype[name] = new Proxy(Storage.prototype[name], {
            apply: (...all) => { window.touched.push(name); return Reflect.apply(...all); }});"""
    )
    page.goto(served[0])
    page.wait_for_load_state("networkidle")
    assert all(url.startswith(served[0]) for url in seen)
    loading = len(seen)
    assert not [url for url in seen if "/api/" in url]
    assert page.evaluate("window.touched") == []
    page.get_by_role("button", name="Der Lotse hilft").click()
    page.get_by_label("Ihre Frage").fill("Noch nicht gesendet")
    assert len(seen) == loading
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert context.cookies() == []
    page.keyboard.press("Enter")
    page.locator("article.bot").nth(1).wait_for()
    assert [url.rsplit("/", 1)[1] for url in seen[loading:]] == ["conversations", "messages"]
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [1, 0]
    assert context.cookies() == []
    context.close()


def test_attacks_in_every_field_stay_text(open_page):
    chat = open_page().open().ask(f"Angriff {ATTACK}")
    assert chat.page.title().startswith("Engagement fördern")
    reply = chat.replies.nth(1)
    assert reply.locator("img, script, iframe").count() == 0
    assert ATTACK in reply.inner_text()
    links = reply.locator("a").evaluate_all("all => all.map((a) => a.href)")
    assert links == ["https://example.org/a?b=1", "mailto:a.b@example.org", "https://example.org/"]
    chat.page.reload()
    chat.open()
    assert chat.page.title().startswith("Engagement fördern")


def test_attacks_in_the_attributes_stay_text(open_page):
    chat = open_page()
    chat.page.evaluate(
        """attack => { const other = document.createElement('engagement-lotse');
          for (const name of ['name', 'greeting', 'launcher', 'contact'])
            other.setAttribute(name, attack);
          other.setAttribute('privacy', 'javascript:alert(1)');
          document.querySelector('engagement-lotse').replaceWith(other);
          other.shadowRoot.querySelector('.launcher').click(); }""",
        ATTACK,
    )
    chat.page.get_by_role("log").wait_for()
    assert chat.page.locator("engagement-lotse :is(img, script)").count() == 0
    assert chat.page.get_by_role("link", name="Datenschutz", exact=True).count() == 0


def test_deleting_is_confirmed_and_reaches_server_and_browser(open_page, agent):
    chat = open_page().open().ask("Das bleibt unter uns")
    assert any("Das bleibt unter uns" in said for said in agent.store.conversations.values())
    chat.menu("Gespräch löschen")
    chat.page.get_by_role("button", name="Ja, löschen").click()
    chat.page.get_by_text("Das Gespräch ist gelöscht.").wait_for()
    assert chat.stored() == 0
    assert chat.replies.count() == 1
    assert chat.focused() == "input"
    assert not any("Das bleibt unter uns" in said for said in agent.store.conversations.values())


def test_a_deletion_that_fails_is_not_claimed(open_page):
    chat = open_page().open().ask("Guten Tag")
    chat.page.route("**/api/v1/conversation", lambda route: route.abort())
    chat.menu("Gespräch löschen")
    chat.page.get_by_role("button", name="Ja, löschen").click()
    chat.page.get_by_text("ließ sich nicht löschen").wait_for()
    assert chat.stored() == 1


def test_deleting_by_word_clears_the_log(open_page):
    chat = open_page().open().ask("Guten Tag").ask("Lösche meine Daten", wait=False)
    chat.page.get_by_text("Ich habe dieses Gespräch gelöscht").wait_for()
    assert chat.replies.count() == 1
    assert chat.stored() == 0


# --- what people do -------------------------------------------------------------------------------


def test_an_answer_has_title_points_source_and_related_topics(open_page):
    chat = open_page().open().ask("Unternehmen mit guten Argumenten gewinnen")
    reply = chat.replies.nth(1)
    assert reply.get_by_role("heading").inner_text() == "Unternehmen mit guten Argumenten gewinnen"
    assert reply.locator("details ul li").count() >= 1
    assert reply.get_by_text("Quelle:").is_visible()
    related = reply.get_by_role("list", name="Weiter mit").get_by_role("button")
    title = related.first.inner_text()
    related.first.click()
    chat.replies.nth(2).wait_for()
    assert chat.replies.nth(2).get_by_role("heading").inner_text() == title


def test_the_guide_shows_its_progress_and_its_downloads(open_page, served):
    chat = open_page().open().ask("neu in dieser Aufgabe")
    bar = chat.page.get_by_role("progressbar", name="Schritt 2 von 5: Ihr Umfeld")
    assert (bar.get_attribute("value"), bar.get_attribute("max")) == ("2", "5")
    chat.ask("Plan")
    links = chat.page.locator("a.download")
    hrefs = links.evaluate_all("all => all.map((a) => a.href)")
    assert hrefs == [f"{served[0]}/health"] * 2
    with chat.page.expect_download() as download:
        links.first.click()
    assert download.value.failure() is None


def test_the_conversation_goes_on_after_a_reload_and_on_other_pages(open_page, served):
    chat = open_page().open().ask("Guten Tag")
    chat.page.goto(f"{served[0]}/datenschutz")
    assert not chat.panel.is_visible(), "nothing opens by itself"
    chat.open()
    assert chat.page.get_by_text("1: Guten Tag").is_visible()
    chat.ask("Und weiter")
    assert chat.page.get_by_text("2: Und weiter").is_visible()


def test_a_reload_in_the_middle_of_an_answer_loses_and_doubles_nothing(open_page, agent):
    chat = open_page().open()
    agent.slow.clear()
    before = len(agent.handled)
    chat.ask("langsam und einmalig", wait=False)
    chat.page.get_by_text("Der Lotse schreibt …").wait_for()
    chat.page.wait_for_timeout(200)
    chat.page.reload()
    chat.open()
    agent.slow.set()
    chat.page.get_by_text("1: langsam und einmalig").wait_for()
    assert agent.handled[before:].count("langsam und einmalig") == 1


def test_tabs_have_conversations_of_their_own(open_page):
    first = open_page().open().ask("Erster Tab")
    second = first.page.context.new_page()
    second.goto(first.page.url)
    other = type(first)(second).open().ask("Zweiter Tab")
    first.ask("Wieder der erste")
    assert other.page.get_by_text("1: Zweiter Tab").is_visible()
    assert first.page.get_by_text("2: Wieder der erste").is_visible()


def test_an_expired_conversation_is_replaced_and_the_message_answered(open_page):
    chat = open_page().open().ask("Guten Tag")
    chat.page.evaluate(
        """() => { const key = sessionStorage.key(0);
          const kept = JSON.parse(sessionStorage.getItem(key));
          sessionStorage.setItem(key, JSON.stringify({...kept, token: 'web-alt.1.x'})); }"""
    )
    chat.page.reload()
    chat.open().ask("Noch da?")
    assert chat.page.get_by_text("1: Noch da?").is_visible()
    assert "war abgelaufen" in chat.status.inner_text()


def test_a_passing_failure_of_the_network_goes_unnoticed(open_page, agent):
    chat = open_page().open()
    calls = []

    def once(route):
        calls.append(route)
        route.abort() if len(calls) == 1 else route.continue_()

    chat.page.route("**/messages", once)
    chat.ask("Wackelkontakt")
    assert chat.page.get_by_text("1: Wackelkontakt").is_visible()
    assert agent.handled.count("Wackelkontakt") == 1


def test_a_lasting_failure_names_a_human_and_can_be_retried(open_page):
    chat = open_page().open()
    chat.page.route("**/messages", lambda route: route.abort())
    chat.ask("Hallo?", wait=False)
    retry = chat.page.get_by_role("button", name="Erneut versuchen")
    retry.wait_for()
    assert "nicht erreichbar" in chat.alert.inner_text()
    assert "engagement@erlenwerder.example" in chat.alert.inner_text()
    chat.page.unroute("**/messages")
    retry.click()
    chat.page.get_by_text("1: Hallo?").wait_for()
    assert chat.alert.inner_text() == ""
    assert retry.count() == 0
    assert chat.focused() == "input"


def test_offline_the_message_waits_and_is_sent_when_the_connection_is_back(open_page):
    chat = open_page().open()
    chat.page.context.set_offline(True)
    chat.ask("Funkloch", wait=False)
    chat.page.get_by_text("nicht mit dem Internet verbunden").wait_for()
    chat.page.context.set_offline(False)
    chat.page.get_by_text("1: Funkloch").wait_for()


def test_too_many_messages_are_told_when_to_try_again(open_page, tmp_path):
    with serving(tmp_path, rate_conversation=1) as (address, _):
        chat = open_page(f"{address}/").open().ask("Eins").ask("Zwei", wait=False)
        chat.page.get_by_text(re.compile(r"in \d+ Sekunden wieder")).wait_for()


def test_a_text_that_is_too_long_is_kept_and_explained(open_page):
    chat = open_page().open()
    chat.input.fill("a" * 1003)
    assert chat.page.get_by_text("1003 von 1000 Zeichen").is_visible()
    chat.input.press("Enter")
    assert "um 3 Zeichen zu lang" in chat.alert.inner_text()
    assert len(chat.input.input_value()) == 1003


def test_feedback_is_given_with_one_click_or_with_a_reason(open_page):
    chat = open_page().open().ask("Unternehmen mit guten Argumenten gewinnen")
    sent = []
    chat.page.on("request", lambda r: r.url.endswith("feedback") and sent.append(r.post_data_json))
    chat.page.get_by_role("button", name="Ja", exact=True).click()
    chat.page.get_by_text("Danke für Ihre Rückmeldung.").wait_for()
    assert chat.focused() == "Danke für Ihre Rückmeldung."
    chat.ask("Wirtschaft")
    chat.page.get_by_role("button", name="Nein", exact=True).click()
    chat.page.get_by_label("Was hat gefehlt?").fill("Ein Beispiel")
    chat.page.get_by_role("button", name="Rückmeldung senden").click()
    chat.page.get_by_text("Danke für Ihre Rückmeldung.").nth(1).wait_for()
    assert [(f["helpful"], f.get("reason")) for f in sent] == [
        (True, None),
        (False, "Ein Beispiel"),
    ]
    assert all(set(f) <= {"entry", "helpful", "reason"} for f in sent)


def test_the_conversation_can_be_downloaded_as_text(open_page):
    chat = open_page().open().ask("Wirtschaft")
    with chat.page.expect_download() as download:
        chat.menu("Gespräch herunterladen")
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename == "engagement-lotse-gespraech.txt"
    assert "Sie:\nWirtschaft" in text
    assert "1. Sich Türen zur Wirtschaft öffnen lassen" in text
    assert "automatischen Assistenten" in text


def test_printing_prints_the_conversation_alone(open_page):
    chat = open_page().open().ask("Unternehmen mit guten Argumenten gewinnen")
    chat.page.evaluate("window.print = () => { window.printed = true; }")
    chat.menu("Gespräch drucken")
    chat.page.emulate_media(media="print")
    assert chat.page.evaluate("window.printed")
    assert chat.replies.nth(1).is_visible()
    for hidden in ("main", ".top", "footer"):
        assert not chat.page.locator(hidden).first.is_visible()
    assert not chat.input.is_visible()
    chat.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert chat.page.locator("main").is_visible()
    assert not chat.panel.is_visible(), "the page prints without the chat"


def test_the_full_page_is_the_chat_itself(open_page):
    chat = open_page("/lotse")
    assert chat.page.get_by_role("heading", level=1).inner_text() == "Engagement-Lotse"
    assert chat.launcher.count() == 0
    assert chat.stored() == 0
    chat.ask("Guten Tag")
    chat.page.reload()
    assert chat.page.get_by_text("1: Guten Tag").is_visible()


def test_a_site_of_another_origin_can_embed_the_chat(open_page, tmp_path):
    with other_site() as (site, handler), serving(tmp_path, allowed_origins=site) as (address, _):
        handler.policy = f"default-src 'none'; script-src {address}; connect-src {address}"
        handler.html = f"""<!doctype html><html lang="de"><title>Nebenan</title>
          <script type="module" src="{address}/widget/engagement-lotse.js"></script>
          <h1>Nebenan</h1><engagement-lotse position="left"></engagement-lotse>"""
        chat = open_page(f"{site}/").open().ask("Guten Tag von nebenan")
        assert chat.page.get_by_text("1: Guten Tag von nebenan").is_visible()


@contextmanager
def other_site():
    """Serve a page of another origin; give its origin and what it serves."""

    class Handler(BaseHTTPRequestHandler):
        html = policy = ""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", self.policy)
            self.end_headers()
            self.wfile.write(self.html.encode())

        def log_message(self, *_) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}", Handler
        site.shutdown()
        thread.join()


def test_the_widget_is_small(served):
    size = 0
    for path in WIDGET.glob("*.js"):
        request = urllib.request.Request(
            f"{served[0]}/widget/{path.name}", headers={"Accept-Encoding": "gzip"}
        )
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        assert gzip.decompress(body) == path.read_bytes()
        size += len(body)
    assert size <= 15_000
