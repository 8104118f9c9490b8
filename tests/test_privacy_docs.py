"""What the privacy documents state is what the software does."""

from __future__ import annotations

import re
from pathlib import Path

from bot.pages import WIDGET, Page
from bot.privacy import PLACEHOLDERS
from bot.settings import Settings
from bot.storage import tracker_store  # noqa: F401  (its tables)
from bot.storage.database import metadata
from bot.storage.feedback import ROWS_KEPT


def test_the_record_lists_exactly_the_columns_that_are_stored(project: Path) -> None:
    page = (project / "docs" / "datenschutz.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE)
    stored = [(t.name, column.name) for t in metadata.tables.values() for column in t.columns]
    assert sorted(listed) == sorted(stored)


def test_the_record_lists_exactly_the_kinds_of_keys_in_redis(project: Path) -> None:
    page = (project / "docs" / "datenschutz.md").read_text(encoding="utf-8")
    listed = re.findall(r"`lotse:(\w+)`", page)
    code = [*(project / "bot" / "shared").glob("*.py"), project / "bot/channels/web/__init__.py"]
    named = [
        n for file in code for n in re.findall(r'\b(?:_marks|rate|name)\("(\w+)"', file.read_text())
    ]
    assert sorted(listed) == sorted(named)


def test_the_periods_and_placeholders_in_the_record_are_the_real_ones(project: Path) -> None:
    page = (project / "docs" / "datenschutz.md").read_text(encoding="utf-8")
    days = Settings.__fields__["retention_days"].default
    assert f"{days} Tage nach der letzten Nachricht (`LOTSE_RETENTION_DAYS`)" in page
    assert f"die letzten {ROWS_KEPT:,}".replace(",", ".") in page
    for placeholder in PLACEHOLDERS.values():
        assert f"`{placeholder}`" in page


def test_the_record_is_linked_from_where_people_look(project: Path) -> None:
    for name in ("README.md", "docs/betrieb.md"):
        assert "datenschutz.md" in (project / name).read_text(encoding="utf-8"), name


def test_the_page_for_visitors_names_the_period_that_is_set() -> None:
    body = Page.read(WIDGET / "datenschutz.html", retention_days="17").body.decode()
    assert body.count("17 Tage") == 2
    assert "{{" not in body
