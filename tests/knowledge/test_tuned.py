"""The fine-tuned encoder: made of the package's model and the weights in the project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.knowledge.search import tuned
from bot.knowledge.search.encoder import TUNED, E5Encoder


@pytest.fixture(scope="session")
def base() -> bytes:
    return tuned.base_file().read_bytes()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("encoder")


@pytest.fixture(scope="session")
def encoder(folder: Path) -> E5Encoder:
    return E5Encoder(folder)


def test_the_weights_in_the_project_belong_to_the_installed_model(base: bytes) -> None:
    moved = tuned.move(base, TUNED)
    assert len(moved) == len(base)
    assert moved != base


def test_only_the_layers_move_and_by_whole_steps_within_the_grid(base: bytes) -> None:
    with np.load(TUNED) as steps:
        for name in steps.files:
            if name == "base":
                continue
            assert name.startswith("l"), name
            if steps[name].dtype == np.int8:
                assert np.abs(steps[name]).max() <= 15
            else:
                assert np.isfinite(steps[name]).all()


def test_steps_move_both_halves_of_a_byte_and_nothing_else() -> None:
    packed = np.full((1, 16), 0x5A, np.uint8)
    steps = np.zeros((1, 32), np.int8)
    steps[0, 0], steps[0, 31] = -3, 2
    moved = tuned._stepped(packed, steps)
    assert moved[0, 0] == 0x57
    assert moved[0, 15] == 0x7A
    assert (moved[0, 1:15] == 0x5A).all()


def test_the_model_file_is_made_once_and_replaces_the_one_of_other_weights(tmp_path: Path) -> None:
    old = tmp_path / "encoder-00000000.bin"
    old.write_bytes(b"")
    made = tuned.model_file(TUNED, tmp_path)
    first = made.stat().st_mtime_ns
    assert tuned.model_file(TUNED, tmp_path) == made
    assert made.stat().st_mtime_ns == first
    assert list(tmp_path.iterdir()) == [made]


def test_weights_made_for_another_model_are_refused(base: bytes) -> None:
    with pytest.raises(tuned.WrongBase, match="anderen Fassung"):
        tuned.move(base + b"\0", TUNED)


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(encoder: E5Encoder) -> None:
    texts = ["Wie gewinne ich die Wirtschaft?", "Meine Kollegen fürchten Mehrarbeit, was tun?"]
    together = encoder.encode(texts)
    assert together.shape == (2, encoder.dimension)
    assert np.linalg.norm(together, axis=1) == pytest.approx([1, 1], abs=1e-4)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert (together * alone).sum(axis=1) == pytest.approx([1, 1], abs=1e-3)


def test_hasty_spelling_hardly_moves_a_vector(encoder: E5Encoder) -> None:
    written, hasty, other = encoder.encode(
        [
            "Die Kolleginnen und Kollegen fürchten Mehrarbeit.",
            "die kolleginnen und kolegen fuerchten mehrarbiet",
            "Der Bäcker will wissen, was er davon hat.",
        ]
    )
    assert written @ hasty > written @ other


def test_the_name_tells_which_weights_made_a_vector(encoder: E5Encoder) -> None:
    assert encoder.name == f"e5-small-q4-{tuned.digest(TUNED)}"


@pytest.mark.parametrize("text", ["ﷺ" * 1000, "a/" * 5000, "\0" * 100, "", "½ﬁ" * 500])
def test_no_text_ends_the_process_or_keeps_the_engine_busy(encoder: E5Encoder, text: str) -> None:
    assert encoder._model.token_count(encoder._harmless(text), True) <= 200
    assert np.linalg.norm(encoder.encode([text])[0]) == pytest.approx(1, abs=1e-3)


def test_ordinary_text_goes_to_the_engine_as_it_was_written(encoder: E5Encoder) -> None:
    text = "Bürger:innen für die „Müllsammelaktion“ gewinnen – wie geht das?"
    assert encoder._harmless(text) == text
