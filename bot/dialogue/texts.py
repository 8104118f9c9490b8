"""The sentences of the assistant, read from the responses in ``domain.yml``.

Python composes replies out of these and of the knowledge base, and never words one itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from bot.settings import PROJECT


class Texts:
    """Looks up a response by its name without ``utter_`` and fills in the blanks."""

    def __init__(self, responses: Mapping[str, list[Mapping[str, str]]]) -> None:
        self._texts = {
            name.removeprefix("utter_"): variants[0]["text"].strip()
            for name, variants in responses.items()
        }

    def __call__(self, name: str, /, **blanks: str) -> str:
        """Return a response.

        Raises:
            KeyError: there is no such response, or a blank has no value.
        """
        return self._texts[name].format(**blanks)

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def names(self) -> list[str]:
        """Return the names of all responses."""
        return list(self._texts)


@lru_cache(maxsize=1)
def get_texts(domain: Path = PROJECT / "domain.yml") -> Texts:
    """Read the responses of the domain, once for each process."""
    with domain.open(encoding="utf-8") as file:
        return Texts(yaml.load(file, Loader=yaml.CSafeLoader)["responses"])
