"""What a message means to the guide: a control, one or more answers, or a question in between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.german.text import fold
from bot.guide.questions import Answer, Asked
from bot.knowledge.guide import CONCERN_QUESTION, GROUP_QUESTION, Guide, Understanding

SURE = 0.6
"""From this confidence on, an intent that was recognised outside counts."""
_INTENT_CONTROLS = {
    "zurueck": "zurueck",
    "abbrechen": "abbrechen",
    "neustart": "von_vorn",
    "wiederholen": "wiederholen",
    "warum_das": "warum",
}
_NEVER_ANSWERS = frozenset(
    {
        "einfacher", "quelle", "beispiel", "argumente", "mehr", "warum_das", "mensch_sprechen",
        "datenschutz", "daten_loeschen", "faehigkeiten", "bot_frage", "herkunft_bot", "sprache",
        "warten", "gruss", "dank", "lob", "kritik", "befinden", "verabschiedung",
    }
)  # fmt: skip
"""Intents that are about the conversation: a word of an answer in them is chance."""
_CONTENT = frozenset(
    {"empfehlungen", "erfolgsfaktoren", "handlungslogik", "gruppe_alles", "vergleich"}
)
_NUMBER = re.compile(r"(\d{1,3}(?:[.\s]\d{3})+(?!\d)|\d+(?:,\d+)?)")
_UNIT_DISTANCE = 2
"""So many words may stand between a number and its unit („900 freundliche Leute“)."""
_A_FEW_WORDS = 3
_A_SENTENCE = 6
_NEGATION_DISTANCE = 2


@dataclass(frozen=True)
class Heard:
    """A message, with what was understood of it outside the guide."""

    text: str
    intent: str = ""
    confidence: float = 0.0
    groups: tuple[str, ...] = ()
    answerable: bool = False
    """Whether the knowledge base has an answer to it, going by the search."""

    @property
    def folded(self) -> str:
        """The message in plain lower-case words."""
        return fold(self.text)

    @property
    def sure_intent(self) -> str:
        """The intent, when it is certain enough."""
        return self.intent if self.confidence >= SURE else ""


def control(heard: Heard, guide: Guide) -> str | None:
    """Return the control that a whole message is, by the words of ``guide.yml``."""
    fillers = _fillers(guide)
    core = _core(heard.folded, fillers)
    for name, phrases in guide.steuerung:
        if any(core == _core_of_phrase(phrase, fillers) for phrase in phrases):
            return str(name)
    return None


def control_by_intent(heard: Heard) -> str | None:
    """Return the control that the intent stands for, if it is certain."""
    return _INTENT_CONTROLS.get(heard.sure_intent)


def is_question(heard: Heard, guide: Guide) -> bool:
    """Whether a message asks something rather than answering."""
    words = heard.folded.split()
    if heard.text.rstrip().endswith("?") and len(words) > _A_FEW_WORDS - 1:
        return True
    core = _core(heard.folded, _fillers(guide))
    begins = any(_pattern(phrase).match(core) for phrase in guide.verstehen.fragen)
    ends = any(heard.folded.endswith(f" {fold(end)}") for end in guide.verstehen.fragen_ende)
    return begins or ends


def is_in_between(heard: Heard, guide: Guide) -> bool:
    """Whether a message that answers no question is for the assistant rather than the guide."""
    return (
        is_question(heard, guide)
        or heard.answerable
        or heard.sure_intent in _NEVER_ANSWERS
        or heard.sure_intent in _CONTENT
    )


def tells_more(heard: Heard) -> bool:
    """Whether a message holds a concern that the assistant can answer, beside an answer."""
    return heard.answerable and len(heard.folded.split()) > _A_SENTENCE


def announces_change(heard: Heard, guide: Guide) -> bool:
    """Whether a message says that something is to be different („doch eher Politik“)."""
    return _contains(heard.folded, guide.verstehen.aendern)


def sounds_new(heard: Heard, guide: Guide) -> bool:
    """Whether a person seems to be new to the job."""
    return _contains(heard.folded, guide.einstieg.neu)


def answers(heard: Heard, asked: Sequence[Asked], open_id: str, guide: Guide) -> Mapping[str, str]:
    """Return all answers in a message: question id -> answer id.

    The open question may be answered in any way; the others only when it is clear that they are
    meant, so that „die Stelle kam vom Rat“ does not also choose the group.
    """
    found: dict[str, str] = {}
    in_order = sorted(asked, key=lambda question: question.id != open_id)
    for question in in_order:
        is_open = question.id == open_id
        if not is_open and (question.factor or not _cued(heard, question, guide)):
            continue
        answer = _answer_to(question, heard, is_open, guide)
        if answer and not (heard.sure_intent in _NEVER_ANSWERS and not _is_whole(answer, heard)):
            found[question.id] = answer.id
    return {**found, **_names_both(heard, asked, found)}


def _names_both(heard: Heard, asked: Sequence[Asked], found: Mapping[str, str]) -> dict[str, str]:
    """Return the group that a message names along with a concern („Unser Rat blockiert alles“)."""
    if CONCERN_QUESTION not in found or GROUP_QUESTION in found:
        return {}
    groups = next((question for question in asked if question.id == GROUP_QUESTION), None)
    answer = _by_group(groups, heard.groups) if groups else None
    return {GROUP_QUESTION: answer.id} if answer else {}


def _cued(heard: Heard, question: Asked, guide: Guide) -> bool:
    if not question.cues or _contains(heard.folded, question.cues):
        return True
    names_group = any(answer.group for answer in question.answers)
    return names_group and len(_core(heard.folded, _fillers(guide)).split()) <= _A_FEW_WORDS


def _answer_to(question: Asked, heard: Heard, is_open: bool, guide: Guide) -> Answer | None:
    return (
        _by_title(question, heard.folded)
        or _by_number(question, heard, is_open, guide.verstehen)
        or _by_words(question, heard.folded, guide.verstehen)
        or _by_group(question, heard.groups)
    )


def _by_title(question: Asked, text: str) -> Answer | None:
    return next((answer for answer in question.answers if fold(answer.title) == text), None)


def _is_whole(answer: Answer, heard: Heard) -> bool:
    phrases = (answer.title, *answer.words)
    return any(_pattern(phrase).fullmatch(heard.folded) for phrase in phrases)


def _by_number(question: Asked, heard: Heard, is_open: bool, words: Understanding) -> Answer | None:
    """Return the answer in whose range a number with a fitting unit lies."""
    for match in _NUMBER.finditer(heard.text):
        number = float(re.sub(r"[.\s]", "", match[1]).replace(",", "."))
        rest = heard.text[match.end() :].replace("%", " prozent ")
        after = fold(rest).split()[: _UNIT_DISTANCE + 2]
        if after and _contains(after[0], words.tausend):
            number, after = number * 1_000, after[1:]
        elif after and _contains(after[0], words.million):
            number, after = number * 1_000_000, after[1:]
        factor = next(
            (
                factor
                for word in after[: _UNIT_DISTANCE + 1]
                for unit, factor in question.units
                if _pattern(unit).fullmatch(word)
            ),
            None,
        )
        bare = is_open and question.units and fold(heard.text) == fold(match[0])
        if factor is None and not bare:
            continue
        amount = number * (factor or 1)
        for answer in question.answers:
            if _in_range(amount, answer):
                return answer
    return None


def _in_range(amount: float, answer: Answer) -> bool:
    if answer.least is None and answer.below is None:
        return False
    above = answer.least is None or amount >= answer.least
    return above and (answer.below is None or amount < answer.below)


def _by_words(question: Asked, text: str, words: Understanding) -> Answer | None:
    """Return the answer whose longest phrase is in the text; the later one when equally long."""
    best: tuple[int, int] = (0, 0)
    chosen = None
    for answer in question.answers:
        for phrase in (re.sub(r"\(.*?\)", "", answer.title), *answer.words):
            for match in _pattern(phrase).finditer(text):
                rank = (len(match[0]), match.start())
                after = question.factor is not None
                if rank > best and not _negated(text, match, words.verneinung, after):
                    best, chosen = rank, answer
    return chosen


def _negated(text: str, match: re.Match[str], negations: Sequence[str], after: bool) -> bool:
    before = text[: match.start()].split()[-_NEGATION_DISTANCE:]
    around = [*before, *text[match.end() :].split()[:_NEGATION_DISTANCE]] if after else before
    return any(_contains(word, negations) for word in around)


def _by_group(question: Asked, groups: Sequence[str]) -> Answer | None:
    by_group = {answer.group: answer for answer in question.answers if answer.group}
    if len(groups) > 2:
        return by_group.get("grundlagen")
    return next((by_group[group] for group in groups if group in by_group), None)


def _fillers(guide: Guide) -> tuple[str, ...]:
    return tuple(map(fold, guide.verstehen.fuellwoerter))


@lru_cache(maxsize=1024)
def _core_of_phrase(phrase: str, fillers: tuple[str, ...]) -> str:
    """Return the core of a phrase of ``guide.yml``; messages themselves are never cached."""
    return _core(fold(phrase), fillers)


def _core(text: str, fillers: tuple[str, ...]) -> str:
    """Return a message without filler words at its beginning and its end."""
    parts = text.split()
    while len(parts) > 1 and parts[0] in fillers:
        parts = parts[1:]
    while len(parts) > 1 and parts[-1] in fillers:
        parts = parts[:-1]
    return " ".join(parts)


def _contains(text: str, phrases: Iterable[str]) -> bool:
    return any(_pattern(phrase).search(text) for phrase in phrases)


@lru_cache(maxsize=2048)
def _pattern(phrase: str) -> re.Pattern[str]:
    """Return a pattern for a phrase in folded text; ``*`` stands for any ending."""
    words = [
        re.escape(fold(word)) + (r"\w*" if word.endswith("*") else "") for word in phrase.split()
    ]
    return re.compile(r"\b" + " ".join(word for word in words if word) + r"\b")
