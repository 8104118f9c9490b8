"""What the knowledge base holds: entries, groups and the contact, as typed models.

The field names are German because editors read and write them; ``docs/redaktion.md`` explains
each one, and :mod:`bot.knowledge.schema` exports the models as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConstrainedStr, Extra, Field, root_validator, validator

from bot.german.text import fold

if TYPE_CHECKING:
    from bot.knowledge.guide import Guide

Gruppe = Literal["grundlagen", "politik", "verwaltung", "zivilgesellschaft", "wirtschaft"]
Art = Literal["grundlage", "handlungslogik", "empfehlung", "erfolgsfaktor"]
EigeneArt = Literal["grundlage", "handlungslogik", "empfehlung", "erfolgsfaktor", "auskunft"]
"""A municipality's own entry may also be plain information, which no overview lists."""

GRUPPEN: tuple[Gruppe, ...] = (
    "grundlagen",
    "politik",
    "verwaltung",
    "zivilgesellschaft",
    "wirtschaft",
)
ARTEN: tuple[Art, ...] = ("grundlage", "handlungslogik", "empfehlung", "erfolgsfaktor")
OWN_QUESTIONS = 3
"""An own entry is found by its sample questions alone, so it needs at least so many."""


class Text(ConstrainedStr):
    """A text that is not empty."""

    strip_whitespace = True
    min_length = 1


class Title(Text):
    """A text that fits on a button."""

    max_length = 60


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
    art: EigeneArt = Field(..., description="Was für eine Aussage es ist")
    titel: Title = Field(..., description="Worum es geht, höchstens 60 Zeichen")
    kurz: Text = Field(..., description="Ein, zwei Sätze, die zuerst gezeigt werden")
    text: Text = Field(..., description="Die ausführliche Erklärung")
    punkte: list[Text] = Field(default=[], description="Kurze, konkrete Punkte")
    beispiele: list[Text] = Field(default=[], description="Beispiele aus der Praxis")
    einfach: Text = Field(..., description="Dasselbe in Einfacher Sprache")
    fragen: list[Text] = Field(default=[], description="So fragen Menschen danach")
    stichworte: list[Text] = Field(default=[], description="Wörter, unter denen man sucht")
    siehe_auch: list[EntryId] = Field(default=[], description="Ids von Einträgen, die weiterhelfen")
    quelle: Source = Field(..., description="Woher die Aussage stammt")
    gruppe: Gruppe = Field("grundlagen", description="Wird aus dem Kopf der Datei übernommen")

    @property
    def kind(self) -> Art | None:
        """The kind as the answer contract knows it; plain information has none."""
        return None if self.art == "auskunft" else self.art


class CoreEntry(Entry):
    """A statement of the source document."""

    art: Art = Field(..., description="Was für eine Aussage es ist")


class GroupFile(Strict):
    """A file of entries about one group."""

    gruppe: Gruppe = Field(..., description="Die Akteursgruppe, von der alle Einträge handeln")
    eintraege: list[CoreEntry] = Field(..., min_items=1, description="Die Einträge")


class Group(Strict):
    """How a group is called in sentences."""

    kapitel: int = Field(..., ge=1, description="Kapitel im Quelldokument")
    name: Text = Field(..., description="Name auf Schaltflächen, z. B. „Politik“")
    mit: Text = Field(..., description="Nach „die Zusammenarbeit …“, z. B. „mit der Politik“")
    zu: Text = Field(..., description="Nach „weiß ich …“, z. B. „zur Politik“")


class Document(Strict):
    """The source document that all entries without a ``dokument`` of their own come from."""

    titel: Text = Field(..., description="So steht die Quelle in jeder Antwort")
    eintrag: EntryId | None = Field(
        None, description="Id des Eintrags, der sagt, woher alles stammt"
    )


class Contact(Strict):
    """The human contact that is shown when the assistant has no answer."""

    name: Text = Field(..., description="Person oder Stelle, an die man sich wenden kann")
    hinweis: Text = Field(..., description="Wie man sie erreicht, ein Satz")


class OwnSource(Source):
    """Where a municipality's own statement comes from."""

    dokument: Text = Field(..., description="Ihr Dokument, so wie es in der Antwort stehen soll")


class OwnEntry(Entry):
    """A municipality's own statement."""

    fragen: list[Text] = Field(
        ...,
        min_items=OWN_QUESTIONS,
        description="So fragen Menschen danach; mindestens drei, besser fünf",
    )
    quelle: OwnSource = Field(..., description="Woher die Aussage stammt")


class Supplement(Strict):
    """What a municipality adds to an entry that there is already."""

    id: EntryId = Field(..., description="Id des Eintrags, zu dem die Ergänzung gehört")
    beispiele: list[Text] = Field(default=[], description="Beispiele aus Ihrer Kommune")
    kontakt: Contact | None = Field(None, description="Ansprechperson für dieses Thema")

    @root_validator(skip_on_failure=True)
    def _adds_something(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        if not values["beispiele"] and values["kontakt"] is None:
            raise ValueError("„beispiele“ oder „kontakt“ angeben")
        return values


class OwnFile(Strict):
    """A file in the folder of a municipality: its own entries, supplements and contact."""

    kontakt: Contact | None = Field(
        None, description="Wird anstelle des Kontakts in gruppen.yml gezeigt"
    )
    gruppe: Gruppe | None = Field(None, description="Die Gruppe, zu der die Einträge gehören")
    eintraege: list[OwnEntry] = Field(default=[], description="Eigene Einträge")
    ergaenzungen: list[Supplement] = Field(
        default=[], description="Beispiele und Ansprechpersonen zu vorhandenen Einträgen"
    )

    @root_validator(skip_on_failure=True)
    def _has_a_group(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        if values["eintraege"] and values["gruppe"] is None:
            raise ValueError("oben in der Datei „gruppe“ angeben, z. B. gruppe: grundlagen")
        return values


class Header(Strict):
    """``gruppen.yml``: the source document, the groups and the contact."""

    dokument: Document
    kontakt: Contact
    gruppen: dict[Gruppe, Group]

    @validator("gruppen")
    def _complete(cls, value: dict[Gruppe, Group]) -> dict[Gruppe, Group]:  # noqa: N805
        if missing := [group for group in GRUPPEN if group not in value]:
            raise ValueError(f"es fehlt noch: {', '.join(missing)}")
        return value


class Knowledge(Mapping[str, Entry]):
    """All entries by id, in the order of the document, with groups, contact and guide."""

    def __init__(
        self,
        header: Header,
        entries: Iterable[Entry],
        supplements: Iterable[Supplement] = (),
        contact: Contact | None = None,
        guide: Guide | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            header: the source document, the groups, and the contact to show by default.
            entries: in document order.
            supplements: what the municipality adds, at most one for each entry.
            contact: the municipality's own contact.
            guide: the guided dialogues, if there are any.
        """
        self.document = header.dokument
        self.guide = guide
        self.contact = contact or header.kontakt
        self.supplements = {supplement.id: supplement for supplement in supplements}
        self.groups: dict[str, Group] = {name: header.gruppen[name] for name in GRUPPEN}
        self._entries: dict[str, Entry] = {entry.id: entry for entry in entries}
        self._by_title = {fold(entry.titel): entry for entry in self._entries.values()}

    def __getitem__(self, entry_id: str) -> Entry:
        return self._entries[entry_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def titled(self, title: str) -> Entry | None:
        """Return the entry of this title, in any spelling that :func:`fold` makes one."""
        return self._by_title.get(fold(title))

    def select(self, group: str | None = None, kind: str | None = None) -> list[Entry]:
        """Return the entries of a group and a kind, in document order; ``None`` means all."""
        return [
            entry
            for entry in self._entries.values()
            if (group is None or entry.gruppe == group) and (kind is None or entry.art == kind)
        ]

    @property
    def has_own(self) -> bool:
        """Whether the municipality adds anything of its own to what is said."""
        own = any(entry.quelle.dokument for entry in self._entries.values())
        return own or bool(self.supplements)

    def has_examples(self, entry: Entry) -> bool:
        """Whether there are examples for an entry, of the document or of the municipality."""
        own = self.supplements.get(entry.id)
        return bool(entry.beispiele or (own and own.beispiele))

    def source_line(self, entry: Entry) -> str:
        """Return document and place of an entry, as shown below each answer."""
        return f"{entry.quelle.dokument or self.document.titel}, {entry.quelle.place}"
