"""However a message is written, the same message is understood."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.german.canonical import essence
from bot.german.text import clean, fold, ungender


@pytest.mark.parametrize(
    "written",
    [
        "Für Bürgerinnen & Vereine – geht das?",
        "für bürgerinnen vereine geht das",
        "FÜR BÜRGERINNEN, VEREINE: GEHT DAS???",
        "Fuer Buergerinnen und Vereine, geht das".replace(" und", ""),
        "Fu\u0308r Bu\u0308rgerinnen Vereine geht das",
        "Für Bürger:innen, Vereine geht das",
        "Für Bürger*innen, Vereine geht das",
        "Für Bürger_innen, Vereine geht das",
        "Für Bürger·innen, Vereine geht das",
        "Für Bürger/innen, Vereine geht das",
        "Für Bürger/-innen, Vereine geht das",
        "Für Bürger(innen), Vereine geht das",
        "Für BürgerInnen, Vereine geht das",
    ],
)
def test_case_umlauts_punctuation_and_gender_signs_make_no_difference(written: str) -> None:
    assert fold(written) == "fuer buergerinnen vereine geht das"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Partner:in", "Partnerin"),
        ("Partner*in", "Partnerin"),
        ("Partner/in", "Partnerin"),
        ("Partner(in)", "Partnerin"),
        ("Partner(innen)?", "Partnerinnen?"),
        ("PartnerIn", "Partnerin"),
        ("Kolleg:innen und Chef*innen", "Kolleginnen und Chefinnen"),
        ("Termin", "Termin"),
        ("Verein/Initiative", "Verein/Initiative"),
        ("innen und außen", "innen und außen"),
        ("Interesse: ja", "Interesse: ja"),
    ],
)
def test_gender_signs_are_written_out_and_other_words_left_alone(written: str, meant: str) -> None:
    assert ungender(written) == meant


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("  Guten \t Tag\r\n", "Guten Tag"),
        ("Gu\u200bten Tag", "Gu ten Tag"),
        ("Guten\x00Tag\x1b[31m", "Guten Tag [31m"),
        ("\u202eGuten Tag\u202c", "Guten Tag"),
        ("\ufeff\u200b\u2060 \x7f", ""),
        ("Fu\u0308r", "Für"),
    ],
)
def test_what_a_person_cannot_see_is_dropped(written: str, seen: str) -> None:
    assert clean(written) == seen


@pytest.mark.parametrize("text", ["", " ", "🙂", "你好", "Здравствуйте", "…", "\x00"])
def test_text_without_latin_letters_folds_to_nothing(text: str) -> None:
    assert fold(text) == ""


@settings(deadline=None, database=None, derandomize=True)
@given(st.text())
def test_folding_and_cleaning_are_done_once_and_for_all(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert fold(fold(text)) == fold(text)
    assert set(fold(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")


@pytest.mark.parametrize(
    ("written", "about"),
    [
        ("Ok, schade. Und wie sagt man Danke?", "Und wie sagt man Danke?"),
        ("hm ok. und wer leitet das dann", "und wer leitet das dann"),
        ("na gut – was empfehlen Sie für die dann?", "was empfehlen Sie für die dann?"),
        ("ok und was heißt das", "und was heißt das"),
        ("danke. was sind die Erfolgsfaktoren", "was sind die Erfolgsfaktoren"),
        ("Danke, das war alles", "Danke, das war alles"),
        ("ok danke", "ok danke"),
        ("Gut gemacht, prima Antwort", "Gut gemacht, prima Antwort"),
        ("Schade, dass niemand mitmacht", "Schade, dass niemand mitmacht"),
    ],
)
def test_that_the_answer_before_was_read_is_no_part_of_a_message(written: str, about: str) -> None:
    assert essence(written) == about
