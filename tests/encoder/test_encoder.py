"""The fine-tuned encoder: made of the package's weights and what the project knows about them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bot.encoder import network
from bot.encoder.packed import BLOCK, Packed, package_file
from bot.encoder.pieces import Tokenizer
from bot.knowledge.search.encoder import E5Encoder
from tests.encoder.reference import Reference

QUESTIONS = [
    "wie gewinne ich die wirtschaft",
    "meine kollegen fürchten mehrarbeit was tun",
    "der bäcker will wissen was er davon hat wenn er beim dorffest die brötchen spendet",
]


@pytest.fixture(scope="session")
def packed() -> Packed:
    return Packed(package_file())


@pytest.fixture(scope="session")
def tokenizer(packed: Packed) -> Tokenizer:
    return Tokenizer(packed.pieces(), 200)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> E5Encoder:
    return E5Encoder(tmp_path_factory.mktemp("encoder"))


def test_vectors_are_those_of_the_network_in_full_precision_but_for_rounding(
    encoder: E5Encoder, packed: Packed, tokenizer: Tokenizer
) -> None:
    with np.load(network.TUNED) as moved:
        reference = Reference(packed, moved)
        exact = np.stack([reference(tokenizer(text)) for text in QUESTIONS])
    assert (encoder.encode(QUESTIONS) * exact).sum(axis=1).min() > 0.99
    assert (exact @ exact.T)[0, 1:].max() < 0.97, "else the line above says nothing"


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(encoder: E5Encoder) -> None:
    together = encoder.encode(QUESTIONS)
    assert together.shape == (3, encoder.dimension)
    assert np.linalg.norm(together, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert np.array_equal(together, np.concatenate([encoder.encode([text]) for text in QUESTIONS]))
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_threads_may_encode_at_the_same_time(encoder: E5Encoder) -> None:
    alone = encoder.encode(QUESTIONS)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(encoder.encode, [QUESTIONS] * 16):
            assert np.array_equal(found, alone)


def test_a_typing_mistake_hardly_moves_a_vector(encoder: E5Encoder) -> None:
    written, hasty, other = encoder.encode(
        ["die kollegen fürchten mehrarbeit", "die kolegen fürchten mehrarbiet", QUESTIONS[2]]
    )
    assert written @ hasty > written @ other


@pytest.mark.parametrize("text", ["ﷺ" * 1000, "a/" * 5000, "\0" * 100, "", "½ﬁ" * 500, "\ud800"])
def test_no_text_ends_the_process_or_keeps_the_engine_busy(
    encoder: E5Encoder, tokenizer: Tokenizer, text: str
) -> None:
    assert len(tokenizer(text)) <= 200
    assert np.linalg.norm(encoder.encode([text])[0]) == pytest.approx(1, abs=1e-5)


def test_a_text_is_split_into_the_likeliest_pieces(packed: Packed, tokenizer: Tokenizer) -> None:
    names = packed.pieces().names
    assert [names[piece] for piece in tokenizer("Ehrenamt macht Spaß")] == [
        "<s>", "▁que", "ry", ":", "▁Ehren", "am", "t", "▁macht", "▁Spaß", "</s>",
    ]  # fmt: skip


def test_the_tokenizer_writes_out_ligatures_and_knows_no_emoji_of_tomorrow(
    packed: Packed, tokenizer: Tokenizer
) -> None:
    assert tokenizer("ﬁnden") == tokenizer("finden")
    assert packed.pieces().unknown in tokenizer("\U0001fbff")


def test_rows_of_a_packed_matrix_are_those_of_the_whole(packed: Packed) -> None:
    scales, steps = packed.blocks("l0.q.w")
    whole = (scales * steps).reshape(-1, packed.width)
    assert np.array_equal(packed.rows("l0.q.w", [7, 0, 383]), whole[[7, 0, 383]])


def test_only_the_layers_move_and_by_whole_steps_within_the_grid(packed: Packed) -> None:
    with np.load(network.TUNED) as moved:
        for name in moved.files:
            if name == "base":
                continue
            assert name.startswith("l"), name
            if moved[name].dtype == np.int8:
                _, steps = packed.blocks(name)
                assert moved[name].shape == (len(steps), BLOCK)
                assert np.abs(steps + moved[name]).max() <= 8
            else:
                assert np.isfinite(moved[name]).all()


def test_weights_stay_small_enough_for_every_processor(packed: Packed) -> None:
    """Two products of an input of 8 bits and a weight of 7 fit into 16 bits, as AVX2 adds them."""
    for name, values in network.weights(packed, network.TUNED):
        if values.dtype == np.int8:
            assert 2 * 255 * int(np.abs(values).max()) < 2**15, name


def test_the_weights_are_written_once_and_replace_those_of_other_versions(
    packed: Packed, tmp_path: Path
) -> None:
    (tmp_path / "encoder-00000000.bin").write_bytes(b"")
    (tmp_path / "encoder-11111111").mkdir()
    made = network.weights_folder(packed, network.TUNED, tmp_path)
    file = made / network.WEIGHTS_FILE
    first = file.stat().st_mtime_ns
    assert network.weights_folder(packed, network.TUNED, tmp_path) == made
    assert file.stat().st_mtime_ns == first
    assert list(tmp_path.iterdir()) == [made]


def test_weights_made_for_another_model_are_refused_and_leave_nothing_behind(
    packed: Packed, tmp_path: Path
) -> None:
    with np.load(network.TUNED) as moved:
        other = {**moved, "base": np.array("0" * 64)}
    np.savez(tmp_path / "other.npz", **other)
    with pytest.raises(network.WrongBase, match="anderen Fassung"):
        network.weights_folder(packed, tmp_path / "other.npz", tmp_path / "made")
    assert list((tmp_path / "made").iterdir()) == []


def test_the_name_tells_which_weights_made_a_vector(encoder: E5Encoder, tmp_path: Path) -> None:
    assert encoder.name == f"e5-small-{network.digest(network.TUNED)}"
    other = tmp_path / "tuned.npz"
    other.write_bytes(network.TUNED.read_bytes() + b"\0")
    assert network.digest(other) != network.digest(network.TUNED)
