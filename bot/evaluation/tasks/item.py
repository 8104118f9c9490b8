"""What the items of all tasks share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Extra, root_validator


class Item(BaseModel):
    """An item of a question set; fields that only concern readers are ignored."""

    class Config:
        """Shared pydantic configuration."""

        extra = Extra.ignore
        frozen = True

    @root_validator(pre=True)
    def _null_means_missing(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        return {name: value for name, value in values.items() if value is not None}


def yes_no(value: bool) -> str:
    """Return a truth value as the value of a trait."""
    return "yes" if value else "no"
