"""Every setting of the assistant, typed, read from the environment (prefix ``LOTSE_``).

The descriptions below are the documentation: ``python -m bot settings`` prints them, and a test
checks that ``docs/betrieb.md`` names each one.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import BaseSettings, Field, validator

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: every relative path in the settings is meant from here."""

MIN_SECRET = 32
"""So many characters a secret has at least."""


class Settings(BaseSettings):
    """The settings in force. Construct with :func:`get_settings`."""

    host: str = Field("127.0.0.1", description="Adresse, an der der Server lauscht")
    port: int = Field(5005, ge=1, le=65535, description="Port des Servers")
    knowledge_dir: Path = Field(
        PROJECT / "data" / "knowledge", description="Ordner der Wissensbasis"
    )
    local_dir: Path = Field(
        PROJECT / "data" / "knowledge" / "lokal",
        description="Ordner mit eigenen Einträgen der Kommune",
    )
    state_dir: Path = Field(
        PROJECT / ".lotse",
        description="Ordner für alles, was beim Einrichten und im Betrieb entsteht",
    )
    models_dir: Path = Field(PROJECT / "models", description="Ordner der trainierten Modelle")
    embeddings: bool = Field(
        True, description="Satz-Embeddings verwenden (aus: nur Wörter und Zeichen)"
    )
    german_model: str = Field(
        "auto",
        regex="^(auto|de_core_news_sm|ersatz)$",
        description="Sprachmodell: auto, de_core_news_sm oder ersatz",
    )
    message_limit: int = Field(
        1000, ge=100, le=10000, description="Höchstlänge einer Nachricht in Zeichen"
    )
    history_events: int = Field(
        60, ge=20, le=1000, description="So viele Ereignisse einer Unterhaltung bleiben gespeichert"
    )
    secret: str = Field(
        "",
        description="Geheimnis, mit dem Links zu Plänen unterschrieben werden, mindestens 32 "
        "Zeichen (leer: wird einmal erzeugt und in LOTSE_STATE_DIR abgelegt)",
    )
    plan_days: int = Field(
        30, ge=1, le=365, description="So viele Tage gilt der Link zu einem Plan"
    )
    database_url: str = Field(
        "",
        description="Datenbank der Unterhaltungen (leer: SQLite in LOTSE_STATE_DIR)",
    )

    class Config:
        """Read ``LOTSE_…`` from the environment; values are case-sensitive, names are not."""

        env_prefix = "LOTSE_"

    @validator("knowledge_dir", "local_dir", "state_dir", "models_dir")
    def _from_project(cls, value: Path) -> Path:  # noqa: N805  (pydantic passes the class)
        return value if value.is_absolute() else PROJECT / value

    @validator("secret")
    def _long_enough(cls, value: str) -> str:  # noqa: N805  (pydantic passes the class)
        if value and len(value) < MIN_SECRET:
            raise ValueError(f"mindestens {MIN_SECRET} Zeichen angeben, oder leer lassen")
        return value

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the conversation store."""
        return self.database_url or f"sqlite:///{self.state_dir / 'unterhaltungen.db'}"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings, read once for each process.

    Raises:
        pydantic.ValidationError: one or more values are invalid; the message names all of them.
    """
    return Settings()
