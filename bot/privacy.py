"""Personal data typed by mistake: recognised and replaced before anything is stored or logged.

What is recognised is what can be told from a message alone with hardly an error: addresses of
e-mail, telephone numbers, IBANs, and names where the sentence says that one follows. Numbers and
dates of ordinary questions („2023“, „5.000 Euro“, „§ 52 Abs. 2“) are none of these; the tests
measure both sides on several hundred messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban

Kind = Literal["email", "iban", "telefon", "name"]
PLACEHOLDERS: dict[Kind, str] = {
    "email": "[E-Mail]",
    "iban": "[IBAN]",
    "telefon": "[Telefon]",
    "name": "[Name]",
}
"""What is stored in place of each kind of data."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Masked:
    """A text without the personal data that was recognised in it."""

    text: str
    kinds: tuple[Kind, ...] = ()
    """What was found, each kind once, in the order of :data:`PLACEHOLDERS`."""


def mask(text: str) -> Masked:
    """Replace personal data by placeholders.

    >>> mask("Ich heiße Anna Berg, Tel. 0211 899-1234. Wie gewinne ich Vereine?")
    Masked(text='Ich heiße [Name], Tel. [Telefon]. Wie gewinne ich Vereine?', kinds=('telefon', 'name'))
    """  # noqa: E501
    found: list[Kind] = []
    for kind, find in _FINDERS.items():
        # one kind after the other: what has been replaced is not looked at again
        if spans := list(find(text)):
            found.append(kind)
            for start, end in reversed(spans):
                text = f"{text[:start]}{PLACEHOLDERS[kind]}{text[end:]}"
    return Masked(text, tuple(found))


def without_introduction(text: str) -> str:
    """Return a masked text without what only says who is asking and how to reach them.

    It has nothing to do with the question, and would lead the understanding of it astray. A text
    that hardly says anything else stays whole.

    >>> without_introduction("Ich heiße [Name] und wie gewinne ich Vereine? Mail: [E-Mail]")
    'wie gewinne ich Vereine?'
    """
    rest = text
    for pattern in (_INTRODUCTION, _SIGNATURE, _CONTACT):
        rest = pattern.sub(" ", rest)
    rest = " ".join(rest.split()).strip(",;: ")
    return rest if len(re.findall(r"\w+", rest)) >= _FEWEST_WORDS else text


_FEWEST_WORDS = 3
_INTRODUCTION = re.compile(
    r"\b(?:ich hei(?:ß|ss)e|mein name(?: ist| lautet|:)|ich bin(?:['’]s)?"
    r"|hier (?:ist|spricht|schreibt)|nennen sie mich|man nennt mich)"
    r"[\s,]{1,3}(?:(?:die|der|frau|herr|übrigens|nämlich|ja)\s"
    r"|mit (?:vor|nach)namen\s|(?:dr|prof)\.\s?){0,4}\[Name\](?:\sund\b|\s?[,.;:!–-]|\s?$)"
    r"|\[Name\],?\s(?:hei(?:ß|ss)e ich|(?:ist )?mein name)(?:\sund\b|\s?[,.;:!–-]|\s?$)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"(?:(?:mit|viele|beste|liebe|herzliche|freundliche[nm]?|schöne)\s){0,2}"
    r"(?:gr(?:ü|ue)(?:ß|ss)en?|gru(?:ß|ss)|mfg|lg|vg)[\s,!.–-]{1,4}(?:(?:dr|prof)\.\s?){0,2}\[Name\][\s.!]{0,4}$",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"(?:(?:[\s,;(<]{0,3}\b(?:und|oder|meine?|ist|tel|telefon|nummer|handy|mobil|e-?mail|mail|iban"
    r"|konto|unter)\b[.:]?){0,4}[\s,;(<]{0,3}\[(?:E-Mail|Telefon|IBAN)\][)>]?){1,4}\s?(?:[.!;]|$)",
    re.IGNORECASE,
)


# E-mail -----------------------------------------------------------------------------------------

_AT = r"(?:[@＠]|\s?[(\[{]\s?(?:at|ät|@)\s?[)\]}]\s?|\s(?:at|ät|klammeraffe)\s)"
_DOT = r"(?:\.|\s?[(\[{]\s?(?:dot|punkt|\.)\s?[)\]}]\s?|\s(?:dot|punkt)\s)"
_EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.+%'’-]{{1,64}}(?:{_DOT}[\w-]{{1,64}})?{_AT}"
    rf"[^\W_][\w-]{{0,62}}(?:{_DOT}[^\W_][\w-]{{0,62}}){{0,4}}{_DOT}[^\W\d_]{{2,24}}",
    re.IGNORECASE,
)


def _emails(text: str) -> Iterator[Span]:
    return (match.span() for match in _EMAIL.finditer(text))


# IBAN -------------------------------------------------------------------------------------------

_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]){11,30}", re.IGNORECASE)
_GERMAN_IBAN = re.compile(r"DE(?:[ .-]?\d){20}", re.IGNORECASE)
"""Of this form, but perhaps with a wrong digit: it is meant as one all the same."""


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        if german := _GERMAN_IBAN.match(match[0]):
            yield match.start(), match.start() + german.end()
            continue
        # the words behind it may look as if they belonged to it
        for end in range(len(match[0]), 14, -1):
            if match[0][end - 1].isalnum() and iban.is_valid(match[0][:end], check_country=False):
                yield match.start(), match.start() + end
                break


# Telephone numbers ------------------------------------------------------------------------------

_NO_NUMBER = re.compile(
    r"(?<!\d)\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{4}|\d{2})?(?!\d)"  # 01.02.2023
    r"|(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)"  # 2023-02-01
    r"|(?<!\d)\d{1,2}[:.]\d{2}\s?(?:-|–|bis)\s?\d{1,2}[:.]\d{2}(?!\d)"  # 08:00–12:00
    r"|(?<![\d/])\d{1,4}/(?:19|20)\d\d(?!\d|\s?[/-]?\s?\d)"  # 0123/2023
    r"|(?<!\d)\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)"  # 1.000.000
)
_INTRODUCED = re.compile(
    r"\b(?:tel(?:efon(?:isch|nummer)?)?|handy(?:nummer)?|mobil(?:nummer|telefon)?|festnetz"
    r"|fax(?:nummer)?|durchwahl|nebenstelle|apparat|rufnummer|whatsapp)"
    r"(?:[\s.:]|\b(?:ist|lautet|nr|nummer|die|unter|mir|mich|erreichbar|erreichen|sie|der)\b){1,8}"
    r"(?P<number>\+?\(?\d[\d\s/()-]{1,18}\d)(?!\d|[.,]\d|\s*(?:€|euro|prozent|%|uhr))",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d(?:\s?[/-]\s?(?:(?:19|20)\d\d|\d\d))?")
_FEWEST_DIGITS = 7
_TRIES = 100


def _telephones(text: str) -> Iterator[Span]:
    plain = _NO_NUMBER.sub(lambda match: "x" * len(match[0]), text)
    spans = [
        match.span("number")
        for match in _INTRODUCED.finditer(plain)
        if not _YEAR.fullmatch(match["number"].strip())
    ]
    for found in PhoneNumberMatcher(plain, "DE", Leniency.POSSIBLE, _TRIES):
        # German numbers are written with a leading zero or „+“; years and sums never are
        digits = sum(map(str.isdigit, found.raw_string))
        written = re.match(r"\(?(?:0|\+)", found.raw_string) and digits >= _FEWEST_DIGITS
        part_of_a_word = re.search(r"[^\W\d_]-?$", plain[: found.start])
        if written and not part_of_a_word:
            spans.append((found.start, found.end))
    end_before = 0
    for start, end in sorted(spans):
        if start >= end_before:
            yield start, end
            end_before = end


# Names ------------------------------------------------------------------------------------------

# every repetition is bounded: messages are made to keep a server busy, too
_TITLE = (
    r"(?:(?:Dr|Prof|Dipl|Ing|med|jur|phil|rer|nat|h\.?c)\b\.?(?:-Ing\.)?\s?|Frau\s|Herrn?\s){0,6}"
)
_PARTICLE = r"(?:von|van|de|zu|zur|di|dos|el|al|ibn|ter|ten)"
_UPPER = r"(?<![^\W\d_])[^\W\d_a-zß-öø-ÿ]"
_CAPITAL = rf"(?:{_UPPER}[^\W\d_]{{0,40}}(?:['’-][^\W\d_]{{1,40}}){{0,3}})"
_INITIAL = rf"(?:{_UPPER}\.)"
_WORD = r"[^\W\d_]{1,40}(?:['’-][^\W\d_]{1,40}){0,3}"
_FILLER = r"(?:(?:übrigens|nämlich|ja|mit (?:vor|nach)namen)\s)?"

_CALLED = re.compile(rf"\bich\shei(?:ß|ss)e?\s{_FILLER}{_TITLE}", re.IGNORECASE)
_MY_NAME = re.compile(
    rf"\b(?:mein(?:\s(?:voller|vor|nach))?\s*name\s*(?:ist|lautet|:|=|–|-)"
    rf"|hier\s(?:spricht|schreibt)|(?:vor-?\s*und\snach|vor|nach)name:)"
    rf"\s*{_FILLER}{_TITLE}",
    re.IGNORECASE,
)
_CALL_ME = re.compile(rf"\b(?:nennen\ssie|man\snennt)\smich\s{_TITLE}", re.IGNORECASE)
_I_AM = re.compile(
    rf"\b(?:ich\sbin|ich\sbin(?:'|’)?s|hier\sist)[,\s]+(?:die|der)?\s*(?:frau|herr)\s{_TITLE}",
    re.IGNORECASE,
)
_MISTER = re.compile(rf"\b(?:Frau|Herrn?)\s{_TITLE}")
_REVERSED = re.compile(
    rf"(?P<name>{_CAPITAL}(?:\s{_CAPITAL}){{0,2}}),?\s"
    r"(?:hei(?:ß|ss)e\sich|(?:ist\s)?mein\s[Nn]ame(?!\s?(?:ist|lautet|:)))\b"
)
_SIGNED = re.compile(
    r"(?:\b(?:Gr(?:ü|ue)(?:ß|ss)en?|Gru(?:ß|ss))|\bMfG|\bLG|\bVG|\bHochachtungsvoll)"
    rf"[\s,!.–-]{{1,4}}{_TITLE}"
    rf"(?P<name>(?:{_INITIAL}|{_CAPITAL})(?:\s(?:{_INITIAL}|{_CAPITAL})){{0,2}})"
    r"(?:[\s.!,]|\[[\w-]{1,8}\]){0,6}$"
)

_NAME = re.compile(
    rf"(?:(?:{_PARTICLE}\s){{1,2}}(?={_CAPITAL}))?"
    rf"(?:{_INITIAL}|{_CAPITAL})(?:\s(?:{_PARTICLE}\s){{0,2}}(?:{_INITIAL}|{_CAPITAL})){{0,3}}"
)
_SMALL_NAME = re.compile(rf"{_WORD}(?:\s{_WORD})?")

_WELCOMED = re.compile(
    r"^(?:[^.,;!?:–]|,(?=\s*die\b))*\b(?:gut|willkommen)\s*(?:heißen)?\s*(?:[.,;!?:–]|$)"
)
"""„Ich heiße das gut“, „ich heiße Neue willkommen“: the end of the clause tells."""
_CLAUSE = 200
"""No clause is longer."""
_GOES_ON = re.compile(r"\sund\s(?!(?:die|der|das|alle|auch|ihre|neue\w*)\b)(?=[a-zäöü])")

_NO_NAME = frozenset(
    # pronouns, articles, adverbs, question words and verbs that follow where a name might
    """aber alle allen alles als also am an anders andere arbeite auch auf aus bei beim bekannt
    bereits bin bitte brauche da danach dann das dass dein dem den denen der des deutlich dich die
    dies diese diesen dieser dieses dir doch dort du egal eher ein eine einem einen einer eines
    einfach er es etwas euch euer falsch fest finde frage für gar ganz gefallen gerade gern gerne
    gibt haben habe halt hat hätte heute hier ihm ihn ihnen ihr ihre ihren ihrer im immer in ins
    ist ja jede jeden jeder jedem jedes jemand jetzt kann kaum kein keine keinen keinem kennt
    komme könnte könnten können leider man mehr mein meine meinem meinen mich mir mit möchte mögen
    muss müssen nach nein nicht nichts niemand niemandem nie noch nun nur ob oder programm raus
    schon sehr seid sein seine seit sich sie sind so solche solchen soll sollte sollen sonst steht
    suche trotzdem über überall um und uns unser unsere unseren unter unwichtig unbekannt viel
    viele vom von vor vorne wann war warum was weg weil welche welcher welches wem wen wenig wenn
    wer werde wichtig wie wieder wieso will wir wird wo wofür wohl womit worum würde zu zum zur
    zwar zweitrangig hase geheim anonym danke dank vielen hallo guten frage herzlich herzliche
    herzlichen natürlich dankbar neu neue neuen team lotse""".split()  # noqa: SIM905
)
_NO_SURNAME = frozenset(
    """kollege kollegen kollegin doktor professor direktor präsidentin minister ministerin pfarrer
    pastor pastorin dezernent dezernenten dezernentin kämmerer chef chefin vorsitzender
    vorsitzende vorsitzenden abgeordnete abgeordneter abgeordneten nachbar nachbarin botschafter
    general lote lotse""".split()  # noqa: SIM905
)
_ROLE = re.compile(r"(?:meister|rat|leiter|händler|führer|präsident|istin|erin|orin|rätin)s?$")


def _names(text: str) -> Iterator[Span]:
    spans = sorted({*_introduced_names(text), *_placed_names(text)})
    end_before = 0
    for start, end in spans:
        if start >= end_before:
            yield start, end
            end_before = end


def _introduced_names(text: str) -> Iterator[Span]:
    """Names behind „ich heiße“, „mein Name ist“, „ich bin Frau“, „Frau“."""
    for opening, small, refused in (
        (_CALLED, True, _is_welcome),
        (_MY_NAME, True, _never),
        (_I_AM, True, _never),
        (_CALL_ME, False, _never),
        (_MISTER, False, _is_role),
    ):
        for match in opening.finditer(text):
            if not refused(text[match.end() :][:_CLAUSE]) and (
                end := _name_end(text, match.end(), small)
            ):
                yield match.end(), end


def _placed_names(text: str) -> Iterator[Span]:
    """Names before „heiße ich“ and „ist mein Name“, and below a greeting."""
    for pattern in (_REVERSED, _SIGNED):
        for match in pattern.finditer(text):
            start = match.start("name")
            end = _name_end(text, start, small=False)
            if end == match.end("name") and not _is_welcome(text[match.end() :][:_CLAUSE]):
                yield start, end


def _name_end(text: str, start: int, small: bool) -> int | None:
    """Return where the name that starts here ends, or ``None`` when there is none.

    Args:
        text: the message.
        start: where the name would start.
        small: whether names may be written in small letters here.
    """
    match = _NAME.match(text, start) or (_SMALL_NAME.match(text, start) if small else None)
    if not match:
        return None
    end = None
    for word in re.finditer(r"[^\s]+", match[0]):
        if word[0].lower() in _PARTICLES:
            continue
        if word[0].lower() in _NO_NAME:
            break
        end = start + word.end()
    return end


_PARTICLES = frozenset(_PARTICLE[3:-1].split("|"))


def _is_welcome(rest: str) -> bool:
    return bool(_WELCOMED.match(_GOES_ON.split(rest)[0]))


def _is_role(rest: str) -> bool:
    word = re.match(_WORD, rest)
    return bool(word and (word[0].lower() in _NO_SURNAME or _ROLE.search(word[0])))


def _never(_: str) -> bool:
    return False


_FINDERS: dict[Kind, Callable[[str], Iterator[Span]]] = {
    "email": _emails,
    "iban": _ibans,
    "telefon": _telephones,
    "name": _names,
}
