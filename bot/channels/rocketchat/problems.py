"""What can go wrong with Rocket.Chat, each with the remedy that an administrator reads."""

from __future__ import annotations

import re
from enum import Enum

_NO_ROOM = re.compile(r"(error-|invalid-)(invalid-|room|action-not|not-allowed|channel)|archived")


class Problem(Enum):
    """A fault, with its code in ``/health`` and what to do about it."""

    UNREACHABLE = (
        "unreachable",
        "Rocket.Chat ist nicht erreichbar. Abhilfe: LOTSE_ROCKETCHAT_URL, Netz und Firewall "
        "prüfen; läuft der Server?",
    )
    CERTIFICATE = (
        "certificate",
        "Das TLS-Zertifikat von Rocket.Chat wird nicht anerkannt. Abhilfe: das Zertifikat Ihrer "
        "Zertifizierungsstelle über die Umgebungsvariable SSL_CERT_FILE bekannt machen.",
    )
    TIMEOUT = (
        "timeout",
        "Rocket.Chat antwortet zu langsam. Abhilfe: Auslastung des Servers prüfen.",
    )
    SERVER_ERROR = (
        "server_error",
        "Rocket.Chat meldet einen inneren Fehler. Abhilfe: Protokoll des Rocket.Chat-Servers "
        "ansehen.",
    )
    RATE_LIMITED = (
        "rate_limited",
        "Rocket.Chat begrenzt die Zahl der Aufrufe. Abhilfe: dem Konto des Lotsen die Rolle „bot“ "
        "geben.",
    )
    UNAUTHORIZED = (
        "unauthorized",
        "Rocket.Chat weist die Anmeldung ab. Abhilfe: für das Konto des Lotsen ein neues "
        "persönliches Zugangstoken anlegen und LOTSE_ROCKETCHAT_TOKEN und "
        "LOTSE_ROCKETCHAT_USER_ID damit setzen; ist das Konto aktiv?",
    )
    FORBIDDEN = (
        "forbidden",
        "Das Konto des Lotsen darf in einem Raum nicht schreiben, oder es gibt den Raum nicht "
        "mehr. Abhilfe: das Konto in den Raum einladen, Schreibschutz und Archivierung prüfen.",
    )
    RESTRICTED = (
        "restricted",
        "Der Rocket.Chat-Arbeitsbereich ist eingeschränkt und nimmt keine Nachrichten an. Abhilfe: "
        "in der Verwaltung unter „Workspace“ die Registrierung und Lizenz prüfen.",
    )
    REJECTED = (
        "rejected",
        "Rocket.Chat nimmt eine Nachricht nicht an. Abhilfe: LOTSE_ROCKETCHAT_TEXT_LIMIT muss zur "
        "Höchstlänge von Nachrichten in Rocket.Chat passen; sonst bitte als Fehler melden.",
    )
    NOT_ROCKETCHAT = (
        "not_rocketchat",
        "Unter LOTSE_ROCKETCHAT_URL antwortet etwas anderes als Rocket.Chat. Abhilfe: die Adresse "
        "so eintragen, wie sie im Browser steht, mit https und ohne Weiterleitung.",
    )

    def __init__(self, code: str, remedy: str) -> None:
        self.code = code
        self.remedy = remedy

    @property
    def final(self) -> bool:
        """Whether trying again is of no use."""
        return self in {
            Problem.UNAUTHORIZED,
            Problem.FORBIDDEN,
            Problem.RESTRICTED,
            Problem.REJECTED,
        }

    @property
    def of_connection(self) -> bool:
        """Whether it is over as soon as any call succeeds."""
        return self not in {Problem.FORBIDDEN, Problem.RESTRICTED, Problem.REJECTED}


def of_rejection(status: int, error: str) -> Problem:
    """Return what the status of a response and its error text mean.

    Args:
        status: HTTP status, not 200 and not 429.
        error: the fields ``error`` and ``errorType`` of the response, put together.
    """
    if status == 401:
        return Problem.UNAUTHORIZED
    if "restricted-workspace" in error:
        return Problem.RESTRICTED
    if status == 403 or (status == 400 and _NO_ROOM.search(error)):
        return Problem.FORBIDDEN
    if status in (400, 413):
        return Problem.REJECTED
    return Problem.SERVER_ERROR if status >= 500 else Problem.NOT_ROCKETCHAT
