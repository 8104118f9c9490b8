"""What is wrong with the settings, said to the administrator: all of it at once, with a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from bot.settings import Settings

PREFIX = "LOTSE_"
OTHER_VARIABLES = ("LOTSE_PYTHON", "LOTSE_SOAK_MINUTES")
"""Variables with our prefix that are read elsewhere."""
_MEANINGS = {
    "type_error.integer": "keine ganze Zahl",
    "type_error.float": "keine Zahl",
    "type_error.bool": "weder „true“ noch „false“",
    "value_error.number.not_ge": "zu klein, mindestens {limit_value}",
    "value_error.number.not_le": "zu groß, höchstens {limit_value}",
    "value_error.str.regex": "passt nicht",
}
"""Types of pydantic's errors -> German; what our own validators say is German already."""


def invalid_settings(error: ValidationError, environment: Mapping[str, str]) -> list[str]:
    """Return a line for each invalid setting: name, value, what is wrong, what is meant.

    Args:
        error: what reading the settings raised.
        environment: where the values came from.
    """
    values = {name.upper(): value for name, value in environment.items()}
    return [_line(problem, values) for problem in error.errors()]


def _line(problem: Any, values: Mapping[str, str]) -> str:
    name = str(problem["loc"][0])
    field = Settings.__fields__[name]
    variable = PREFIX + name.upper()
    # never shown, not even a wrong one
    secret = field.outer_type_ is SecretStr or name == "database_url"
    given = "" if secret else f"={values.get(variable, '')}"
    meaning = _MEANINGS.get(problem["type"], problem["msg"]).format(**problem.get("ctx", {}))
    default = "" if secret else f" (Vorgabe: {field.default if field.default != '' else 'leer'})"
    return f"{variable}{given}: {meaning}. {field.field_info.description}{default}"


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """Return a line for each variable that looks like a setting and is none."""
    known = [*(PREFIX + name.upper() for name in Settings.__fields__), *OTHER_VARIABLES]
    lines = []
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            alike = difflib.get_close_matches(name.upper(), known, 1, cutoff=0.75)
            hint = f" Meinten Sie {alike[0]}?" if alike else " Abhilfe: „python -m bot settings“."
            lines.append(f"{name} ist unbekannt und bleibt ohne Wirkung.{hint}")
    return lines
