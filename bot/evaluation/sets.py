"""Read question sets and say which item of which file is wrong.

A set is a YAML list. What an item is, its fields say: ``zuege`` makes a dialogue, ``typ`` one of
the others (``tests/evaluation/README.md`` describes the format).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.evaluation.tasks import Dialogue, Other, Question, Task

_TASKS: dict[str, type[Question] | type[Other]] = {
    "spezifisch": Question,
    "ueberblick": Question,
    "fern": Other,
    "kommunal": Other,
    "nah": Other,
    "meta": Other,
}


class SetError(ValueError):
    """A question set is not in the format."""


def read_sets(files: Iterable[Path]) -> list[Task]:
    """Return the items of all files, in order.

    Raises:
        SetError: a file is not a question set; names file and item.
    """
    return [item for file in files for item in read_set(file)]


def read_set(file: Path) -> list[Task]:
    """Return the items of a file.

    Raises:
        SetError: it is not a question set; names file and item.
    """
    try:
        items = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise SetError(f"{file}: nicht lesbar ({error.strerror})") from error
    except (yaml.YAMLError, ValueError) as error:
        raise SetError(f"{file}: kein gültiges YAML in UTF-8 ({error})") from error
    if not isinstance(items, list) or not items:
        raise SetError(f"{file}: keine Liste von Fragen oder Dialogen")
    return [_item(data, f"{file}, Eintrag {number}") for number, data in enumerate(items, 1)]


def _item(data: Any, where: str) -> Task:
    if not isinstance(data, dict):
        raise SetError(f"{where}: keine Felder, sondern {data!r}")
    kind: type[Task] | None = Dialogue if "zuege" in data else _TASKS.get(str(data.get("typ")))
    where += f" („{str(data.get('frage') or data.get('name') or '')[:40]}“)"
    if kind is None:
        allowed = ", ".join(_TASKS)
        raise SetError(
            f"{where}: unbekannter „typ“ {data.get('typ')!r}. Erlaubt sind {allowed}; "
            "ein Dialog hat stattdessen „zuege“."
        )
    try:
        return kind.parse_obj(data)
    except ValidationError as errors:
        problems = "; ".join(
            f"„{'.'.join(str(part) for part in error['loc'])}“: {error['msg']}"
            for error in errors.errors()
        )
        raise SetError(f"{where}: {problems}") from errors
