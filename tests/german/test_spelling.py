"""Typing mistakes are mended, and nothing else is."""

from __future__ import annotations

import pytest

from bot.german import spelling
from bot.german.canonical import canonical
from bot.german.spelling import WORDS, Speller, respell


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("verwaltng", "verwaltung"),  # left out
        ("fraktoinen", "fraktionen"),  # swapped
        ("untershied", "unterschied"),
        ("persöhnlich", "persönlich"),  # one too many
        ("vereime", "vereine"),  # the key beside it
        ("zurük", "zurück"),
    ],
)
def test_a_typing_mistake_is_mended(typed: str, meant: str) -> None:
    assert respell(typed) == meant


@pytest.mark.parametrize(
    "word",
    [
        "vereine",
        "ehrenamtskarte",
        "nachbarschaftsgarten",  # nobody has written it before, but its parts
        "frakt", "freiw", "versch",  # abbreviations
        "rot", "rat", "amt",  # short words
        "iban1234", "2024",
        "quiddje", "fchsb",  # like nothing that is known
    ],
)  # fmt: skip
def test_other_words_are_left_alone(word: str) -> None:
    assert respell(word) == word


def test_of_several_words_it_is_the_most_frequent() -> None:
    assert Speller(["leiter", "leider"]).respell("leifer") == "leiter"
    assert Speller(["leider", "leiter"]).respell("leifer") == "leider"


def test_what_was_decided_at_training_is_not_thought_about_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decided = spelling.decisions(["kollgen", "vereine", "frakt", "rat", "kollgen"])
    assert decided == {"kollgen": "kollegen", "frakt": "frakt"}
    monkeypatch.setattr(spelling, "_decided", {})
    monkeypatch.setattr(spelling, "_respell", None)
    spelling.remember(decided)
    assert [respell(word) for word in ("kollgen", "frakt")] == ["kollegen", "frakt"]


def test_the_first_letter_is_believed() -> None:
    assert Speller(["verwaltung"]).respell("ferwaltung") == "ferwaltung"


def test_the_canonical_spelling_is_without_typing_mistakes() -> None:
    assert canonical("Meine Kollgen fürchten Merharbeit, was tun?") == (
        "meine kollegen fürchten mehrarbeit was tun"
    )


def test_the_project_knows_its_own_words_and_none_is_there_twice() -> None:
    words = WORDS.read_text(encoding="utf-8").split()
    assert {"engagement", "kümmerer", "zwischenberichte", "fraktionen"} <= set(words)
    assert len(words) == len(set(words))
    assert all(word.isalpha() and word == word.lower() for word in words)


def test_canonical_words_stay_as_they_are() -> None:
    for word in WORDS.read_text(encoding="utf-8").split()[:2_000]:
        assert spelling.respell(word) == word
