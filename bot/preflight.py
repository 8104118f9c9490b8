"""What is looked at before the server starts, so that a fault is one German line with a remedy."""

from __future__ import annotations

import errno
import logging
import resource
import socket
import tarfile
import zlib
from pathlib import Path

from bot.settings import Settings

logger = logging.getLogger(__name__)

MEMORY_NEEDED = 900 * 2**20
"""Bytes that a running server needs (docs/decisions/0017)."""
ADDRESSES_NEEDED = 3 * 2**30
"""The same for ``ulimit -v``, which also counts what is only reserved."""
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_OF_SYSTEM = {
    errno.EACCES: "keine Berechtigung",
    errno.EPERM: "keine Berechtigung",
    errno.ENOSPC: "der Datenträger ist voll",
    errno.EDQUOT: "das Kontingent auf dem Datenträger ist erschöpft",
    errno.EFBIG: "die Datei darf nicht größer werden (ulimit -f)",
    errno.EROFS: "das Laufwerk ist nur lesbar eingehängt",
    errno.ENOENT: "gibt es nicht",
    errno.EMFILE: "zu viele offene Dateien (ulimit -n)",
}


class PortTaken(RuntimeError):
    """The server can't listen on its port."""


def check_port(settings: Settings) -> None:
    """Make sure that the port is free.

    Raises:
        PortTaken: it isn't; the message says what to do.
    """
    where = f"Port {settings.port} auf {settings.host}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                what = f"{where} ist nicht frei. Abhilfe: den anderen Dienst beenden oder "
                what += "LOTSE_PORT setzen."
            elif error.errno in (errno.EACCES, errno.EPERM):
                what = f"{where} darf nur root öffnen. Abhilfe: LOTSE_PORT über 1023 setzen und "
                what += "einen Reverse-Proxy davor stellen."
            else:
                what = f"Die Adresse {settings.host} gibt es auf diesem Rechner nicht. Abhilfe: "
                what += "LOTSE_HOST setzen, etwa auf 127.0.0.1 oder 0.0.0.0."
            raise PortTaken(f"{what} Ursache: {error.strerror}") from error


def check_memory() -> None:
    """Warn when a limit leaves less memory than the server needs.

    A warning, no refusal: how much is needed depends on the knowledge base.
    """
    reserved, _ = resource.getrlimit(resource.RLIMIT_AS)
    if resource.RLIM_INFINITY != reserved < ADDRESSES_NEEDED:
        _warn_memory("ulimit -v", reserved, ADDRESSES_NEEDED)
    try:
        limit = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return
    if limit.isdigit() and int(limit) < MEMORY_NEEDED:
        _warn_memory("die Grenze des Containers oder Dienstes", int(limit), MEMORY_NEEDED)


def _warn_memory(what: str, limit: int, needed: int) -> None:
    logger.warning(
        "Der Arbeitsspeicher ist knapp: %s erlaubt %d MB, gebraucht werden etwa %d MB. Abhilfe: "
        "die Grenze erhöhen; bricht der Start ohne Meldung ab, ist das der Grund.",
        what,
        limit // 2**20,
        needed // 2**20,
    )


def is_intact(model: Path) -> bool:
    """Whether the archive of a model can be read to its end (a third of a second)."""
    try:
        with tarfile.open(model) as archive:
            return any(member.name == "metadata.json" for member in archive.getmembers())
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        return False


def of_system(error: OSError) -> str:
    """Return an error of the operating system in German, with file and original wording."""
    meaning = _OF_SYSTEM.get(error.errno or 0, "Fehler des Betriebssystems")
    return f"{error.filename or 'System'}: {meaning}. Ursache: {error.strerror or error}"
