"""``guide.yml`` is checked like the rest: file, line, what is wrong and how to mend it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.knowledge import KnowledgeError, load_knowledge
from bot.settings import PROJECT

DATA = PROJECT / "data" / "knowledge"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the knowledge base without the sample questions."""
    for file in DATA.glob("*.yml"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "what", "remedy"),
    [
        (
            "          zuerst: verwaltung-empfehlung-4",
            "          zuerst: verwaltung-empfehlung-99",
            "es gibt keinen Eintrag „verwaltung-empfehlung-99“",
            "Id verbessern",
        ),
        ("      thema: Zeit\n", "", "„einstieg.fragen.thema“ fehlt", "ergänzen"),
        ("  ohne_gruppe: alle", "  ohne_gruppe: keine", "nennt keine Antwort", "Id einer Antwort"),
        ("        - id: verankern\n", "        - id: anders\n", "fehlt ein Plan", "ergänzen"),
        ("          gruppe: grundlagen\n", "", "fehlt „gruppe“", "ergänzen"),
        ("  grundlagen-4:\n", "  grundlagen-6:\n", "fehlt der Text des Schrittes", "schritte"),
        ("  tage: [7, 21, 42]", "  tage: [7, 21]", "zu wenige Zeilen", "mindestens 3"),
        ('  uhrzeit: "09:00"', '  uhrzeit: "neun"', "uhrzeit", ""),
        ("    - id: weg\n", "    - id: ort\n", "steht eine Id doppelt", "umbenennen"),
        (
            "    verwaltung-erfolgsfaktor-4: [zivilgesellschaft-empfehlung-4]",
            "    verwaltung-erfolgsfaktor-4: []",
            "keine Empfehlung schließt",
            "mindestens eine",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_remedy(
    old: str, new: str, what: str, remedy: str, folder: Path
) -> None:
    file = folder / "guide.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KnowledgeError) as raised:
        load_knowledge(folder)
    found = [p for p in raised.value.problems if what in p.what and remedy in p.remedy]
    assert found, str(raised.value)
    assert all(p.file == file and p.line > 1 for p in found)


def test_all_mistakes_are_named_at_once(folder: Path) -> None:
    file = folder / "guide.yml"
    text = file.read_text(encoding="utf-8").replace("politik-empfehlung-1", "politik-empfehlung-77")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError) as raised:
        load_knowledge(folder)
    assert len(raised.value.problems) > 10


def test_a_knowledge_base_without_a_guide_is_one(folder: Path) -> None:
    (folder / "guide.yml").unlink()
    assert load_knowledge(folder).guide is None
