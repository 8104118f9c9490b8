"""A municipality's own files: what they may hold, and what is said about mistakes in them."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from bot.answer import Paragraph, Points, SourceLine, render_text
from bot.dialogue import compose
from bot.dialogue.texts import get_texts
from bot.dialogue.turn import Context
from bot.knowledge import KnowledgeError, load_knowledge, model
from bot.knowledge.schema import json_schema
from bot.settings import PROJECT
from tests.knowledge.small import own_entry, write, write_core

CORE = PROJECT / "data" / "knowledge"
EXAMPLES = PROJECT / "tests" / "knowledge" / "lokal_beispiele"
TEMPLATE = CORE / "lokal" / "beispiel.yml.txt"


@pytest.fixture
def core(tmp_path: Path) -> Path:
    return write_core(tmp_path / "wissen")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "lokal"
    folder.mkdir()
    return folder


def problems(core: Path, own: Path) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        load_knowledge(core, own)
    return [str(problem) for problem in caught.value.problems]


def context(knowledge: model.Knowledge) -> Context:
    return Context(knowledge, lambda text, group: [], get_texts())


def test_own_entries_come_last_in_their_group_and_keep_their_source(core: Path, own: Path) -> None:
    write(own / "a.yml", {"gruppe": "politik", "eintraege": [own_entry("lokal-beirat")]})
    knowledge = load_knowledge(core, own)
    assert [e.id for e in knowledge.select("politik")][-1] == "lokal-beirat"
    assert knowledge.source_line(knowledge["lokal-beirat"]) == "Merkblatt, Seite 1"


def test_own_information_stands_in_no_overview_and_has_no_kind(core: Path, own: Path) -> None:
    entries = [own_entry("lokal-karte", art="auskunft")]
    write(own / "a.yml", {"gruppe": "politik", "eintraege": entries})
    knowledge = load_knowledge(core, own)
    assert "lokal-karte" not in [e.id for e in knowledge.select("politik", "empfehlung")]
    assert compose.answer(knowledge["lokal-karte"], context(knowledge)).outcome.kind is None


def test_an_overview_names_the_sources_of_own_entries(core: Path, own: Path) -> None:
    write(own / "a.yml", {"gruppe": "politik", "eintraege": [own_entry("lokal-beirat")]})
    knowledge = load_knowledge(core, own)
    parts = compose.overview("politik", "empfehlung", context(knowledge)).parts
    source = next(part.text for part in parts if isinstance(part, SourceLine))
    assert source == "Quelle: Leitfaden, Kapitel 2; Merkblatt"


def test_own_examples_and_contact_stand_below_the_source_marked_as_own(
    core: Path, own: Path
) -> None:
    added = {
        "id": "politik-ausschuss",
        "beispiele": ["Bei uns im Mai."],
        "kontakt": {"name": "Kim Muster", "hinweis": "Zimmer 12."},
    }
    write(own / "a.yml", {"ergaenzungen": [added]})
    knowledge = load_knowledge(core, own)
    parts = compose.full_entry(knowledge["politik-ausschuss"], context(knowledge))
    assert isinstance(parts[-3], SourceLine)
    assert parts[-2] == Points(("Bei uns im Mai.",), "Eigenes Beispiel Ihrer Kommune:")
    assert isinstance(parts[-1], Paragraph)
    assert "Kim Muster. Zimmer 12." in parts[-1].text
    assert knowledge.has_examples(knowledge["politik-ausschuss"])
    assert not knowledge.has_examples(knowledge["politik-fraktion"])


def test_a_supplement_may_belong_to_an_own_entry_of_a_later_file(core: Path, own: Path) -> None:
    write(own / "a.yml", {"ergaenzungen": [{"id": "lokal-beirat", "beispiele": ["So."]}]})
    write(own / "b.yml", {"gruppe": "politik", "eintraege": [own_entry("lokal-beirat")]})
    assert load_knowledge(core, own).supplements["lokal-beirat"].beispiele == ["So."]


def test_the_own_contact_replaces_the_general_one(core: Path, own: Path) -> None:
    assert load_knowledge(core, own).contact.name == "das Rathaus"
    write(own / "a.yml", {"kontakt": {"name": "Alex Beispiel", "hinweis": "Zimmer 3."}})
    reply = compose.no_answer([], context(load_knowledge(core, own)))
    assert "Alex Beispiel" in render_text(reply.parts)


def test_a_file_with_nothing_but_remarks_is_fine(core: Path, own: Path) -> None:
    (own / "leer.yml").write_text("# noch nichts\n", encoding="utf-8")
    assert len(load_knowledge(core, own)) == 2


def test_files_that_editors_leave_behind_are_ignored(core: Path, own: Path) -> None:
    for name in (".#a.yml", "~$a.yml", "a.yml~", "beispiel.yml.txt"):
        (own / name).write_text("kein: [gültiges", encoding="utf-8")
    assert len(load_knowledge(core, own)) == 2


def test_all_mistakes_of_all_files_are_named_at_once_with_line_entry_and_remedy(
    core: Path, own: Path
) -> None:
    bad = own_entry("lokal-beirat", fragen=["Nur eine?"], quelle={"stelle": "Seite 1"})
    write(own / "a.yml", {"gruppe": "politik", "eintraege": [bad]})
    write(own / "b.yml", {"ergaenzungen": [{"id": "politik-ausschuss"}]})
    found = problems(core, own)
    assert [re.sub(r".*/", "", line) for line in found] == [
        "a.yml:9 [lokal-beirat]: „eintraege.fragen“ hat zu wenige Zeilen – mindestens 3 angeben",
        "a.yml:11 [lokal-beirat]: „eintraege.quelle.dokument“ fehlt – ergänzen",
        "b.yml:2 [politik-ausschuss]: es fehlt etwas – „beispiele“ oder „kontakt“ angeben",
    ]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (
            "a.yml",
            {"gruppe": "politik", "eintraege": [own_entry("politik-ausschuss")]},
            "a.yml:3 [politik-ausschuss]: die Id steht schon in politik.yml, Zeile 3",
        ),
        ("a.yml", {"eintraege": [own_entry("lokal-beirat")]}, "gruppe: grundlagen"),
        (
            "a.yml",
            {"ergaenzungen": [{"id": "politik-nichts", "beispiele": ["So."]}]},
            "a.yml:2 [politik-nichts]: es gibt keinen Eintrag „politik-nichts“",
        ),
        (
            "a.yml",
            {"ergaenzungen": [{"id": "politik-fraktion", "beispiele": ["So."]}] * 2},
            "a.yml:5 [politik-fraktion]: zu diesem Eintrag gibt es schon eine Ergänzung",
        ),
        ("a.yaml", {}, "in „a.yml“ umbenennen"),
        ("a.yml", {"kontakte": {}}, "„kontakte“ ist unbekannt"),
    ],
)
def test_a_mistake_is_named(core: Path, own: Path, name: str, data: object, expected: str) -> None:
    # written twice in full, as YAML references are not allowed
    text = yaml.dump(json.loads(json.dumps(data)), allow_unicode=True, sort_keys=False)
    (own / name).write_text(text, encoding="utf-8")
    [found] = problems(core, own)
    assert expected in found


def test_only_one_own_contact_is_allowed(core: Path, own: Path) -> None:
    for name in ("a.yml", "b.yml"):
        write(own / name, {"kontakt": {"name": name, "hinweis": "Zimmer 3."}})
    [found] = problems(core, own)
    assert "b.yml:1" in found
    assert "„kontakt“ steht schon" in found


def test_plain_information_is_for_own_entries_only(core: Path) -> None:
    text = (core / "politik.yml").read_text(encoding="utf-8")
    (core / "politik.yml").write_text(
        text.replace("art: empfehlung", "art: auskunft", 1), encoding="utf-8"
    )
    with pytest.raises(KnowledgeError, match=r"„eintraege\.art“ hat einen unbekannten Wert"):
        load_knowledge(core)


def test_the_template_for_editors_is_valid(tmp_path: Path) -> None:
    (tmp_path / "kopie.yml").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    knowledge = load_knowledge(CORE, tmp_path)
    assert "lokal-ehrenamtskarte" in knowledge
    assert "politik-empfehlung-1" in knowledge.supplements
    assert knowledge.contact.name.startswith("Alex Beispiel")


def test_the_template_itself_is_not_loaded() -> None:
    assert "lokal-ehrenamtskarte" not in load_knowledge(CORE, TEMPLATE.parent)


@pytest.mark.parametrize("file", [TEMPLATE, *sorted(EXAMPLES.glob("*.yml"))], ids=lambda f: f.name)
def test_own_files_fit_the_published_schema(file: Path) -> None:
    schema = json.loads((CORE / "schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)


def test_the_published_schema_is_up_to_date() -> None:
    assert (CORE / "schema.json").read_text(encoding="utf-8") == json_schema()


@pytest.mark.parametrize(
    "field",
    sorted(
        {
            name
            for described in vars(model).values()
            if isinstance(described, type) and issubclass(described, model.Strict)
            for name in described.__fields__
        }
    ),
)
def test_the_guide_for_editors_explains_each_field(field: str) -> None:
    guide = (PROJECT / "docs" / "redaktion.md").read_text(encoding="utf-8")
    assert f"`{field}`" in guide


@pytest.mark.parametrize("kind", [*model.ARTEN, "auskunft", *model.GRUPPEN])
def test_the_guide_for_editors_names_each_kind_and_group(kind: str) -> None:
    assert f"`{kind}`" in (PROJECT / "docs" / "redaktion.md").read_text(encoding="utf-8")


def test_the_examples_in_the_guide_are_valid(tmp_path: Path) -> None:
    guide = (PROJECT / "docs" / "redaktion.md").read_text(encoding="utf-8")
    chapter = guide.split("## Eigene Angaben")[1].split("\n## ")[0]
    blocks = re.findall(r"```yaml\n(.*?)```", chapter, re.DOTALL)
    assert len(blocks) == 4
    (tmp_path / "alles.yml").write_text("".join(blocks), encoding="utf-8")
    assert "lokal-ehrenamtskarte" in load_knowledge(CORE, tmp_path)
