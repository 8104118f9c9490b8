"""Loading: what is wrong with a file is said all at once, with file, line, entry and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.knowledge import Knowledge, KnowledgeError, Problem, load_knowledge
from bot.knowledge import load as load_module

HEADER = """\
dokument: {titel: Ein Dokument}
kontakt: {name: die Stelle, hinweis: Rufen Sie an.}
gruppen:
  grundlagen: {kapitel: 1, name: Grundlagen, mit: mit allen, zu: zu den Grundlagen}
  politik: {kapitel: 2, name: Politik, mit: mit der Politik, zu: zur Politik}
  verwaltung: {kapitel: 3, name: Verwaltung, mit: in der Verwaltung, zu: zur Verwaltung}
  zivilgesellschaft: {kapitel: 4, name: Vereine, mit: mit Vereinen, zu: zu Vereinen}
  wirtschaft: {kapitel: 5, name: Wirtschaft, mit: mit Betrieben, zu: zur Wirtschaft}
"""
ENTRIES = """\
gruppe: politik
eintraege:
  - id: politik-empfehlung-1
    art: empfehlung
    titel: Früh sprechen
    kurz: Sprechen Sie früh mit dem Rat.
    text: Der Rat entscheidet über vieles.
    punkte: [Zwischenberichte]
    einfach: Reden Sie früh mit dem Rat.
    siehe_auch: [politik-empfehlung-2]
    quelle: {kapitel: 2, stelle: Handlungsempfehlung 1}
  - id: politik-empfehlung-2
    art: empfehlung
    titel: Regeln klären
    kurz: Klären Sie, wer mit wem spricht.
    text: Nicht alle dürfen mit allen sprechen.
    einfach: Fragen Sie, wer mit wem sprechen darf.
    quelle: {kapitel: 2, stelle: Handlungsempfehlung 2}
"""
QUESTIONS = """\
politik-empfehlung-1:
- "Wann rede ich mit dem Rat?"
politik-empfehlung-2:
- "Wer darf mit dem Rat reden?"
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A small knowledge base in which nothing is wrong."""
    (tmp_path / "fragen").mkdir()
    (tmp_path / "gruppen.yml").write_text(HEADER, encoding="utf-8")
    (tmp_path / "politik.yml").write_text(ENTRIES, encoding="utf-8")
    (tmp_path / "fragen" / "neulinge.yml").write_text(QUESTIONS, encoding="utf-8")
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new), encoding="utf-8")


def problems_of(base: Path, local: Path | None = None) -> list[Problem]:
    with pytest.raises(KnowledgeError) as caught:
        load_knowledge(base, local)
    for problem in caught.value.problems:
        assert problem.remedy
        assert str(problem).startswith(f"{problem.file}:{problem.line}")
    return caught.value.problems


def test_a_correct_base_is_loaded_with_the_questions_of_all_voices(base: Path) -> None:
    (base / "fragen" / "alte_hasen.yml").write_text(
        'politik-empfehlung-1:\n- "Reicht ein Gespräch im Jahr?"\n', encoding="utf-8"
    )
    knowledge = load_knowledge(base)
    assert list(knowledge) == ["politik-empfehlung-1", "politik-empfehlung-2"]
    entry = knowledge["politik-empfehlung-1"]
    assert entry.gruppe == "politik"
    assert entry.fragen == ["Reicht ein Gespräch im Jahr?", "Wann rede ich mit dem Rat?"]
    assert knowledge.source_line(entry) == "Ein Dokument, Kapitel 2, Handlungsempfehlung 1"


def test_voices_are_read_one_by_one(base: Path) -> None:
    voices = load_module.load_questions_by_voice(base)
    assert voices["neulinge"]["politik-empfehlung-2"] == ["Wer darf mit dem Rat reden?"]


def test_loading_knows_nothing_of_rasa(project: Path) -> None:
    for file in (project / "bot" / "knowledge").rglob("*.py"):
        imports = [
            line
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.lstrip().startswith(("import rasa", "from rasa"))
        ]
        assert not imports, file


FIRST = "politik-empfehlung-1"


@pytest.mark.parametrize(
    ("old", "new", "line", "entry", "says"),
    [
        ("    punkte: [Zwi", "    punkt: [Zwi", 8, FIRST, "„eintraege.punkt“ ist unbekannt"),
        (
            "    text: Der Rat entscheidet über vieles.\n",
            "",
            3,
            FIRST,
            "„eintraege.text“ fehlt",
        ),
        ("kurz: Sprechen Sie früh mit dem Rat.", 'kurz: ""', 6, FIRST, "ist leer"),
        ("kurz: Sprechen Sie früh mit dem Rat.", 'kurz: "   "', 6, FIRST, "ist leer"),
        ("[Zwischenberichte]", "Zwischenberichte", 8, FIRST, "falsche Form"),
        ("[Zwischenberichte]", '[Berichte, ""]', 8, FIRST, "ist leer"),
        ("titel: Früh sprechen", "titel: [Früh, sprechen]", 5, FIRST, "falsche Form"),
        ("titel: Früh sprechen", "titel:", 5, FIRST, "falsche Form"),
        ("titel: Früh sprechen", "titel: " + "lang " * 20, 5, FIRST, "ist zu lang"),
        (
            "kapitel: 2, stelle: Handlungsempfehlung 1",
            "kapitel: zwei, stelle: Handlungsempfehlung 1",
            11,
            FIRST,
            "falsche Form",
        ),
        (
            "{kapitel: 2, stelle: Handlungsempfehlung 1}",
            "Kapitel 2",
            11,
            FIRST,
            "falsche Form",
        ),
        (
            "kapitel: 2, stelle: Handlungsempfehlung 1",
            "kapitel: 3, stelle: Handlungsempfehlung 1",
            11,
            FIRST,
            "steht in Kapitel 2",
        ),
        ("siehe_auch: [politik-empfehlung-2]", "siehe_auch: [politik-empfehlung-9]", 10, FIRST,
         "keinen Eintrag „politik-empfehlung-9“"),
        ("siehe_auch: [politik-empfehlung-2]", "siehe_auch: [politik-empfehlung-1]", 10, FIRST,
         "verweist auf sich selbst"),
        ("siehe_auch: [politik-empfehlung-2]", "siehe_auch: [Politik]", 10, FIRST, "gültige Id"),
        ("  - id: politik-empfehlung-2", "  - id: politik-empfehlung-1", 12, FIRST,
         "steht schon in politik.yml, Zeile 3"),
        ("  - id: politik-empfehlung-1\n", "  - id: Politik_1\n", 3, "Politik_1", "gültige Id"),
        ("  - id: politik-empfehlung-1\n    art", "  - art", 3, "Eintrag 1", "id“ fehlt"),
        ("    titel: Früh sprechen\n", "    titel: Früh sprechen\n    titel: Spät\n", 6, "",
         "„titel“ steht doppelt"),
        ("gruppe: politik", "gruppe: kirche", 1, "", "unbekannten Wert"),
        ("gruppe: politik\n", "", 1, "", "„gruppe“ fehlt"),
        ("    titel: Früh sprechen", "    titel: Früh: sprechen", 5, "", "kein gültiges YAML"),
        ("    titel: Früh sprechen", "\ttitel: Früh sprechen", 5, "", "kein gültiges YAML"),
        ("titel: Früh sprechen", "titel: &t Früh sprechen", 7, "", "Verweise der Form *name"),
        ("[Zwischenberichte]", "!!python/name:os.system x", 8, "", "kein gültiges YAML"),
        ("    titel: Früh sprechen", "    ? [Früh, sprechen]\n    : ja", 5, "", "kein gültiges"),
        ("    titel: Früh sprechen", "    5: Früh sprechen", 5, "", "ein Schlüssel ist kein Wort"),
        ("gruppe: politik", "~: politik", 1, "", "ein Schlüssel ist kein Wort"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_line_entry_and_remedy(
    base: Path, old: str, new: str, line: int, entry: str, says: str
) -> None:
    file = base / "politik.yml"
    edit(file, old, new)
    if "&t" in new:
        edit(file, "text: Der Rat entscheidet über vieles.", "text: *t")
    found = [p for p in problems_of(base) if says in p.what]
    assert [(p.file, p.line, p.entry) for p in found] == [(file, line, entry)]


def test_all_mistakes_of_all_files_are_named_at_once(base: Path) -> None:
    edit(base / "politik.yml", "kurz: Sprechen Sie früh mit dem Rat.", "kurz:")
    edit(base / "politik.yml", "titel: Regeln klären", "titl: Regeln klären")
    edit(base / "gruppen.yml", "name: die Stelle, ", "")
    (base / "verwaltung.yml").write_text("gruppe: a: b", encoding="utf-8")
    edit(base / "fragen" / "neulinge.yml", 'politik-empfehlung-2:\n- "', 'tippfehler-2:\n- "')
    found = problems_of(base)
    assert {(p.file.name, p.line) for p in found} == {
        ("politik.yml", 6),
        ("politik.yml", 14),
        ("politik.yml", 12),
        ("gruppen.yml", 2),
        ("verwaltung.yml", 1),
        ("neulinge.yml", 3),
    }


def test_one_mistake_brings_no_others_about_what_hangs_on_the_entry(base: Path) -> None:
    (base / "verwaltung.yml").write_text(
        ENTRIES.replace("gruppe: politik", "gruppe: verwaltung")
        .replace("politik-empfehlung-1", "verwaltung-empfehlung-1")
        .replace("id: politik-empfehlung-2", "id: verwaltung-empfehlung-2")
        .replace("kapitel: 2", "kapitel: 3"),
        encoding="utf-8",
    )
    edit(base / "politik.yml", "titel: Regeln klären", "titel:")
    (problem,) = problems_of(base)
    assert (problem.entry, problem.line) == ("politik-empfehlung-2", 14)


def test_a_group_without_a_name_in_the_header_is_named(base: Path) -> None:
    edit(
        base / "gruppen.yml",
        "  wirtschaft: {kapitel: 5, name: Wirtschaft, mit: mit Betrieben, zu: zur Wirtschaft}\n",
        "",
    )
    (problem,) = problems_of(base)
    assert problem.file.name == "gruppen.yml"
    assert problem.line == 3
    assert "wirtschaft" in problem.what + problem.remedy


def test_a_missing_header_is_named(base: Path) -> None:
    (base / "gruppen.yml").unlink()
    (problem,) = problems_of(base)
    assert problem.file.name == "gruppen.yml"
    assert "nicht lesbar" in problem.what


def test_a_base_without_entries_is_refused(base: Path) -> None:
    (base / "politik.yml").unlink()
    (base / "fragen" / "neulinge.yml").unlink()
    (problem,) = problems_of(base)
    assert "kein Eintrag" in problem.what


@pytest.mark.parametrize("content", ["", "- eins\n- zwei\n", "nur Text", "gruppe: politik\n"])
def test_a_file_of_another_form_is_refused(base: Path, content: str) -> None:
    (base / "verwaltung.yml").write_text(content, encoding="utf-8")
    assert {p.file.name for p in problems_of(base)} == {"verwaltung.yml"}


def test_a_set_in_place_of_the_list_of_entries_is_refused(base: Path) -> None:
    (base / "verwaltung.yml").write_text(
        "gruppe: verwaltung\neintraege: !!set {eins, zwei}\n", encoding="utf-8"
    )
    assert {(p.file.name, p.line) for p in problems_of(base)} == {("verwaltung.yml", 2)}


def test_a_file_that_is_not_utf8_is_refused(base: Path) -> None:
    (base / "politik.yml").write_bytes(ENTRIES.encode("latin-1"))
    assert any("nicht UTF-8" in p.what for p in problems_of(base))


def test_a_file_that_is_too_big_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "MAX_FILE_BYTES", 100)
    assert all("zu groß" in p.what for p in problems_of(base) if p.file.parent == base)


def test_an_alias_bomb_is_refused_without_unfolding_it(base: Path) -> None:
    bomb = ['a: &a ["x","x","x","x","x","x","x","x","x"]']
    for above, name in zip("abcdefghijklmnop", "bcdefghijklmnopq"):
        bomb.append(f"{name}: &{name} [" + ",".join([f"*{above}"] * 9) + "]")
    (base / "bombe.yml").write_text("\n".join(bomb), encoding="utf-8")
    (problem,) = problems_of(base)
    assert problem.line == 2
    assert "*name" in problem.what


def test_deep_nesting_is_refused(base: Path) -> None:
    (base / "tief.yml").write_text("[" * 50_000, encoding="utf-8")
    (problem,) = problems_of(base)
    assert "kein gültiges YAML" in problem.what


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("- Frage\n", 1, "keine Liste von Ids"),
        ("politik-empfehlung-1: Frage\n", 1, "fehlt eine Liste"),
        ('politik-empfehlung-1:\n- "Gut?"\n- ""\n', 3, "leer oder kein Text"),
        ("politik-empfehlung-1:\n- 5\n", 2, "leer oder kein Text"),
        ('politik-empfehlung-7:\n- "Gut?"\n', 1, "keinen Eintrag „politik-empfehlung-7“"),
        ('politik-empfehlung-1:\n- "A?"\npolitik-empfehlung-1:\n- "B?"\n', 3, "doppelt"),
    ],
)
def test_mistakes_in_question_files_are_named(
    base: Path, content: str, line: int, says: str
) -> None:
    (base / "fragen" / "neulinge.yml").write_text(content, encoding="utf-8")
    (problem,) = problems_of(base)
    assert problem.line == line
    assert says in problem.what


def test_a_local_entry_cannot_take_an_id_that_exists(base: Path) -> None:
    local = base / "lokal"
    local.mkdir()
    (local / "rat.yml").write_text(ENTRIES, encoding="utf-8")
    found = problems_of(base, local)
    assert {p.entry for p in found} == {"politik-empfehlung-1", "politik-empfehlung-2"}
    assert {p.file for p in found} == {local / "rat.yml"}


def test_entries_cannot_be_changed_by_accident(base: Path) -> None:
    knowledge: Knowledge = load_knowledge(base)
    with pytest.raises(TypeError):
        knowledge["politik-empfehlung-1"].titel = "Anders"  # type: ignore[misc]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
    derandomize=True,
)
@given(
    at=st.integers(0, len(ENTRIES) - 1), put=st.sampled_from(list("[]{}:-#&*!|>'\"%@\t\n \x00ß"))
)
def test_whatever_a_slip_of_the_hand_does_there_is_no_crash(base: Path, at: int, put: str) -> None:
    (base / "politik.yml").write_text(ENTRIES[:at] + put + ENTRIES[at + 1 :], encoding="utf-8")
    load: Callable[[Path], Knowledge] = load_knowledge
    try:
        load(base)
    except KnowledgeError as error:
        assert error.problems
