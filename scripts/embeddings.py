"""Write the vectors of all sample sentences to ``data/embeddings``: ``make embeddings``.

Run it after changing many sample questions; a few that are missing are computed at training.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.german.canonical import canonical
from bot.knowledge import load_knowledge
from bot.knowledge.search.encoder import get_encoder
from bot.knowledge.search.vectors import Stored, read_vectors, text_key, write_vectors
from bot.settings import PROJECT, get_settings

TARGET = PROJECT / "data" / "embeddings"


def sentences() -> Iterable[tuple[str, list[str]]]:
    """Yield the name of each source of sample sentences, with its sentences."""
    knowledge = load_knowledge(get_settings().knowledge_dir)
    yield (
        "eintraege",
        [
            text
            for entry in knowledge.values()
            for text in (entry.titel, entry.kurz, " ".join(entry.stichworte))
        ],
    )
    for path in sorted((PROJECT / "data" / "knowledge" / "fragen").glob("*.yml")):
        yield path.stem, [text for texts in _load(path).values() for text in texts]
    for path in sorted((PROJECT / "data" / "nlu").glob("*.yml")):
        blocks = [block["examples"] for block in _load(path)["nlu"]]
        yield path.stem, [line[2:] for block in blocks for line in block.splitlines()]


def main() -> None:
    """Write one file a source, unless it holds just what it should already."""
    encoder = get_encoder()
    if encoder is None:
        sys.exit("Satz-Embeddings sind ausgeschaltet oder nicht installiert.")
    for name, texts in sentences():
        file = TARGET / f"{name}.npz"
        wanted = list(dict.fromkeys(map(canonical, texts)))
        if set(read_vectors(file, encoder.name)) != set(map(text_key, wanted)):
            print(f"{name}: {len(wanted)} Sätze", flush=True)
            encoder.save(wanted)
            vectors = map(Stored.of, encoder.encode(wanted))
            write_vectors(file, encoder.name, dict(zip(map(text_key, wanted), vectors)))


def _load(path: Path) -> dict[str, list]:  # type: ignore[type-arg]
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=yaml.CSafeLoader)


if __name__ == "__main__":
    main()
