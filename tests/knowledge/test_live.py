"""The knowledge base while the assistant runs."""

import threading
import time
from pathlib import Path

import pytest

from bot.knowledge import KnowledgeError
from bot.knowledge.live import LiveKnowledge
from tests.knowledge.small import own_entry, write, write_core


@pytest.fixture
def core(tmp_path: Path) -> Path:
    return write_core(tmp_path / "wissen")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "lokal"
    folder.mkdir()
    return folder


@pytest.fixture
def live(core: Path, own: Path) -> LiveKnowledge:
    return LiveKnowledge(core, own)


def add_own(own: Path, entry_id: str = "lokal-beirat", **changes: object) -> Path:
    entries = [own_entry(entry_id, **changes)]
    return write(own / f"{entry_id}.yml", {"gruppe": "politik", "eintraege": entries})


def test_without_a_change_everything_stays(live: LiveKnowledge) -> None:
    before = live.current
    assert not live.refresh()
    assert live.current is before


def test_an_added_file_is_taken_up(live: LiveKnowledge, own: Path) -> None:
    add_own(own)
    assert live.refresh()
    assert "lokal-beirat" in live.current.knowledge
    assert live.current.index.rank("Was ist mit beirat?")[0][0] == "lokal-beirat"


def test_a_changed_core_file_is_taken_up(live: LiveKnowledge, core: Path) -> None:
    file = core / "politik.yml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("Kurz gesagt: ausschuss", "Kurz: Ausschuss"),
        encoding="utf-8",
    )
    assert live.refresh()
    assert live.current.knowledge["politik-ausschuss"].kurz == "Kurz: Ausschuss."


def test_a_file_with_more_questions_is_taken_up(live: LiveKnowledge, core: Path) -> None:
    write(core / "fragen" / "neu.yml", {"politik-fraktion": ["Dürfen Hunde mit hinein?"]})
    assert live.refresh()
    assert live.current.index.rank_new("Dürfen Hunde mit hinein?")[0][0] == "politik-fraktion"


def test_a_removed_file_takes_its_entries_along(live: LiveKnowledge, own: Path) -> None:
    file = add_own(own)
    live.refresh()
    file.unlink()
    assert live.refresh()
    assert "lokal-beirat" not in live.current.knowledge


def test_whoever_holds_the_old_state_keeps_it(live: LiveKnowledge, own: Path) -> None:
    held = live.current
    add_own(own)
    live.refresh()
    assert "lokal-beirat" not in held.knowledge
    assert "lokal-beirat" in live.current.knowledge


def test_an_invalid_file_is_refused_and_the_last_good_state_stays(
    live: LiveKnowledge, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_own(own)
    live.refresh()
    good, loaded_at = live.current, live.status.loaded_at
    add_own(own, titel="")
    assert not live.refresh()
    assert live.current is good
    status = live.status.to_json()
    assert status["status"] == "invalid"
    assert status["loaded_at"] == loaded_at.isoformat(timespec="seconds")
    [error] = status["errors"]
    assert error.startswith("lokal-beirat.yml:5 [lokal-beirat]: „eintraege.titel“ ist leer")
    assert "„eintraege.titel“ ist leer" in caplog.text


def test_an_invalid_file_is_reported_once(
    live: LiveKnowledge, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_own(own, titel="")
    live.refresh()
    caplog.clear()
    assert not live.refresh()
    assert not caplog.text


def test_mending_a_file_recovers(live: LiveKnowledge, own: Path) -> None:
    add_own(own, titel="")
    live.refresh()
    add_own(own)
    assert live.refresh()
    assert live.status.to_json()["status"] == "ok"
    assert live.status.to_json()["errors"] == []
    assert "lokal-beirat" in live.current.knowledge


def test_a_missing_own_folder_is_fine_until_it_has_been_there(core: Path, tmp_path: Path) -> None:
    own = tmp_path / "spaeter"
    live = LiveKnowledge(core, own)
    assert live.status.to_json()["status"] == "ok"
    file = add_own(own)
    live.refresh()
    file.unlink()
    own.rmdir()
    assert not live.refresh()
    assert "der Ordner fehlt" in live.status.to_json()["errors"][0]
    assert "lokal-beirat" in live.current.knowledge


def test_it_starts_with_the_core_when_an_own_file_is_invalid(core: Path, own: Path) -> None:
    add_own(own, titel="")
    live = LiveKnowledge(core, own)
    assert len(live.current.knowledge) == 2
    assert live.status.to_json()["status"] == "invalid"
    add_own(own)
    assert live.refresh()


def test_it_does_not_start_without_a_valid_core(core: Path, own: Path) -> None:
    (core / "politik.yml").write_text("gruppe: politik\n", encoding="utf-8")
    with pytest.raises(KnowledgeError):
        LiveKnowledge(core, own)


def test_what_the_model_was_trained_on_is_not_new(live: LiveKnowledge) -> None:
    assert live.current.index.rank_new("Was ist mit fraktion?") == []


def test_a_question_near_an_own_entry_is_far_likelier_than_not(
    live: LiveKnowledge, own: Path
) -> None:
    add_own(own)
    live.refresh()
    [(entry_id, chance)] = live.current.index.rank_new("Wer weiß etwas zu Beirat")
    assert entry_id == "lokal-beirat"
    assert chance > 0.5
    assert live.current.index.rank_new("Wie wird das Wetter morgen?")[0][1] < 0.1


def test_the_background_thread_takes_up_changes_by_itself(live: LiveKnowledge, own: Path) -> None:
    live.start(interval=0.01)
    try:
        add_own(own)
        deadline = time.monotonic() + 10
        while "lokal-beirat" not in live.current.knowledge:
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
    finally:
        live.stop()
    assert not any(thread.name == "wissensbasis" for thread in threading.enumerate())


def test_the_background_thread_survives_whatever_goes_wrong(
    live: LiveKnowledge, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def fail() -> bool:
        monkeypatch.undo()
        failed.set()
        raise OSError("weg")

    monkeypatch.setattr(live, "refresh", fail)
    live.start(interval=0.01)
    try:
        assert failed.wait(10)
        add_own(own)
        deadline = time.monotonic() + 10
        while "lokal-beirat" not in live.current.knowledge:
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
    finally:
        live.stop()
