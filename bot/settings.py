"""Every setting of the assistant, typed, read from the environment (prefix ``LOTSE_``).

The descriptions below are the documentation: ``python -m bot settings`` prints them, and a test
checks that ``docs/betrieb.md`` names each one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from pydantic import BaseSettings, Field, SecretStr, validator

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: every relative path in the settings is meant from here."""
SECRET_LENGTH = 32
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")


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
    database_url: str = Field(
        "",
        description="Datenbank der Unterhaltungen (leer: SQLite in LOTSE_STATE_DIR)",
    )

    secret: SecretStr = Field(
        default=SecretStr(""),
        description="Schlüssel für Gesprächs-Ausweise, ab 32 Zeichen; für mehrere Prozesse derselbe"
        " (leer: wird einmal erzeugt und in LOTSE_STATE_DIR abgelegt)",
    )
    allowed_origins: str = Field(
        "",
        description="Webseiten, die den Chat einbinden dürfen, durch Komma getrennt,"
        " z. B. https://www.musterstadt.de (leer: nur dieselbe Adresse)",
    )
    proxies: int = Field(
        0, ge=0, le=10, description="So viele eigene Reverse-Proxys stehen vor dem Server"
    )
    demo: bool = Field(
        True, description="Beispielseite unter „/“ zeigen (aus: „/“ zeigt den Chat als ganze Seite)"
    )
    privacy_url: str = Field(
        "", description="Adresse Ihrer Datenschutzerklärung für „/datenschutz“ (leer: Beispieltext)"
    )
    session_hours: int = Field(
        24, ge=1, le=720, description="So viele Stunden gilt der Ausweis eines Web-Gesprächs"
    )
    open_conversations: int = Field(
        2000, ge=1, description="Höchstzahl gleichzeitig offener Web-Gespräche je Prozess"
    )
    rate_conversation: int = Field(
        30, ge=1, description="Höchstzahl Web-Nachrichten je Minute in einem Gespräch"
    )
    rate_address: int = Field(
        300, ge=1, description="Höchstzahl Web-Anfragen je Minute von einer Adresse"
    )
    answer_seconds: int = Field(
        30, ge=1, description="So viele Sekunden darf eine Antwort im Web höchstens dauern"
    )

    class Config:
        """Read ``LOTSE_…`` from the environment; values are case-sensitive, names are not."""

        env_prefix = "LOTSE_"

    @validator("knowledge_dir", "local_dir", "state_dir", "models_dir")
    def _from_project(cls, value: Path) -> Path:  # noqa: N805  (pydantic passes the class)
        return value if value.is_absolute() else PROJECT / value

    @validator("secret")
    def _long_enough(cls, value: SecretStr) -> SecretStr:  # noqa: N805
        if 0 < len(value.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(
                f"mindestens {SECRET_LENGTH} Zeichen, z. B. aus „openssl rand -hex 32“"
            )
        return value

    @validator("allowed_origins")
    def _exact(cls, value: str) -> str:  # noqa: N805
        for origin in filter(None, (part.strip() for part in value.split(","))):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"„{origin}“ ist keine Herkunft; so schreiben: https://www.musterstadt.de"
                    " (klein, mit https://, ohne Schrägstrich am Ende)"
                )
        return value

    @property
    def origins(self) -> frozenset[str]:
        """The foreign origins that may use the web channel."""
        return frozenset(filter(None, (part.strip() for part in self.allowed_origins.split(","))))

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
