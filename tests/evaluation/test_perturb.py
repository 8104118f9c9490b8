from __future__ import annotations

from random import Random

import pytest
from rapidfuzz.distance import OSA

from bot.evaluation import perturb

SENTENCE = "Wie überzeuge ich Bürgerinnen und Bürger vom Ehrenamt, Frau Groß?"


def changed(name: str, text: str, seed: int = 0) -> str:
    return perturb.TRANSFORMATIONS[name](text, Random(seed))


def test_lower_case_makes_all_letters_small() -> None:
    assert changed("lower case", "Ämter und ÖPNV") == "ämter und öpnv"


def test_umlauts_are_written_out() -> None:
    assert changed("umlauts written out", "Über Größe, Öl, Maß") == "Ueber Groesse, Oel, Mass"


def test_punctuation_goes_but_not_inside_words() -> None:
    text = "„Moin“, kurze Frage (eilig): 1.000 Euro per E-Mail – wie geht's, Bürger:innen?!"
    expected = "Moin kurze Frage eilig 1.000 Euro per E-Mail wie geht's Bürger:innen"
    assert changed("no punctuation", text) == expected


@pytest.mark.parametrize(
    ("written", "stem"),
    [
        ("Bürgerinnen und Bürger", "Bürger"),
        ("Bürger und Bürgerinnen", "Bürger"),
        ("Bürgerinnen oder Bürgern", "Bürger"),
        ("Bürger*innen", "Bürger"),
        ("Bürger:innen", "Bürger"),
        ("Bürger_innen", "Bürger"),
        ("Bürger/innen", "Bürger"),
        ("Bürger/-innen", "Bürger"),
        ("Bürger(innen)", "Bürger"),
        ("BürgerInnen", "Bürger"),
        ("Kolleginnen und Kollegen", "Kolleg"),
        ("Kollegen und Kolleginnen", "Kolleg"),
    ],
)
def test_every_form_of_gendering_becomes_the_one_with_a_mark(written: str, stem: str) -> None:
    assert (
        changed("gender colon", f"Was wollen {written} hier?") == f"Was wollen {stem}:innen hier?"
    )
    assert changed("gender star", f"Was wollen {written} hier?") == f"Was wollen {stem}*innen hier?"


@pytest.mark.parametrize(
    ("written", "pair"),
    [
        ("Bürger:innen", "Bürgerinnen und Bürger"),
        ("Helfer(innen)", "Helferinnen und Helfer"),
        ("Expert*innen", "Expertinnen und Experten"),
    ],
)
def test_a_mark_becomes_a_pair_form(written: str, pair: str) -> None:
    assert changed("gender pair", f"Was wollen {written}?") == f"Was wollen {pair}?"


@pytest.mark.parametrize("name", ["gender colon", "gender star", "gender pair"])
def test_words_without_gendering_stay(name: str) -> None:
    text = "Wie erreiche ich Freundinnen der Innenstadt und Vereine?"
    assert changed(name, text) == text


def test_a_greeting_stands_in_front_of_the_unchanged_message() -> None:
    for seed in range(20):
        result = changed("greeting", SENTENCE, seed)
        assert result.endswith(SENTENCE)
        assert result.removesuffix(SENTENCE) in perturb.GREETINGS


def test_polite_filler_is_added_in_front_or_at_the_end() -> None:
    results = {changed("polite filler", "was tun", seed) for seed in range(50)}
    in_front = {f"{filler}was tun" for filler in perturb.FILLERS_BEFORE}
    at_the_end = {f"was tun.{filler}" for filler in perturb.FILLERS_AFTER}
    assert results == in_front | at_the_end


@pytest.mark.parametrize(
    ("familiar", "formal"),
    [
        ("Kannst du mir helfen?", "Können Sie mir helfen?"),
        ("Was hast du zu deinen Tipps?", "Was haben Sie zu Ihren Tipps?"),
        ("Was du mir rätst, hilft", "Was Sie mir raten, hilft"),
        ("Ich danke dir", "Ich danke Ihnen"),
    ],
)
def test_du_and_sie_are_swapped_both_ways(familiar: str, formal: str) -> None:
    assert changed("du/Sie", familiar) == formal
    assert changed("du/Sie", formal) == familiar


def test_sie_for_other_people_stays() -> None:
    for text in ("Was wollen sie von uns?", "Ihre Logik verstehe ich nicht, die der Betriebe"):
        assert changed("du/Sie", text) == text


@pytest.mark.parametrize(("name", "number"), [("one typo", 1), ("two typos", 2)])
def test_typos_are_as_many_as_said(name: str, number: int) -> None:
    for seed in range(200):
        assert OSA.distance(SENTENCE, changed(name, SENTENCE, seed)) == number


def test_typos_leave_short_words_and_first_letters_alone() -> None:
    for seed in range(100):
        before, after = SENTENCE.split(), changed("two typos", SENTENCE, seed).split()
        assert len(before) == len(after)
        for word, typed in zip(before, after):
            assert word[0] == typed[0]
            if len(word) < 4:
                assert word == typed


def test_a_message_of_short_words_gets_no_typo() -> None:
    assert changed("two typos", "was ist da los") == "was ist da los"


def test_two_typos_fit_into_one_word() -> None:
    for seed in range(50):
        assert OSA.distance("Ehrenamt", changed("two typos", "Ehrenamt", seed)) <= 2


@pytest.mark.parametrize(
    ("letter", "around"),
    [("g", "fhtzvb"), ("q", "wa"), ("z", "tugh"), ("m", "njk"), ("ß", "")],
)
def test_neighbours_are_the_keys_around_on_a_german_keyboard(letter: str, around: str) -> None:
    assert set(perturb.neighbours(letter)) == set(around)


def test_the_same_seed_changes_a_text_in_the_same_way_whatever_stands_beside_it() -> None:
    alone = perturb.variants([SENTENCE], "two typos")
    beside = perturb.variants(["Was wollen die Vereine?", SENTENCE], "two typos")
    assert alone[0] in beside
    assert perturb.variants([SENTENCE], "two typos", seed=1) != alone


def test_what_a_transformation_does_not_change_is_left_out() -> None:
    assert perturb.variants(["alles klein", "Groß"], "lower case") == [("Groß", "groß")]
