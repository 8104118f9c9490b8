"""The knowledge base's models as JSON Schema, so that editors get completion and checks.

``data/knowledge/schema.json`` is written from here by ``python -m bot knowledge schema``; a test
fails when it is out of date. The first line of each knowledge file points to it.
"""

from __future__ import annotations

import json

from pydantic.schema import schema

from bot.knowledge.guide import Guide
from bot.knowledge.model import GroupFile, Header, OwnFile

SCHEMA_FILE = "schema.json"


def json_schema() -> str:
    """Return the JSON Schema (draft 7) of knowledge files, indented, with a final newline."""
    files = (GroupFile, Header, OwnFile, Guide)
    definitions = schema(files, ref_prefix="#/definitions/")["definitions"]
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Wissensbasis des Engagement-Lotsen",
        # any, not one: an own file of entries may have the form of a core file as well
        "anyOf": [{"$ref": f"#/definitions/{file.__name__}"} for file in files],
        "definitions": definitions,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
