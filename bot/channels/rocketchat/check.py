"""``python -m bot rocketchat check``: does everything fit, and what is to be entered where?"""

from __future__ import annotations

from bot.channels.rocketchat.client import CallFailed, Client, Identity
from bot.settings import Settings


async def check(settings: Settings) -> tuple[list[str], bool]:
    """Return what was found, line by line, and whether the assistant can start."""
    if not settings.rocketchat_url:
        return [
            "Rocket.Chat ist nicht eingerichtet. Abhilfe: LOTSE_ROCKETCHAT_URL, "
            "LOTSE_ROCKETCHAT_USER_ID, LOTSE_ROCKETCHAT_TOKEN und LOTSE_ROCKETCHAT_WEBHOOK_TOKEN "
            "setzen; docs/rocketchat.md zeigt Schritt für Schritt, woher sie kommen."
        ], False
    client = Client(
        settings.rocketchat_url,
        settings.rocketchat_user_id,
        settings.rocketchat_token.get_secret_value(),
    )
    try:
        account = await client.me()
        lines = [f"✓ Angemeldet als @{account.username} bei {settings.rocketchat_url}"]
        lines.append(await _may_post(client, account))
        lines += [await _room(client, name) for name in sorted(settings.allowed_rocketchat_rooms)]
    except CallFailed as failure:
        return [_failed(failure)], False
    finally:
        await client.close()
    if "bot" not in account.roles:
        lines.append(
            "! Dem Konto fehlt die Rolle „bot“. Abhilfe: unter Verwaltung → Benutzer vergeben, "
            "sonst begrenzt Rocket.Chat den Lotsen auf wenige Nachrichten in der Minute."
        )
    ready = not any(line.startswith("✗") for line in lines)
    return [*lines, "", *to_enter(settings, account.username)], ready


def to_enter(settings: Settings, username: str) -> list[str]:
    """Return what the administration pages of Rocket.Chat must hold."""
    rooms = [f"#{name}" for name in sorted(settings.allowed_rocketchat_rooms)]
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    lines = [
        "Verwaltung → Integrationen → Neu → Ausgehend (Administration → Integrations → Outgoing):",
        "  Ereignis-Trigger (Event Trigger): Nachricht gesendet (Message Sent)",
        "  Aktiviert (Enabled): an",
        "  Name: Engagement-Lotse",
        f"  Channel: {','.join([f'@{username}', *rooms])}",
        "  Trigger-Wörter (Trigger Words): leer lassen",
        f"  URLs: {base}/webhooks/rocketchat/webhook",
        f"  Veröffentlichen als (Post as): {username}",
        "  Token: derselbe Wert wie in LOTSE_ROCKETCHAT_WEBHOOK_TOKEN",
        "  Skript aktiviert (Script Enabled): aus",
        "  Fehlgeschlagene URL-Aufrufe wiederholen (Retry Failed Url Calls): an",
        "  Anzahl der Wiederholungsversuche (Retry Count): 6",
        "  Verzögerung der Wiederholungsversuche (Retry Delay): powers-of-ten",
        "  Beim Bearbeiten ausführen (Run On Edits): aus",
    ]
    if not settings.public_url:
        lines.append(
            "Steht der Rocket.Chat-Server auf einem anderen Rechner, gehört unter URLs die "
            "Adresse, unter der er den Lotsen erreicht."
        )
    return lines


async def _may_post(client: Client, account: Identity) -> str:
    """Post a line to the account's own direct messages, where it disturbs nobody."""
    body = {"channel": f"@{account.username}", "text": "Der Engagement-Lotse ist angeschlossen."}
    try:
        await client.call("POST", "chat.postMessage", json=body)
    except CallFailed as failure:
        return _failed(failure)
    return "✓ Das Konto darf schreiben (Probe in der Direktnachricht an sich selbst)"


async def _room(client: Client, name: str) -> str:
    """Return whether the account sees a room and may write in it."""
    try:
        room = (await client.call("GET", "rooms.info", params={"roomName": name})).get("room", {})
    except CallFailed as failure:
        if failure.problem.of_connection:
            return _failed(failure)
        return f"✗ #{name}: nicht gefunden. Abhilfe: das Konto des Lotsen in den Raum einladen."
    if room.get("ro") or room.get("archived"):
        return f"✗ #{name}: schreibgeschützt oder archiviert. Abhilfe: in den Raumeinstellungen."
    return f"✓ #{name} ist erreichbar"


def _failed(failure: CallFailed) -> str:
    return f"✗ {failure.problem.remedy} ({failure.detail})"
