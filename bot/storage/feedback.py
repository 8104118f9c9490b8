"""What people said about answers: which entry, helpful or not, why, on which day. Nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from bot.storage.database import create_tables, metadata, open_engine

ROWS_KEPT = 50_000

feedback_rows = sa.Table(
    "rueckmeldungen",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("eintrag", sa.String(200), nullable=False, index=True),
    sa.Column("hilfreich", sa.Boolean, nullable=False),
    sa.Column("grund", sa.String(500), nullable=False),
    sa.Column("tag", sa.Date, nullable=False),
)


@dataclass(frozen=True)
class Feedback:
    """One person's word about one answer."""

    entry: str
    helpful: bool
    reason: str = ""


class FeedbackStore:
    """Keeps feedback in the database of the conversations, without any reference to them."""

    def __init__(self, url: str) -> None:
        """Open the database and create the table if need be.

        Raises:
            StoreUnusable: the database can't be used.
        """
        self._engine = open_engine(url)
        create_tables(self._engine)

    def add(self, feedback: Feedback) -> None:
        """Store feedback; the oldest goes when there is too much."""
        row = {
            "eintrag": feedback.entry,
            "hilfreich": feedback.helpful,
            "grund": feedback.reason.replace("\0", ""),
            "tag": date.today(),
        }
        with self._engine.begin() as connection:
            new = connection.execute(feedback_rows.insert().values(row)).inserted_primary_key[0]
            connection.execute(feedback_rows.delete().where(feedback_rows.c.id <= new - ROWS_KEPT))

    def all(self) -> Sequence[Feedback]:
        """Return all feedback, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select([feedback_rows]).order_by(feedback_rows.c.id))
            return [Feedback(row["eintrag"], row["hilfreich"], row["grund"]) for row in rows]
