"""The key with which the assistant signs what it hands out: conversation tokens, download links."""

from __future__ import annotations

import secrets

from bot.settings import Settings

KEY_FILE = "schluessel"


def signing_key(settings: Settings) -> bytes:
    """Return the key: ``LOTSE_SECRET``, or one that is made once and kept in ``LOTSE_STATE_DIR``.

    Raises:
        OSError: the key can neither be read nor written.
    """
    if given := settings.secret.get_secret_value():
        return given.encode()
    path = settings.state_dir / KEY_FILE
    if not path.exists():
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_hex(32).encode())
        try:
            path.hardlink_to(fresh)  # of several processes that start at once, the first one wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
