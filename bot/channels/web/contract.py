"""The contract of the web channel, ``openapi.yml``: what it serves, and what it lets in."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from sanic.request import Request

from bot.http import Problem

BODY_LIMIT = 64 * 1024


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    with Path(__file__).with_name("openapi.yml").open(encoding="utf-8") as file:
        return dict(yaml.load(file, Loader=yaml.CSafeLoader))


@cache
def validator(schema: str) -> Draft202012Validator:
    """Return the validator of a named schema of the document."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": document()["components"]}
    )


def read_body(request: Request, schema: str) -> dict[str, Any]:
    """Return the body of a request.

    Raises:
        Problem: 400, 413, 415 or 422, it isn't what the schema wants.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Problem(415, "content_type", "Content-Type: application/json is required")
    if len(request.body) > BODY_LIMIT:
        raise Problem(413, "too_large", f"the body is larger than {BODY_LIMIT} bytes")
    try:
        body: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Problem(400, "invalid_json", "the body is not valid JSON") from None
    error: ValidationError | None = best_match(validator(schema).iter_errors(body))
    if error is not None:
        # never repeat what was sent: it may be personal
        place = error.json_path.replace("$", "the body", 1)
        raise Problem(422, "invalid", f"{place} does not fulfil „{error.validator}“ of {schema}")
    return dict(body)
