"""A knowledge base of two entries, written to a folder, for tests that change its files."""

from pathlib import Path

import yaml

from bot.knowledge.model import GRUPPEN


def entry(entry_id: str, **changes: object) -> dict[str, object]:
    topic = entry_id.split("-")[1]
    return {
        "id": entry_id,
        "art": "empfehlung",
        "titel": f"Etwas über {topic}",
        "kurz": f"Kurz gesagt: {topic}.",
        "text": f"Ausführlich gesagt: {topic}.",
        "einfach": f"Einfach gesagt: {topic}.",
        "fragen": [f"Was ist mit {topic}?", f"Wer weiß etwas zu {topic}?", f"Wie geht {topic}?"],
        "quelle": {"kapitel": 2, "stelle": "Handlungsempfehlung 1"},
        **changes,
    }


def own_entry(entry_id: str, **changes: object) -> dict[str, object]:
    return entry(entry_id, **{"quelle": {"dokument": "Merkblatt", "stelle": "Seite 1"}, **changes})


def write(path: Path, data: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def write_core(folder: Path) -> Path:
    groups = {
        group: {"kapitel": number, "name": group, "mit": f"mit {group}", "zu": f"zu {group}"}
        for number, group in enumerate(GRUPPEN, 1)
    }
    contact = {"name": "das Rathaus", "hinweis": "Dort hilft man Ihnen."}
    write(
        folder / "gruppen.yml",
        {"dokument": {"titel": "Leitfaden"}, "kontakt": contact, "gruppen": groups},
    )
    entries = [entry("politik-ausschuss"), entry("politik-fraktion")]
    write(folder / "politik.yml", {"gruppe": "politik", "eintraege": entries})
    return folder
