"""Every setting of the assistant, typed, read from the environment (prefix ``LOTSE_``).

The descriptions below are the documentation: ``python -m bot settings`` prints them, and a test
checks that ``docs/betrieb.md`` names each one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseSettings, Field, SecretStr, validator

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: every relative path in the settings is meant from here."""
_REDIS = re.compile(r"(rediss?|unix)://\S+")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")

_ROCKETCHAT_NEEDS = ("rocketchat_url", "rocketchat_user_id", "rocketchat_token")
MIN_SECRET = 32
"""So many characters a secret has at least."""


class Settings(BaseSettings):
    """The settings in force. Construct with :func:`get_settings`."""

    host: str = Field(default="127.0.0.1", description="Adresse, an der der Server lauscht")
    port: int = Field(default=5005, ge=1, le=65535, description="Port des Servers")
    knowledge_dir: Path = Field(
        default=PROJECT / "data" / "knowledge", description="Ordner der Wissensbasis"
    )
    local_dir: Path = Field(
        default=PROJECT / "data" / "knowledge" / "lokal",
        description="Ordner mit eigenen Einträgen der Kommune",
    )
    state_dir: Path = Field(
        default=PROJECT / ".lotse",
        description="Ordner für alles, was beim Einrichten und im Betrieb entsteht",
    )
    models_dir: Path = Field(
        default=PROJECT / "models", description="Ordner der trainierten Modelle"
    )
    embeddings: bool = Field(
        default=True, description="Satz-Embeddings verwenden (aus: nur Wörter und Zeichen)"
    )
    german_model: str = Field(
        default="auto",
        regex="^(auto|de_core_news_sm|ersatz)$",
        description="Sprachmodell: auto, de_core_news_sm oder ersatz",
    )
    message_limit: int = Field(
        default=1000, ge=100, le=10000, description="Höchstlänge einer Nachricht in Zeichen"
    )
    history_events: int = Field(
        default=24,
        ge=20,
        le=1000,
        description="So viele Ereignisse einer Unterhaltung bleiben, etwa acht je Nachricht",
    )
    secret: SecretStr = Field(
        default=SecretStr(""),
        description="Geheimnis, mit dem Gespräche und Links zu Plänen unterschrieben werden, "
        "mindestens 32 Zeichen; für mehrere Prozesse dasselbe (leer: wird einmal erzeugt und in "
        "LOTSE_STATE_DIR abgelegt)",
    )
    plan_days: int = Field(
        default=30, ge=1, le=365, description="So viele Tage gilt der Link zu einem Plan"
    )
    retention_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="So viele Tage nach der letzten Nachricht wird ein Gespräch gelöscht",
    )
    log_format: str = Field(
        default="text",
        regex="^(text|json)$",
        description="Form des Protokolls: text (für Menschen) oder json (eine Zeile je Meldung)",
    )
    log_level: str = Field(
        default="info",
        regex="^(debug|info|warning|error)$",
        description="Ab welcher Stufe der Lotse protokolliert: debug, info, warning oder error",
    )
    database_url: str = Field(
        default="",
        description="Datenbank der Unterhaltungen (leer: SQLite in LOTSE_STATE_DIR)",
    )
    redis_url: SecretStr = Field(
        default=SecretStr(""),
        description="Redis für mehrere Prozesse, z. B. redis://:passwort@127.0.0.1:6379/0; dann "
        "muss auch LOTSE_SECRET gesetzt sein (leer: ein Prozess, ohne Redis)",
    )

    public_url: str = Field(
        default="",
        regex=r"^(https?://\S+)?$",
        description="Adresse, unter der Menschen den Lotsen im Browser erreichen, für Links in "
        "Rocket.Chat (leer: keine Links)",
    )
    rocketchat_rooms: str = Field(
        default="",
        description="Räume, in denen der Lotse antwortet, mit Komma getrennt (leer: alle, für die "
        "der Webhook eingerichtet ist); Direktnachrichten beantwortet er immer",
    )
    rocketchat_mention_only: bool = Field(
        default=True,
        description="In Räumen nur antworten, wenn jemand den Lotsen erwähnt oder schon mit ihm im "
        "Thread schreibt (aus: auf jede Nachricht)",
    )
    rocketchat_text_limit: int = Field(
        default=5000,
        ge=500,
        le=100_000,
        description="Höchstlänge einer Nachricht in Rocket.Chat in Zeichen; längere werden geteilt",
    )
    rocketchat_url: str = Field(
        default="",
        regex=r"^(https?://\S+)?$",
        description="Adresse des Rocket.Chat-Servers (leer: Rocket.Chat wird nicht verwendet)",
    )
    rocketchat_user_id: str = Field(
        default="", description="Benutzer-ID des Kontos, mit dem der Lotse in Rocket.Chat schreibt"
    )
    rocketchat_token: SecretStr = Field(
        default=SecretStr(""), description="Persönliches Zugangstoken dieses Kontos"
    )
    rocketchat_webhook_token: SecretStr = Field(
        default=SecretStr(""), description="Token des ausgehenden Webhooks in Rocket.Chat"
    )
    allowed_origins: str = Field(
        default="",
        description="Webseiten, die den Chat einbinden dürfen, durch Komma getrennt,"
        " z. B. https://www.musterstadt.de (leer: nur dieselbe Adresse)",
    )
    proxies: int = Field(
        default=0, ge=0, le=10, description="So viele eigene Reverse-Proxys stehen vor dem Server"
    )
    demo: bool = Field(
        default=True,
        description="Beispielseite unter „/“ zeigen (aus: „/“ zeigt den Chat als ganze Seite)",
    )
    privacy_url: str = Field(
        default="",
        description="Adresse Ihrer Datenschutzerklärung für „/datenschutz“ (leer: Beispieltext)",
    )
    session_hours: int = Field(
        default=24,
        ge=1,
        le=720,
        description="So viele Stunden gilt der Ausweis eines Web-Gesprächs",
    )
    open_conversations: int = Field(
        default=2000, ge=1, description="Höchstzahl gleichzeitig offener Web-Gespräche je Prozess"
    )
    rate_conversation: int = Field(
        default=30, ge=1, description="Höchstzahl Web-Nachrichten je Minute in einem Gespräch"
    )
    rate_address: int = Field(
        default=300, ge=1, description="Höchstzahl Web-Anfragen je Minute von einer Adresse"
    )
    answer_seconds: int = Field(
        default=30, ge=1, description="So viele Sekunden darf eine Antwort im Web höchstens dauern"
    )
    metrics: bool = Field(
        default=True, description="Zahlen für Prometheus unter „/metrics“ anbieten"
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Token, mit dem „/metrics“ auch von anderen Rechnern abgefragt werden darf "
        "(leer: nur vom selben Rechner)",
    )

    class Config:
        """Read ``LOTSE_…`` from the environment; values are case-sensitive, names are not."""

        env_prefix = "LOTSE_"

    @validator("knowledge_dir", "local_dir", "state_dir", "models_dir")
    def _from_project(cls, value: Path) -> Path:  # noqa: N805  (pydantic passes the class)
        return value if value.is_absolute() else PROJECT / value

    @validator("rocketchat_webhook_token", always=True)
    def _rocketchat_complete(cls, value: SecretStr, values: dict[str, Any]) -> SecretStr:  # noqa: N805
        """Rocket.Chat needs four settings; some of them alone are a mistake."""
        needed = {name: values.get(name) for name in _ROCKETCHAT_NEEDS}
        needed["rocketchat_webhook_token"] = value
        missing = [f"LOTSE_{name.upper()}" for name, given in needed.items() if not given]
        if 0 < len(missing) < len(needed):
            raise ValueError(f"Für Rocket.Chat fehlt noch: {', '.join(missing)}")
        return value

    @validator("database_url")
    def _database_known(cls, value: str) -> str:  # noqa: N805
        if value and not re.match(r"(sqlite|postgresql(\+psycopg2)?)://", value):
            raise ValueError("so schreiben: postgresql://name:kennwort@rechner/datenbank")
        return value

    @property
    def allowed_rocketchat_rooms(self) -> frozenset[str]:
        """Names or ids of the rooms in which messages are answered; empty for all."""
        names = (name.strip().lstrip("#") for name in self.rocketchat_rooms.split(","))
        return frozenset(name for name in names if name)

    @validator("secret")
    def _long_enough(cls, value: SecretStr) -> SecretStr:  # noqa: N805
        if 0 < len(value.get_secret_value()) < MIN_SECRET:
            raise ValueError(f"mindestens {MIN_SECRET} Zeichen, z. B. aus „openssl rand -hex 32“")
        return value

    @validator("redis_url")
    def _shared(cls, value: SecretStr, values: dict[str, Any]) -> SecretStr:  # noqa: N805
        if url := value.get_secret_value():
            if not _REDIS.fullmatch(url):
                raise ValueError("muss mit redis://, rediss:// oder unix:// beginnen")
            if not values.get("secret"):
                raise ValueError("für mehrere Prozesse muss auch LOTSE_SECRET gesetzt sein")
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
