"""What the knowledge base holds: entries, groups and the contact, as typed models.

The field names are German because editors read and write them; ``docs/redaktion.md`` explains
each one, and :mod:`bot.knowledge.schema` exports the models as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConstrainedStr, Extra, Field, conlist

if TYPE_CHECKING:
    from bot.knowledge.guide import Guide

Gruppe = Literal["grundlagen", "politik", "verwaltung", "zivilgesellschaft", "wirtschaft"]
Art = Literal["grundlage", "handlungslogik", "empfehlung", "erfolgsfaktor"]

GRUPPEN: tuple[str, ...] = (
    "grundlagen",
    "politik",
    "verwaltung",
    "zivilgesellschaft",
    "wirtschaft",
)
ARTEN: tuple[str, ...] = ("grundlage", "handlungslogik", "empfehlung", "erfolgsfaktor")


class Text(ConstrainedStr):
    """A text that is not empty."""

    strip_whitespace = True
    min_length = 1


class EntryId(ConstrainedStr):
    """An id such as ``wirtschaft-empfehlung-4``: ASCII, lower case."""

    regex = r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$"


class Strict(BaseModel):
    """Base of all models: immutable, and unknown keys are errors, not silently dropped."""

    class Config:
        """Shared pydantic configuration."""

        extra = Extra.forbid
        frozen = True


class Source(Strict):
    """Where a statement comes from."""

    kapitel: int | None = Field(None, ge=1, description="Kapitel im Quelldokument")
    stelle: Text = Field(..., description="Stelle, zum Beispiel „Handlungsempfehlung 4“")
    dokument: Text | None = Field(
        None, description="Nur bei eigenen Einträgen: das Dokument, aus dem der Eintrag stammt"
    )

    @property
    def place(self) -> str:
        """Chapter and position, as the answer contract writes it."""
        return f"Kapitel {self.kapitel}, {self.stelle}" if self.kapitel else str(self.stelle)


class Entry(Strict):
    """One statement of the knowledge base."""

    id: EntryId = Field(..., description="Eindeutiger Name, nur Kleinbuchstaben, Ziffern, „-“")
    art: Art = Field(..., description="Was für eine Aussage es ist")
    titel: Text = Field(..., description="Worum es geht, höchstens 60 Zeichen", max_length=60)
    kurz: Text = Field(..., description="Ein, zwei Sätze, die zuerst gezeigt werden")
    text: Text = Field(..., description="Die ausführliche Erklärung")
    punkte: conlist(Text) = Field(default=[], description="Kurze, konkrete Punkte")  # type: ignore[valid-type]
    beispiele: conlist(Text) = Field(default=[], description="Beispiele aus der Praxis")  # type: ignore[valid-type]
    einfach: Text = Field(..., description="Dasselbe in Einfacher Sprache")
    fragen: conlist(Text) = Field(default=[], description="So fragen Menschen danach")  # type: ignore[valid-type]
    stichworte: conlist(Text) = Field(default=[], description="Wörter, unter denen man sucht")  # type: ignore[valid-type]
    siehe_auch: conlist(EntryId) = Field(
        default=[], description="Ids von Einträgen, die weiterhelfen"
    )  # type: ignore[valid-type]
    quelle: Source = Field(..., description="Woher die Aussage stammt")
    gruppe: Gruppe = Field("grundlagen", description="Wird aus dem Kopf der Datei übernommen")


class GroupFile(Strict):
    """A file of entries about one group."""

    gruppe: Gruppe = Field(..., description="Die Akteursgruppe, von der alle Einträge handeln")
    eintraege: conlist(Entry, min_items=1) = Field(..., description="Die Einträge")  # type: ignore[valid-type]


class Group(Strict):
    """How a group is called in sentences."""

    kapitel: int = Field(..., ge=1, description="Kapitel im Quelldokument")
    name: Text = Field(..., description="Name auf Schaltflächen, z. B. „Politik“")
    mit: Text = Field(..., description="Nach „die Zusammenarbeit …“, z. B. „mit der Politik“")
    zu: Text = Field(..., description="Nach „weiß ich …“, z. B. „zur Politik“")


class Document(Strict):
    """The source document that all entries without a ``dokument`` of their own come from."""

    titel: Text = Field(..., description="So steht die Quelle in jeder Antwort")


class Contact(Strict):
    """The human contact that is shown when the assistant has no answer."""

    name: Text = Field(..., description="Person oder Stelle, an die man sich wenden kann")
    hinweis: Text = Field(..., description="Wie man sie erreicht, ein Satz")


class Header(Strict):
    """``gruppen.yml``: the source document, the groups and the contact."""

    dokument: Document
    kontakt: Contact
    gruppen: dict[Gruppe, Group]


class Knowledge(Mapping[str, Entry]):
    """All entries by id, in the order of the document, with groups, contact and guide."""

    def __init__(
        self, header: Header, entries: Iterable[Entry], guide: Guide | None = None
    ) -> None:
        self.guide = guide
        self.document = header.dokument
        self.contact = header.kontakt
        self.groups: dict[str, Group] = {name: header.gruppen[name] for name in GRUPPEN}
        self._entries = {entry.id: entry for entry in entries}

    def __getitem__(self, entry_id: str) -> Entry:
        return self._entries[entry_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def select(self, group: str | None = None, kind: str | None = None) -> list[Entry]:
        """Return the entries of a group and a kind, in document order; ``None`` means all."""
        return [
            entry
            for entry in self._entries.values()
            if (group is None or entry.gruppe == group) and (kind is None or entry.art == kind)
        ]

    def source_line(self, entry: Entry) -> str:
        """Return document and place of an entry, as shown below each answer."""
        return f"{entry.quelle.dokument or self.document.titel}, {entry.quelle.place}"
