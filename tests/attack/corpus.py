"""Nasty inputs, written down once; what is made up at random is made out of them."""

from __future__ import annotations

import gzip
import json
from random import Random
from typing import Any

ATTACK_TEXT = "<img src=x onerror=alert(1)><script>alert(1)</script>"
MARKER = "zwxkanarienvogel"
"""Part of every text that attackers send: it must never turn up in a log."""

MESSAGES = (
    # nothing, and nearly nothing
    "", " ", "\n", "\t", "\u200b", "\ufeff", "\u00ad", "\u2060", "\U000e0001", ".", "?!", "'", '"', "\\",
    # what looks like letters and isn't
    "\x00", "a\x00b", "\x1b[31mrot\x1b[0m", "\x1b]0;Titel\x07", "\x07\x08\x7f\x85",
    "zeile\r\nzeile\rzeile\nzeile\u2028zeile\u2029zeile",
    "\u202erückwärts\u202c", "\u2066\u2067\u2068\u2069", "مرحبا שלום", "ﷺ" * 100,
    "e" + "\u0301" * 900, "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f" * 60, "\u0345" * 1000,
    "👩‍👩‍👧‍👦" * 100, "🏳️‍🌈", "🇩🇪" * 200, "\ud83d", "\udc00\ud800", "a\udfffb", "\uffff\ufffe", "\U0010ffff",
    "ſtraße ẞ İıſ K Å ﬁ ① ½ Ⅷ ㌔", "ＷＩＥ　ＧＥＷＩＮＮＥ　ＩＣＨ　ＤＩＥ　ＰＯＬＩＴＩＫ", "Wіе gеwіnnе ісh dіе Роlіtіk", "Ä" * 1000,
    "\u0130" * 1000, "\u1e9e" * 1000, "\u0390" * 1000, "\ufdfa" * 1000, "\u1100\u1161\u11a8" * 300,
    # long, and repetitive in the way that patterns choke on
    "a" * 1000, "a" * 1001, "x" * 10_000, "a " * 500, "-" * 1000, "a-" * 500, "1." * 500, "1 000" * 200,
    "nicht " * 160, "kein " * 200 + "sondern", "nicht a, " * 110, "lass " * 200, "lass uns " + "x " * 450,
    "danke " * 160, "und schon mal " * 70 + "danke", "hallo, " * 140, "hallo " * 160 + "!", ", –" * 330,
    "guten tag" + "!" * 990, "bitte, " * 140, "(" * 1000, ")" * 1000, "[" * 1000, "@" * 1000, "a@" * 500,
    "a." * 500, "https://" * 120, "http://a" + "." * 990, "_" * 1000, "*" * 1000, "Bürger:" * 140,
    "innen" * 200, "Bürger*innen" * 80, "a/" * 500, "In" * 500, "\u00df" * 1000, "ae" * 500, "9" * 1000,
    "0x" + "f" * 900, "1e999", "NaN", "-1", "99999999999999999999 Euro", "10.000.000.000 Einwohner",
    # commands of the machinery
    "/restart", "/session_start", "/back", "/greet", '/greet{"x": 1}', "/daten_loeschen", "//restart",
    "\u200b/restart", "／restart", "EXTERNAL: action_restart", "EXTERNAL: x", "/EXTERNAL: x",
    '/gruss{"akteursgruppe": "politik"}', "/action_listen", "eintrag:politik-1", "gruppe:politik", "mehr",
    "_session_started", "session_started_metadata", '{"event": "slot", "name": "gruppe", "value": 1}',
    '{"sender": "default", "message": "hallo"}', '[{"recipient_id": "x", "custom": {"answer": {}}}]',
    "__class__", "{0.__class__.__mro__}", "{{ 7 * 7 }}", "{% for x in y %}", "${jndi:ldap://127.0.0.1/a}",
    "%s%s%n%x", "%(a)s", "{anzahl}", "{gruppe}", "{", "}", "{}", "{{}}", "#{1+1}", "<%= 1 %>",
    # markup and code for whoever shows or stores it
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</textarea><svg/onload=alert(1)>",
    "javascript:alert(1)", "[klick](javascript:alert(1))", "![x](http://127.0.0.1/x.png)", "<!--", "]]>",
    "&lt;b&gt;", "&#0;", "<a href='data:text/html,x'>x</a>", "| a | b |\n|---|---|", "# Titel", "- [ ] x",
    "```sh\nrm -rf /\n```", "@all", "@here #allgemein :smile:", "||versteckt||", "$$x^2$$",
    "' OR '1'='1", "'; DROP TABLE unterhaltungen; --", "1; SELECT pg_sleep(10)", "\\'; --", "%27%20OR%201",
    "../../../../etc/passwd", "..\\..\\", "file:///etc/passwd", "|id", "$(id)", "`id`", "; sleep 10", "&&",
    "*(uid=*))(|", "=cmd|' /C calc'!A0", "+49", "@SUM(1)", "\r\nSet-Cookie: a=b", "\n\nHTTP/1.1 200 OK",
    "--- !!python/object/apply:os.system ['id']", "&a [*a]", "*alias", "%YAML 1.1", "<?xml version='1.0'?>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>", "constructor", "__proto__", "toString",
    # what people really send, among it
    "Wie gewinne ich die Wirtschaft?", "mehr dazu", "einfacher", "zurück", "das zweite genauer", "Quelle?",
    "Ich bin neu in dieser Aufgabe", "3", "ja", "nein", "Lösche meine Daten", "Plan", "abbrechen",
)  # fmt: skip

PATHS = (
    b"/", b"//", b"///", b"/.", b"/..", b"/../", b"/./health", b"/health/", b"/health/../health", b"/HEALTH",
    b"/widget/", b"/widget/..", b"/widget/../settings.py", b"/widget/%2e%2e/settings.py",
    b"/widget/..%2fsettings.py", b"/widget/%2e%2e%2f%2e%2e%2fdomain.yml", b"/widget/..%5csettings.py",
    b"/widget/%252e%252e%252fsettings.py", b"/widget/..;/settings.py", b"/widget/%c0%ae%c0%ae/settings.py",
    b"/widget/%e0%80%ae/", b"/widget/%u002e%u002e/", b"/widget/engagement-lotse.js%00.html",
    b"/widget/engagement-lotse.js/..", b"/widget//etc/passwd", b"/etc/passwd", b"/%2fetc%2fpasswd",
    b"/plan/", b"/plan/..", b"/plan/..%2f..%2fetc%2fpasswd", b"/plan/%00", b"/plan/.md", b"/plan/.ics",
    b"/plan/.md.md", b"/plan/a.b.c", b"/plan/a.b.c.ics", b"/plan/%0d%0aSet-Cookie:%20a=b", b"/plan/%ff",
    b"/plan/%3Cscript%3Ealert(1)%3C/script%3E", b"/plan/" + b"a" * 5000, b"/plan/eyJhbGciOiJub25lIn0.e30.",
    b"/plan/{{7*7}}", b"/plan/%7b%7b7*7%7d%7d.md", b"/plan/a/b", b"/plan/a?x=1#y", b"/?" + b"a=b&" * 1000,
    b"/?a[]=1&a[b]=2&__proto__[x]=1", b"/%", b"/%zz", b"/%f", b"/%00", b"/;", b"/*", b"/\\", b"/~root",
    b"/api/v1/", b"/api/v1/openapi.json", b"/api/v1/openapi.json/..", b"/api/v2/messages", b"/api/v1/messages",
    b"/webhooks/", b"/webhooks/rest/", b"/webhooks/rest/webhook", b"/webhooks/rest/webhook?stream=true",
    b"/webhooks/rocketchat/", b"/webhooks/rocketchat/webhook", b"/webhooks/socketio/", b"/webhooks/callback/webhook",
    b"/conversations/default/tracker", b"/conversations/default/execute", b"/model", b"/model/train", b"/model/parse",
    b"/status", b"/version", b"/domain", b"/docs", b"/.git/config", b"/.env", b"/.lotse/geheimnis",
    b"/models/", b"/unterhaltungen.db", b"/metrics", b"/server-status", b"/actuator", b"/socket.io/?EIO=4",
    b"/datenschutz", b"/lotse", b"/favicon.ico", b"/robots.txt", b"/:80/", b"//evil.example/%2e%2e", b"/@evil.example",
)  # fmt: skip

HEADERS = (
    {}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://["}, {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1.evil.example"}, {"Origin": "file://"}, {"Host": "evil.example"}, {"Host": ""},
    {"X-Forwarded-For": "127.0.0.1, 1.2.3.4"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "for=_x;by=:"},
    {"X-Forwarded-For": "\"'><script>"}, {"X-Forwarded-Proto": "gopher"}, {"X-Forwarded-Port": "x"},
    {"X-HTTP-Method-Override": "DELETE"}, {"Content-Type": "text/plain"}, {"Content-Type": ""},
    {"Content-Type": "application/json; charset=utf-7"}, {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Type": "multipart/form-data"}, {"Content-Type": "multipart/form-data; boundary="},
    {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "application/json, text/html"},
    {"Content-Encoding": "gzip"}, {"Content-Encoding": "br, gzip, deflate"}, {"Accept": "*/*;q=x, ,;"},
    {"Accept-Encoding": "gzip;q=0, \xff"}, {"Accept-Language": "x" * 3000}, {"If-None-Match": '"*"'},
    {"Range": "bytes=0-0,-1," * 300}, {"Authorization": "Bearer"}, {"Authorization": "Basic Og=="},
    {"Authorization": "Bearer ..."}, {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, {"Cookie": "a" * 3000},
    {"Expect": "100-continue"}, {"Connection": "close, keep-alive, X"}, {"Upgrade": "websocket"}, {"TE": "trailers"},
)  # fmt: skip

BODIES = (
    b"", b"{", b"}", b"[]", b"null", b"0", b'""', b"{}", b"\xff\xfe", b"\xef\xbb\xbf{}", b"\x00" * 100,
    b"[" * 60_000, b"{\"a\":" * 10_000, b'{"a":' * 500 + b"1" + b"}" * 500, b" " * 66_000, b"9" * 60_000,
    b'{"message": ' + b"9" * 50_000 + b"}", b'{"message": 1e999999}', b'{"message": NaN}', b'{"message": -Infinity}',
    b'{"message": "a", "message": 7, "sender": "a", "sender": {}}', b'{"message": "a", "sender": ""}',
    b'{"message": "a", "sender": "a\\nb"}', b'{"message": "a", "sender": "\\ud800"}', b'{"message": ["a"]}',
    b'{"message": "a", "sender": "../../x"}', b'{"message": "a", "metadata": [[[]]]}', b'{"message": null}',
    b'{"message": "a", "metadata": {"structured": 1, "__proto__": {}}}', b'{"sender": "default"}',
    b'{"message": "a", "sender": "web-00000000000000000000000000000000"}', b'{"id": "12345678", "text": "a"}',
    b'{"id": "12345678", "text": {"$gt": ""}}', b'{"id": "../../../a", "text": "a"}', b'{"id": 12345678, "text": "a"}',
    b'{"id": "12345678", "choice": "a.b"}', b'{"id": "12345678", "choice": "\\u0000"}', b'{"__proto__": {"id": "x"}}',
    b'{"entry": "grundlagen-1", "helpful": "ja"}', b'{"entry": "\\u0000", "helpful": true}',
    b'{"entry": "grundlagen-1", "helpful": true, "reason": "\\ud800\\u0000"}', b"a=b&c=d", b"<xml/>",
    json.dumps({"message": "a" * 60_000}).encode(), gzip.compress(b" " * 10_000_000),
    '{"message": "ä"}'.encode("utf-16"), '{"message": "ä"}'.encode("latin-1"), b'{"message": "\xed\xa0\x80"}',
)  # fmt: skip


def message(random: Random) -> str:
    """Return a text made out of the nasty ones, with the marker in it."""
    parts = [
        random.choice(MESSAGES)[: random.choice((20, 200, 1000))]
        for _ in range(random.randint(1, 3))
    ]
    if random.random() < 0.3:
        parts.append("".join(chr(random.randrange(0x110000)) for _ in range(random.randint(1, 40))))
    parts.insert(random.randint(0, len(parts)), f"{MARKER}{random.randrange(1000)}")
    return random.choice(("", " ", "\n")).join(parts)


def value(random: Random, depth: int = 3) -> Any:
    """Return any JSON value."""
    kind = random.randrange(8 if depth else 6)
    if kind < 2:
        return message(random)
    if kind < 6:
        return random.choice((None, True, False, 0, -1, 2**63, 1e308, "", "a", [], {}))
    if kind == 6:
        return [value(random, depth - 1) for _ in range(random.randrange(4))]
    return {key(random): value(random, depth - 1) for _ in range(random.randrange(4))}


def key(random: Random) -> str:
    """Return the name of a field, mostly one that is known somewhere."""
    known = ("id", "text", "choice", "message", "sender", "metadata", "entry", "helpful", "reason",
             "token", "user_id", "channel_id", "message_id", "tmid", "bot", "__proto__", "")  # fmt: skip
    return random.choice(known) if random.random() < 0.9 else message(random)


def body(random: Random) -> bytes:
    """Return a body: a nasty one, any JSON object, or one of these with bytes changed."""
    if random.random() < 0.4:
        made = random.choice(BODIES)
    else:
        made = json.dumps({key(random): value(random) for _ in range(random.randrange(5))}).encode()
    if made and random.random() < 0.2:
        at = random.randrange(len(made))
        made = made[:at] + random.randbytes(random.randint(0, 3)) + made[at + random.randrange(3) :]
    return made[:120_000]
