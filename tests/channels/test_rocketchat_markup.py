"""A reply is written so that Rocket.Chat shows it as meant.

The forms expected here were checked against Rocket.Chat's own parser (docs/decisions/0013).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import (
    Choice,
    Heading,
    Link,
    Numbered,
    Outcome,
    Paragraph,
    Part,
    Points,
    Progress,
    Reply,
    SourceLine,
)
from bot.channels.rocketchat.markup import Rendered, escape, render, split
from bot.dialogue.texts import get_texts

J = "\u2060"
HINT = f"_{get_texts()('rocketchat_auswahl')}_"


def rendered(
    *parts: Part, choices: tuple[str, ...] = (), limit: int = 5000, url: str = ""
) -> Rendered:
    reply = Reply(Outcome("answer"), parts, tuple(Choice(title, "mehr") for title in choices))
    return render(reply, get_texts(), limit=limit, public_url=url)


def text(*parts: Part, url: str = "") -> str:
    return str(rendered(*parts, url=url).posts[0]["text"])


def units(post: str) -> int:
    return len(post.encode("utf-16-le")) // 2


def test_every_kind_of_part_has_its_form() -> None:
    assert text(
        Heading("Klein anfangen"),
        Paragraph("Ein Satz."),
        Points(("eins", "zwei")),
        Points(("drei",), "Beispiele:"),
        Numbered(("vier", "fünf"), 5),
        Progress("Schritt 2 von 5", 2, 5),
        SourceLine("Quelle: Kapitel 5"),
    ) == (
        "*Klein anfangen*\n\nEin Satz.\n\n- eins\n- zwei\n\n*Beispiele:*\n- drei\n\n"
        "5. vier\n6. fünf\n\n_Schritt 2 von 5_\n\n_Quelle: Kapitel 5_"
    )


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Bürger*innen und Helfer*innen", r"Bürger\*innen und Helfer\*innen"),
        ("_leise_ und snake_case", r"\_leise_ und snake_case"),
        ("~weg~ und `code`", r"\~weg\~ und \`code\`"),
        ("@all: #ehrenamt :smile:", f"@{J}all: #{J}ehrenamt :{J}smile:"),
        ("Bürger:innen, Helfer:innen", "Bürger:innen, Helfer:innen"),
        ("[hier](https://boese.de)", f"[hier]{J}(https://boese.de)"),
        ("||geheim||", f"|{J}|geheim|{J}|"),
        ("<https://boese.de|Bank>", f"<{J}https://boese.de|Bank>"),
        ("3. Juni", r"3\. Juni"),
        ("- kein Punkt\n> kein Zitat", f"{J}- kein Punkt\n{J}> kein Zitat"),
        ("# keine Überschrift", f"#{J} keine Überschrift"),
        (
            "https://stadt.de/a_b_#x und kontakt@stadt.de",
            "https://stadt.de/a_b_#x und kontakt@stadt.de",
        ),
        ("Das kostet 3.5 <b>Euro</b> & mehr", "Das kostet 3.5 <b>Euro</b> & mehr"),
    ],
)
def test_text_is_shown_letter_by_letter(raw: str, shown: str) -> None:
    assert escape(raw) == shown


def test_a_heading_with_marks_is_plain_because_bold_knows_no_escapes() -> None:
    assert text(Heading("Bürger*innen gewinnen")) == r"Bürger\*innen gewinnen"
    assert text(Heading("Tipps für @all")) == f"*Tipps für @{J}all*"


def test_a_link_leads_to_the_public_address_and_is_left_out_without_one() -> None:
    link = Link("Plan als Datei", "/plan/abc")
    assert (
        text(link, url="https://lotse.stadt.de/")
        == "[Plan als Datei](https://lotse.stadt.de/plan/abc)"
    )
    assert "/plan" not in text(link)
    assert "Plan als Datei" in text(link)


def test_choices_are_numbered_and_buttons() -> None:
    shown = rendered(Paragraph("Um wen geht es?"), choices=("Politik", "Wirtschaft"))
    assert shown.posts[0]["text"] == f"Um wen geht es?\n\n1. Politik\n2. Wirtschaft\n\n{HINT}"
    assert shown.numbers == {1: "Politik", 2: "Wirtschaft"}
    (attachment,) = shown.posts[0]["attachments"]
    assert [action["msg"] for action in attachment["actions"]] == ["Politik", "Wirtschaft"]


def test_choices_that_a_list_shows_keep_its_numbers_and_others_go_on_from_there() -> None:
    shown = rendered(Numbered(("A", "B", "C"), 5), choices=("A", "B", "Weitere"))
    assert shown.posts[0]["text"] == f"5. A\n6. B\n7. C\n\n8. Weitere\n\n{HINT}"
    assert shown.numbers == {5: "A", 6: "B", 7: "C", 8: "Weitere"}


def test_a_number_that_is_shown_twice_stands_for_nothing() -> None:
    shown = rendered(Numbered(("A", "B")), Numbered(("C",)), choices=("Weiter",))
    assert shown.numbers == {2: "B", 3: "Weiter"}


def test_no_button_starts_with_a_slash() -> None:
    shown = rendered(choices=("/neustart", "// x"))
    actions = shown.posts[0]["attachments"][0]["actions"]
    assert [action["msg"] for action in actions] == ["neustart", "x"]


def test_a_long_reply_is_split_between_blocks_and_its_buttons_come_last() -> None:
    parts = [Paragraph(f"Absatz {n} " + "lang " * 50 + "Ende.") for n in range(9)]
    shown = rendered(*parts, choices=("Weiter",), limit=600)
    assert len(shown.posts) > 3
    assert all(units(post["text"]) <= 600 for post in shown.posts)
    assert all(post["text"].endswith("Ende.") for post in shown.posts[:-1])
    assert ["attachments" in post for post in shown.posts] == [False] * (len(shown.posts) - 1) + [
        True
    ]


def test_a_long_block_is_split_at_sentences_then_words() -> None:
    sentences = "Das ist ein Satz. " * 40
    assert all(post.endswith(".") for post in split([sentences.strip()], 100))
    words = "wort " * 100
    assert all(post.replace("wort", "").strip() == "" for post in split([words.strip()], 50))


@given(st.lists(st.text(max_size=400), max_size=6), st.integers(20, 200))
def test_no_post_is_too_long_or_empty_and_nothing_is_lost(blocks: list[str], limit: int) -> None:
    posts = split(blocks, limit)
    assert posts
    assert all(0 < units(post) <= limit for post in posts)
    letters = "".join("".join(blocks).split())
    assert "".join("".join(posts).split()).replace(J, "") == letters.replace(J, "")


@given(st.text(alphabet="ab1 *_~`#@:|[]()<>-+.\n!/\\ä", max_size=60))
def test_escaping_adds_nothing_that_is_seen_but_backslashes(raw: str) -> None:
    assert escape(raw).replace(J, "").replace("\\", "") == raw.replace("\\", "")
