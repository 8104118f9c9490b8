"""``guide.yml``: the questions, the plans and the words of the guided dialogues, as typed models.

What the guide asks, what each answer leads to and what a step of a plan says is all in this file;
:mod:`bot.guide` only walks through it. :func:`missing` finds what no field can check by itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, Literal

from pydantic import ConstrainedInt, ConstrainedStr, Field

from bot.knowledge.model import EntryId, Gruppe, Strict, Text

Path_ = tuple[Any, ...]
Zaehlt = Literal["staerke", "teils", "luecke", "offen"]
STEPS = 3
"""So many steps a plan has: one can't do everything at once."""

Words = list[Text]
"""Words that mean something; ``*`` at the end of a word stands for any ending."""
Ids = list[EntryId]


class Name(ConstrainedStr):
    """The id of a question or an option: it goes into links, so it is short and ASCII."""

    regex = r"^[a-z][a-z0-9_]*$"


class Clock(ConstrainedStr):
    """A time of day such as ``09:00``."""

    regex = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Days(ConstrainedInt):
    """A number of days, up to a year."""

    ge = 1
    le = 365


class Option(Strict):
    """One answer that can be given to a question."""

    id: Name = Field(..., description="Kurzer Name, bleibt unverändert: er steht in Plan-Links")
    titel: Text = Field(..., description="So steht die Antwort auf der Schaltfläche")
    woerter: Words = Field([], description="Wörter, die dasselbe meinen; „*“ für jede Endung")
    von: float | None = Field(None, description="Ab dieser Zahl gilt die Antwort (einschließlich)")
    bis: float | None = Field(None, description="Bis zu dieser Zahl gilt sie (ausschließlich)")
    gruppe: Gruppe | None = Field(None, description="Gruppe, für die diese Antwort steht")
    hinweis: EntryId | None = Field(None, description="Eintrag, der gleich dazu gezeigt wird")
    zuerst: EntryId | None = Field(None, description="Wird der erste Schritt des Plans")
    vorziehen: Ids = Field([], description="Rücken nach vorn, wenn sie ohnehin passen")
    zurueckstellen: Ids = Field([], description="Rücken nach hinten")


class Question(Strict):
    """One question of a guided dialogue."""

    id: Name = Field(..., description="Kurzer Name der Frage, bleibt unverändert")
    frage: Text = Field(..., description="Die Frage")
    thema: Text = Field(..., description="Steht vor der Antwort, z. B. „Größe“")
    warum: Text = Field(..., description="Antwort auf „Warum fragen Sie das?“")
    einheiten: dict[Text, float] = Field(
        {}, description="Wörter nach einer Zahl und der Faktor, z. B. einwohner*: 1"
    )
    voran: Words = Field([], description="Nur mit einem dieser Wörter gilt eine Antwort ungefragt")
    optionen: list[Option] = Field(..., min_items=2, description="Die möglichen Antworten")

    def option(self, option_id: str) -> Option | None:
        """Return an option by its id, or ``None``."""
        return next((option for option in self.optionen if option.id == option_id), None)


class Start(Strict):
    """The dialogue *Einstieg*."""

    titel: Text = Field(..., description="So heißt dieser Dialog auf Schaltflächen")
    einleitung: Text = Field(..., description="Die ersten Sätze, vor der ersten Frage")
    vorschlag: Text = Field(..., description="Bietet den Einstieg einmal an")
    neu: Words = Field(..., description="Wer so schreibt, ist wohl neu in der Aufgabe")
    fragen: list[Question] = Field(..., min_items=2, max_items=7, description="Die Fragen")
    ohne_gruppe: Name = Field(..., description="Gilt, wenn die Gruppe offen bleibt")
    ohne_anliegen: Name = Field(..., description="Gilt, wenn das Anliegen offen bleibt")


class Rating(Strict):
    """An answer to a question of the check."""

    id: Name
    titel: Text = Field(..., description="So steht die Antwort auf der Schaltfläche")
    woerter: Words = Field([], description="Wörter, die dasselbe meinen")
    zaehlt: Zaehlt = Field(..., description="Was die Antwort für das Ergebnis bedeutet")


class Check(Strict):
    """The dialogue *Erfolgsfaktoren-Check*."""

    titel: Text = Field(..., description="So heißt dieser Dialog auf Schaltflächen")
    einleitung: Text = Field(..., description="Die ersten Sätze, vor der ersten Frage")
    gruppe: Question = Field(..., description="Für welche Gruppe der Check gemacht wird")
    frage: Text = Field(..., description="Steht unter jedem Erfolgsfaktor")
    warum: Text = Field(..., description="Antwort auf „Warum fragen Sie das?“")
    antworten: list[Rating] = Field(..., min_items=2, description="Die möglichen Antworten")
    faktoren: dict[EntryId, list[EntryId]] = Field(
        ..., description="Erfolgsfaktor und die Empfehlungen, die eine Lücke schließen"
    )
    auffuellen: Name = Field(
        ..., description="Anliegen, dessen Schritte den Plan füllen, wenn es kaum Lücken gibt"
    )


class Row(Strict):
    """What fits a group and a concern."""

    schritte: list[EntryId] = Field(
        ...,
        min_items=STEPS,
        unique_items=True,
        description="Passende Einträge, der wichtigste zuerst; drei werden der Plan",
    )
    erfolgsfaktoren: list[EntryId] = Field(
        ...,
        min_items=1,
        unique_items=True,
        description="Woran man merkt, dass es insgesamt gelingt",
    )


class StepText(Strict):
    """What a step of a plan says beside the entry itself."""

    diese_woche: Text = Field(..., description="So fangen Sie diese Woche an")
    wirkung: Text = Field(..., description="Daran merken Sie, dass es wirkt")
    wirkung_aus: EntryId | None = Field(
        None, description="Eintrag, aus dem „wirkung“ stammt, wenn es nicht der Schritt selbst ist"
    )


class Controls(Strict):
    """What a person says to steer the dialogue; whole messages, apart from filler words."""

    zurueck: Words
    ueberspringen: Words
    abbrechen: Words
    spaeter: Words
    von_vorn: Words
    warum: Words
    weiter: Words
    plan: Words


class Understanding(Strict):
    """Words that help to tell answers from questions."""

    fuellwoerter: Words = Field(..., description="Ändern nichts an dem, was gemeint ist")
    fragen: Words = Field(..., description="So beginnt eine Frage")
    fragen_ende: Words = Field(..., description="So endet eine Frage ohne Fragezeichen")
    aendern: Words = Field(..., description="Kündigen eine andere Antwort an")
    verneinung: Words = Field(..., description="Davor heißt: das gerade nicht")
    tausend: Words = Field(..., description="Nach einer Zahl: mal tausend")
    million: Words = Field(..., description="Nach einer Zahl: mal eine Million")


class Reminders(Strict):
    """The reminders in the calendar file, one for each step."""

    tage: list[Days] = Field(
        ...,
        min_items=STEPS,
        max_items=STEPS,
        description="So viele Tage nach dem Erstellen; am Wochenende wird es Montag",
    )
    uhrzeit: Clock = Field(..., description="Beginn, z. B. „09:00“, in der Zeit des Kalenders")
    minuten: int = Field(..., ge=5, le=480, description="Dauer in Minuten")


class Guide(Strict):
    """``guide.yml``: the guided dialogues *Einstieg* and *Erfolgsfaktoren-Check*, and the plan."""

    einstieg: Start
    check: Check
    steuerung: Controls
    verstehen: Understanding
    plaene: dict[Gruppe, dict[Name, Row]] = Field(
        ..., description="Gruppe, darunter Anliegen, darunter was dazu passt"
    )
    schritte: dict[EntryId, StepText] = Field(..., description="Der Text zu jedem Schritt")
    erinnerungen: Reminders

    def row(self, group: str, concern: str) -> Row | None:
        """Return what fits a group and a concern, or ``None`` when that is not planned."""
        for name, rows in self.plaene.items():
            if name == group:
                return next((row for of, row in rows.items() if of == concern), None)
        return None


GROUP_QUESTION = "gruppe"
CONCERN_QUESTION = "anliegen"
"""The two questions whose answers pick the row of the plans."""


def missing(guide: Guide, entries: Container[str]) -> Iterator[tuple[Path_, str, str]]:
    """Yield what is wrong between the parts of the guide: ``(where, what, remedy)``.

    Args:
        guide: the guide, each part valid by itself.
        entries: the ids of the knowledge base.
    """
    steps = list(_steps(guide))
    for path, entry_id in [*steps, *_shown(guide)]:
        if entry_id not in entries:
            yield path, f"es gibt keinen Eintrag „{entry_id}“", "Id verbessern oder streichen"
    for path, entry_id in steps:
        if entry_id not in guide.schritte:
            what = f"zu „{entry_id}“ fehlt der Text des Schrittes"
            yield path, what, "unter „schritte“ ergänzen"
    for factor, closing in guide.check.faktoren.items():
        if not closing:
            what = f"keine Empfehlung schließt die Lücke bei „{factor}“"
            yield ("check", "faktoren", factor), what, "mindestens eine Id ergänzen"
    yield from _unanswered(guide)


def _steps(guide: Guide) -> Iterator[tuple[Path_, str]]:
    """Yield the ids that may become steps of a plan, with where they stand."""
    for where, option in _options(guide):
        if option.zuerst:
            yield (*where, "zuerst"), option.zuerst
    for factor, closing in guide.check.faktoren.items():
        yield from ((("check", "faktoren", factor, at), id_) for at, id_ in enumerate(closing))
    for group, rows in guide.plaene.items():
        for concern, row in rows.items():
            where = ("plaene", group, concern, "schritte")
            yield from (((*where, at), id_) for at, id_ in enumerate(row.schritte))


def _shown(guide: Guide) -> Iterator[tuple[Path_, str]]:
    """Yield all other ids of entries, with where they stand."""
    for where, option in _options(guide):
        if option.hinweis:
            yield (*where, "hinweis"), option.hinweis
        for key in ("vorziehen", "zurueckstellen"):
            yield from (((*where, key, at), id_) for at, id_ in enumerate(getattr(option, key)))
    yield from ((("check", "faktoren", factor), factor) for factor in guide.check.faktoren)
    for group, rows in guide.plaene.items():
        for concern, row in rows.items():
            where = ("plaene", group, concern, "erfolgsfaktoren")
            yield from (((*where, at), id_) for at, id_ in enumerate(row.erfolgsfaktoren))
    for entry_id, text in guide.schritte.items():
        yield ("schritte", entry_id), entry_id
        if text.wirkung_aus:
            yield ("schritte", entry_id, "wirkung_aus"), text.wirkung_aus


def _options(guide: Guide) -> Iterator[tuple[Path_, Option]]:
    for number, question in enumerate(guide.einstieg.fragen):
        for at, option in enumerate(question.optionen):
            yield ("einstieg", "fragen", number, "optionen", at), option


def _unanswered(guide: Guide) -> Iterator[tuple[Path_, str, str]]:
    """Yield questions and answers that lead nowhere or can't be told apart."""
    questions = {str(question.id): question for question in guide.einstieg.fragen}
    for number, question in enumerate(guide.einstieg.fragen):
        ids = [option.id for option in question.optionen]
        if questions[question.id] is not question or len(set(ids)) < len(ids):
            what = f"in „{question.id}“ steht eine Id doppelt"
            yield ("einstieg", "fragen", number), what, "eine der beiden umbenennen"
    absent = {GROUP_QUESTION, CONCERN_QUESTION}.difference(questions)
    if absent:
        names = ", ".join(sorted(absent))
        yield ("einstieg", "fragen"), f"diese Fragen fehlen: {names}", "ergänzen"
    else:
        yield from _unplanned(guide, questions[GROUP_QUESTION], questions[CONCERN_QUESTION])


def _unplanned(
    guide: Guide, groups: Question, concerns: Question
) -> Iterator[tuple[Path_, str, str]]:
    """Yield combinations of group and concern that no plan belongs to."""
    for where, answer, question in (
        (("einstieg", "ohne_gruppe"), guide.einstieg.ohne_gruppe, groups),
        (("einstieg", "ohne_anliegen"), guide.einstieg.ohne_anliegen, concerns),
        (("check", "auffuellen"), guide.check.auffuellen, concerns),
    ):
        if question.option(answer) is None:
            what = f"„{where[1]}“ nennt keine Antwort auf die Frage „{question.id}“"
            yield where, what, "die Id einer Antwort eintragen"
    for where, options in (
        (("einstieg", "fragen"), groups.optionen),
        (("check", "gruppe"), guide.check.gruppe.optionen),
    ):
        for option in options:
            if option.gruppe is None:
                yield where, f"bei der Antwort „{option.id}“ fehlt „gruppe“", "ergänzen"
    for group in filter(None, (option.gruppe for option in groups.optionen)):
        for concern in concerns.optionen:
            if guide.row(group, concern.id) is None:
                what = f"zu „{group}“ und „{concern.id}“ fehlt ein Plan"
                yield ("plaene", group), what, "„schritte“ und „erfolgsfaktoren“ ergänzen"
