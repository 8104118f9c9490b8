"""Personal data is found with hardly an error, and ordinary questions hold none."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.privacy import PLACEHOLDERS, mask, without_introduction

HERE = Path(__file__).parent
_MARKED = re.compile(r"\[(E-Mail|IBAN|Telefon|Name): ((?:[^\[\]]|\[[^\]]*\])+)\]")
RECALL, PRECISION = 0.95, 0.98


def read(name: str) -> list[str]:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


WITH, WITHOUT = read("mit.yml"), read("ohne.yml")


def as_typed(marked: str) -> str:
    return _MARKED.sub(lambda match: match[2], marked)


def as_stored(marked: str) -> str:
    return _MARKED.sub(lambda match: f"[{match[1]}]", marked)


def strings(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for value in data.values():
            yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)
    elif isinstance(data, str):
        yield from (line.removeprefix("- ") for line in data.split("\n"))


def test_nearly_everything_personal_is_replaced_and_nothing_else() -> None:
    found = expected = right = 0
    wrong = []
    for marked in WITH:
        masked = mask(as_typed(marked)).text
        expected += len(_MARKED.findall(marked))
        found += sum(masked.count(placeholder) for placeholder in PLACEHOLDERS.values())
        left = [match[2] for match in _MARKED.finditer(marked) if match[2] in masked]
        right += len(_MARKED.findall(marked)) - len(left)
        if masked != as_stored(marked):
            wrong.append(f"{masked}  <<  {marked}")
    clean = [text for text in WITHOUT if not mask(text).kinds]
    recall = right / expected
    precision = right / (found + len(WITHOUT) - len(clean))
    report = (
        f"recall {recall:.3f}, precision {precision:.3f}, exact {1 - len(wrong) / len(WITH):.3f}"
    )
    print(report)
    assert recall >= RECALL, "\n".join([report, *wrong])
    assert precision >= PRECISION, "\n".join([report, *wrong])


def test_there_are_enough_messages_to_measure_with() -> None:
    assert len(set(WITH)) >= 150
    assert len(set(WITHOUT)) >= 300


@pytest.mark.parametrize("text", WITHOUT)
def test_an_ordinary_message_stays_as_it_is(text: str) -> None:
    assert mask(text).text == text


NASTY = [
    "a@",
    "a.",
    "und ",
    ",",
    "Frau Dr. ",
    "ich heiße ",
    "0 ",
    "0211-",
    "DE89 ",
    "3",
    "A",
    "Ab ",
]
NASTY += [
    "[Name] ",
    "a punkt ",
    "mail: ",
    "(",
    "+",
    "Aa-",
    "gruß ",
    "Telefon 12 ",
    "Frau Ab ",
    "a at ",
]


@pytest.mark.parametrize("piece", NASTY)
def test_no_message_can_keep_the_server_busy(piece: str) -> None:
    text = (piece * 1000)[:1000]
    started = time.process_time()
    without_introduction(mask(f"a@{text}").text)
    assert time.process_time() - started < 0.3
