"""The JSON Schema that editors' programs complete and check with."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from bot.knowledge.model import Contact, Document, Entry, Group, GroupFile, Source
from bot.knowledge.schema import SCHEMA_FILE, json_schema

FOLDER = Path("data") / "knowledge"


def test_the_schema_file_is_up_to_date(project: Path) -> None:
    written = (project / FOLDER / SCHEMA_FILE).read_text(encoding="utf-8")
    assert written == json_schema(), "„python -m bot knowledge schema“ schreibt es neu"


def test_every_knowledge_file_fits_the_schema_and_points_to_it(project: Path) -> None:
    validator = jsonschema.Draft7Validator(json.loads(json_schema()))
    for file in (project / FOLDER).glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}"), file.name
        assert not list(validator.iter_errors(yaml.safe_load(text))), file.name


@pytest.mark.parametrize("change", [{"titl": "x"}, {"art": "rat"}, {"punkte": "eins"}])
def test_the_schema_refuses_what_loading_refuses(project: Path, change: dict[str, str]) -> None:
    data = yaml.safe_load((project / FOLDER / "politik.yml").read_text(encoding="utf-8"))
    data["eintraege"][0].update(change)
    validator = jsonschema.Draft7Validator(json.loads(json_schema()))
    assert list(validator.iter_errors(data))


def test_every_field_says_what_it_means() -> None:
    for model in (Entry, Source, Group, GroupFile, Contact, Document):
        for name, field in model.__fields__.items():
            assert field.field_info.description, f"{model.__name__}.{name}"
