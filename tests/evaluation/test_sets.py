from __future__ import annotations

from pathlib import Path

import pytest

from bot.evaluation.run import OWN_SETS
from bot.evaluation.sets import SetError, read_set, read_sets
from bot.evaluation.tasks import Dialogue, Other, Question

GOOD = """
- frage: Wie ticken Vereine?
  typ: ueberblick
  gruppe: zivilgesellschaft
  art: handlungslogik
  beste: null
  soll: nur zum Lesen
- frage: Wetter morgen?
  typ: fern
- name: hin und her
  zuege:
  - nutzer: hallo
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "fragen.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_fields_say_what_an_item_is(tmp_path: Path) -> None:
    kinds = [type(item) for item in read_set(written(tmp_path, GOOD))]
    assert kinds == [Question, Other, Dialogue]


def test_the_own_sets_are_in_the_format() -> None:
    items = read_sets(sorted(OWN_SETS.glob("*.yml")))
    counts = {kind: sum(isinstance(i, kind) for i in items) for kind in (Question, Other, Dialogue)}
    assert counts == {Question: 111, Other: 84, Dialogue: 19}


@pytest.mark.parametrize(
    ("item", "named"),
    [
        ("- frage: Wozu?\n  typ: spezial", ["„Wozu?“", "spezial", "spezifisch"]),
        ("- frage: Wozu?\n  typ: spezifisch\n  beste: []", ["„Wozu?“", "beste"]),
        ("- frage: Wozu?\n  typ: ueberblick\n  gruppe: vereine", ["„Wozu?“", "gruppe", "politik"]),
        ("- typ: fern", ["frage"]),
        ("- frage: ''\n  typ: fern", ["frage"]),
        ("- frage: danke\n  typ: meta", ["„danke“", "erwartet"]),
        ("- name: leer\n  zuege: []", ["„leer“", "zuege"]),
        ("- name: kurz\n  zuege:\n  - gruppe: politik", ["„kurz“", "zuege.0.nutzer"]),
        ("- nur ein Satz", ["nur ein Satz"]),
    ],
)
def test_a_malformed_item_is_named_with_its_file(
    tmp_path: Path, item: str, named: list[str]
) -> None:
    file = written(tmp_path, f"{GOOD}{item}\n")
    with pytest.raises(SetError) as error:
        read_set(file)
    for part in [f"{file}, Eintrag 4", *named]:
        assert part in str(error.value)


@pytest.mark.parametrize("text", ["", "frage: Wozu?", "[]", "- [", "5"])
def test_a_file_that_is_no_list_is_named(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SetError, match=r"fragen\.yml"):
        read_set(file)


def test_a_missing_file_and_one_in_another_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"fehlt\.yml: nicht lesbar"):
        read_set(tmp_path / "fehlt.yml")
    (tmp_path / "latin.yml").write_bytes("- frage: Höhe".encode("latin-1"))
    with pytest.raises(SetError, match=r"latin\.yml"):
        read_set(tmp_path / "latin.yml")
