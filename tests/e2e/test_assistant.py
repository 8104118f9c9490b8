"""The widget with the real assistant behind it, trained and all."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.rasa]


def test_every_topic_offered_at_the_start_is_answered(open_page, assistant):
    chat = open_page(f"{assistant}/").open()
    topics = chat.page.get_by_role("list", name="Fragen zum Einstieg").get_by_role("button")
    assert 4 <= topics.count() <= 6
    unanswered = []
    for number in range(topics.count()):
        topics.nth(number).click()
        chat.replies.nth(number + 1).wait_for()
        if "Das weiß ich leider nicht" in chat.replies.nth(number + 1).inner_text():
            unanswered.append(topics.nth(number).inner_text())
    assert not unanswered


def test_from_an_overview_to_an_answer_its_source_and_on(open_page, assistant, violations):
    chat = open_page(f"{assistant}/").open().ask("Wie gewinne ich die Wirtschaft?")
    title = "Unternehmen kennenlernen und persönlich ansprechen"
    chat.page.get_by_role("button", name=title).click()
    chat.replies.nth(2).wait_for()
    answer = chat.replies.nth(2)
    assert answer.get_by_role("heading").inner_text() == title
    assert "Kapitel 5" in answer.get_by_text("Quelle:").inner_text()
    chat.ask("Woher stammt das?")
    assert title in chat.replies.nth(3).inner_text()
    assert violations(chat.page) == []


def test_deleting_leaves_nothing_in_the_database(open_page, assistant):
    chat = open_page(f"{assistant}/").open().ask("Wie gewinne ich die Politik?")
    chat.menu("Gespräch löschen")
    chat.page.get_by_role("button", name="Ja, löschen").click()
    chat.page.get_by_text("Das Gespräch ist gelöscht.").wait_for()
    chat.ask("Woher stammt das?")  # nothing was shown before, so the answer is about everything
    assert "Mit der Politik im Gespräch bleiben" not in chat.replies.nth(1).inner_text()
