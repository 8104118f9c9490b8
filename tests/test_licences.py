"""What the locked packages may be used under: nothing that a municipality could not install."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

FREE = ("MIT", "BSD", "Apache", "ISC", "Python Software Foundation", "PSF", "HPND", "Unlicense")
WEAK_COPYLEFT = {
    "bidict", "certifi", "hypothesis", "tqdm",  # MPL 2.0
    "hanta", "psycopg2-binary", "python-stdnum",  # LGPL, used unchanged as libraries
}  # fmt: skip
STANDS_IN_ITS_FILE = {"axe-playwright-python": "MIT"}
"""Packages whose metadata say nothing; read from the licence file inside."""


def locked(project: Path) -> list[tuple[str, str]]:
    text = (project / "requirements.lock").read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", text, re.MULTILINE)


def licence(name: str) -> str:
    metadata = distribution(name).metadata
    classified = [
        line.split("::")[-1].strip()
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    said = (metadata.get("License") or "").partition("\n")[0]
    expression = metadata.get("License-Expression") or " / ".join(classified) or said
    return expression or STANDS_IN_ITS_FILE.get(name, "")


def test_every_locked_package_has_a_licence_that_is_looked_at(project: Path) -> None:
    odd = {}
    for name, _ in locked(project):
        try:
            found = licence(name)
        except PackageNotFoundError:
            continue  # for another platform
        chosen = re.sub(r" OR L?GPL[\w.-]*", "", found)  # of two licences, the free one
        free = any(word in chosen for word in FREE) and "GPL" not in chosen
        if not free and name.lower() not in WEAK_COPYLEFT:
            odd[name] = found
    assert odd == {}


def test_the_lock_holds_no_squatted_name(project: Path) -> None:
    assert len(locked(project)) > 100
    assert [name for name, version in locked(project) if version.startswith("999")] == []


@pytest.mark.parametrize("name", sorted(WEAK_COPYLEFT))
def test_the_list_of_exceptions_is_up_to_date(project: Path, name: str) -> None:
    assert name in {found.lower() for found, _ in locked(project)}
    assert re.search("LGPL|MPL|Mozilla", licence(name))
