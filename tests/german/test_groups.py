"""Which group a message names, in all the ways in which people name groups."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.german.groups import GroupFinder, from_words, named_groups


@pytest.fixture(scope="module")
def finder(project: Path) -> GroupFinder:
    """A finder with the words of ``data/nlu``."""
    file = project / "data" / "nlu" / "akteursgruppe.yml"
    words = {
        item["synonym"]: [line.removeprefix("- ") for line in item["examples"].splitlines()]
        for item in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
    }
    return from_words(words)


def groups(finder: GroupFinder, text: str) -> tuple[list[str], list[str]]:
    return named_groups(finder.find(text))


@pytest.mark.parametrize(
    ("text", "group"),
    [
        # as listed
        ("Wie gewinne ich die Wirtschaft?", "wirtschaft"),
        ("Was will der Rat?", "politik"),
        ("Die eigene Verwaltung zieht nicht mit", "verwaltung"),
        ("Ein Verein fragt", "zivilgesellschaft"),
        # inflected
        ("Was haben die Betriebe davon?", "wirtschaft"),
        ("mit den Vereinen reden", "zivilgesellschaft"),
        ("Was bringt das den Unternehmen", "wirtschaft"),
        ("Zustimmung des Rates", "politik"),
        ("mit den Fraktionen", "politik"),
        ("Bürgerinnen und Bürgern", "zivilgesellschaft"),
        # feminine, neutral, with gender signs
        ("die Politikerinnen", "politik"),
        ("Politiker:innen", "politik"),
        ("Unternehmer*innen", "wirtschaft"),
        ("HandwerkerInnen", "wirtschaft"),
        ("Bürger/innen", "zivilgesellschaft"),
        ("Nachbar(innen)", "zivilgesellschaft"),
        # lower case, written-out umlauts
        ("was wollen die buerger", "zivilgesellschaft"),
        ("einzelhaendler und haendler", "wirtschaft"),
        # compounds, also with a hyphen
        ("Handwerksbetriebe ansprechen", "wirtschaft"),
        ("unser Fußballverein", "zivilgesellschaft"),
        ("CDU-Fraktion", "politik"),
        # misspelt
        ("Wie kommen wir an die Wirtshaft?", "wirtschaft"),
        ("die verwalltung blockt", "verwaltung"),
        ("zivilgeselschaft", "zivilgesellschaft"),
        # phrases
        ("Was wollen die Leute im Dorf?", "zivilgesellschaft"),
        ("Was gilt mit allen?", "grundlagen"),
    ],
)
def test_a_group_is_found_however_it_is_written(finder: GroupFinder, text: str, group: str) -> None:
    assert groups(finder, text) == ([group], [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "🙂",
        "Ich brauche Tipps",
        "Ehrenamt ist wichtig",
        "Der Bürgermeister ist krank",
        "Welchen Ratschlag haben Sie?",
        "Eine Vereinbarung treffen",
        "Landwirtschaft und Gastwirtschaft",
        "engagieren",
    ],
)
def test_words_that_only_look_like_a_group_name_none(finder: GroupFinder, text: str) -> None:
    assert groups(finder, text) == ([], [])


@pytest.mark.parametrize(
    ("text", "meant", "excluded"),
    [
        ("nicht die Politik, sondern die Verwaltung", ["verwaltung"], ["politik"]),
        ("Nein, nicht die Betriebe. Die Vereine!", ["zivilgesellschaft"], ["wirtschaft"]),
        ("Politik nicht, sondern Wirtschaft", ["wirtschaft"], ["politik"]),
        ("statt der Vereine die Firmen", ["wirtschaft"], ["zivilgesellschaft"]),
        ("ohne die Politik", [], ["politik"]),
        ("weder Rat noch Fraktion", ["politik"], []),
        ("nicht nur die Politik", ["politik"], []),
        ("Warum machen die Betriebe nicht mit?", ["wirtschaft"], []),
        ("Ich weiß nicht, was der Rat will", ["politik"], []),
    ],
)
def test_a_group_that_is_ruled_out_is_marked(
    finder: GroupFinder, text: str, meant: list[str], excluded: list[str]
) -> None:
    assert groups(finder, text) == (meant, excluded)


def test_several_groups_are_named_in_order_and_once(finder: GroupFinder) -> None:
    text = "Vereine und Betriebe, und noch einmal die Vereine"
    assert groups(finder, text) == (["zivilgesellschaft", "wirtschaft"], [])


def test_in_general_with_a_group_is_about_the_group(finder: GroupFinder) -> None:
    assert groups(finder, "ganz allgemein bei den Vereinen") == (["zivilgesellschaft"], [])


def test_a_mention_says_where_it_stands(finder: GroupFinder) -> None:
    text = "Was wollen die Betriebe?"
    (mention,) = finder.find(text)
    assert text[mention.start : mention.end] == mention.word == "Betriebe"


def test_every_listed_word_names_its_own_group(project: Path, finder: GroupFinder) -> None:
    file = project / "data" / "nlu" / "akteursgruppe.yml"
    for item in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
        for line in item["examples"].splitlines():
            word = line.removeprefix("- ")
            expected = [] if item["synonym"] == "keine" else [item["synonym"]]
            assert groups(finder, word)[0] == expected, word
