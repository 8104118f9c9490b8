"""The secret of this installation, which signs what goes out and must come back unchanged."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path

from bot.settings import MIN_SECRET, Settings

FILE_NAME = "geheimnis"


class SecretUnusable(RuntimeError):
    """The file of the secret is there but can't be used."""


def key(settings: Settings, purpose: str) -> bytes:
    """Return the key for one purpose, 32 bytes: what is signed for one never passes for another.

    Raises:
        SecretUnusable: the stored secret can't be read or is damaged.
    """
    secret = settings.secret.get_secret_value() or _stored(settings.state_dir / FILE_NAME)
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)


@lru_cache(maxsize=8)
def _stored(file: Path) -> str:
    """Read the secret from a file that only its owner can read; make it when there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        # complete before it gets its name, so that no other process ever reads half of it
        fresh = file.with_name(f"{file.name}.{os.getpid()}.neu")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48))
        try:
            os.link(fresh, file)  # fails when another process was faster: then that one counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnusable(
            f"{file} ist nicht lesbar ({error}). Abhilfe: Rechte prüfen oder LOTSE_SECRET setzen."
        ) from error
    if len(secret) < MIN_SECRET:
        raise SecretUnusable(f"{file} ist beschädigt. Abhilfe: die Datei löschen.")
    return secret
