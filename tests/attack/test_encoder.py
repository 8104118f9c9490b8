"""Texts that swell when they are written out: the engine the encoder once ran in fell over them."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

from bot.settings import PROJECT
from tests.channels.test_web import Client
from tests.scripted import ScriptedAgent

LIGATURE = "\ufdfa"
"""One character that is 18 letters when it is written out (NFKC)."""
SWELLING = [LIGATURE * 50, "\ufdfb" * 50, "\u33a5" * 50, "\u3300\u3316" * 25, "\u2a74\u2057" * 25]
ENCODE = """
import sys
from pathlib import Path
from bot.knowledge.search.encoder import E5Encoder
encoder = E5Encoder(Path(sys.argv[1]))
for text in sys.argv[2:]:
    for _ in range(3):
        encoder.encode([text])
        kept = [bytearray(size) for size in range(16, 3000, 16)]
"""


def test_what_the_assistant_gets_is_written_out(
    served: tuple[str, ScriptedAgent],
) -> None:
    client = Client(served[0])
    client.say(client.open(), f"{LIGATURE} \ufb01nden")
    assert served[1].handled[-1] == unicodedata.normalize("NFKC", LIGATURE) + " finden"


def test_a_text_that_swells_beyond_the_limit_is_too_long(
    served: tuple[str, ScriptedAgent],
) -> None:
    client = Client(served[0])
    answer = client.say(client.open(), LIGATURE * 100).json
    assert answer["answer"]["topic"] == "zu_lang"


def test_no_text_brings_the_encoder_down(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ENCODE, str(tmp_path), *SWELLING],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
